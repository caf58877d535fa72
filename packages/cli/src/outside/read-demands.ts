import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { UpstreamDemands } from '@gapferry/collector';
import {
  canonicalJson,
  GapferryError,
  isGapferryError,
  type UpstreamDemand,
  type UpstreamVerification,
} from '@gapferry/core';
import { reasonOf } from '../environment.ts';
import type { BundleFiles } from './read-bundle.ts';
import { readGitDemands } from './read-git-demands.ts';
import { type UnusableFile, unusableFiles } from './unusable-files.ts';

/** Reads the keys, trusted roots and files of signers that `upstream` and the wishes' `verify` name, relative to bundle.yaml. Throws `CONFIG_INVALID` with all that cannot be read or used, each with its line. */
export async function readDemands({
  config,
  file,
}: Pick<BundleFiles, 'config' | 'file'>): Promise<UpstreamDemands | undefined> {
  const stated = new Map<string, UpstreamVerification>();
  for (const wish of config.wishes)
    if (wish.kind !== 'git' && 'verify' in wish)
      for (const one of wish.verify ?? []) stated.set(canonicalJson(one), one);
  // What content names may match them as well.
  for (const entry of config.upstream ?? [])
    if ('cosign' in entry) stated.set(canonicalJson(entry.cosign), entry.cosign);
  const { git, problems: unusable } = await readGitDemands({ config, file });
  if (stated.size === 0 && git === undefined) return undefined;
  const { requireUsableDemand, upstreamVerifier } = await import('@gapferry/signing');
  const demands = new Map<string, UpstreamDemand>();
  const problems: UnusableFile[] = [...unusable];
  for (const [key, verification] of stated) {
    const path = pathOf(verification);
    try {
      const demand = toDemand(verification, await readNear(file, path));
      requireUsableDemand(demand);
      demands.set(key, demand);
    } catch (error) {
      problems.push({ path, why: isGapferryError(error, 'KEY_UNUSABLE') ? error.message : reasonOf(error) });
    }
  }
  if (problems.length > 0) throw await unusableFiles(file, problems, 'keys, trusted roots and signers');
  return {
    verifier: upstreamVerifier(),
    ...(git && { git }),
    demandOf: (verification) => {
      const demand = demands.get(canonicalJson(verification));
      if (demand !== undefined) return demand;
      throw new GapferryError({ code: 'INTERNAL', message: 'a demand on upstream was not read' });
    },
  };
}

function pathOf(verification: UpstreamVerification): string {
  return 'key' in verification ? verification.key : verification.trustedRoot;
}

function readNear(file: string, path: string): Promise<Uint8Array> {
  return readFile(resolve(dirname(file), path));
}

function toDemand(verification: UpstreamVerification, content: Uint8Array): UpstreamDemand {
  if ('key' in verification)
    return { by: 'cosign-key', name: verification.key, pem: Buffer.from(content).toString() };
  const { identity, issuer } = verification;
  return { by: 'cosign-identity', identity, issuer, trustedRoot: content };
}
