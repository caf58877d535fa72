import { dirname, resolve } from 'node:path';
import { parseTrustPolicy, type TrustPolicy } from '@gapferry/bundle';
import { GapferryError, isGapferryError } from '@gapferry/core';
import { readNamedBytes, readNamedFile } from '../environment.ts';

/** Reads trust.yaml and the public keys, trusted roots and files of signers it names. Throws `CONFIG_INVALID`, `USAGE`. */
export async function loadTrust(file: string): Promise<TrustPolicy> {
  const draft = parseTrustPolicy(await readNamedFile(file, 'the trust policy'), file);
  const files = new Map<string, Uint8Array>();
  for (const path of draft.keyFiles)
    files.set(path, await readNamedBytes(resolve(dirname(file), path), `a key or trusted root of ${file}:`));
  const policy = draft.complete(files);
  await requireUsable(policy, file);
  return policy;
}

/** Before anything is hashed: a trusted root with a broken certificate would else be noticed last. */
async function requireUsable({ upstream }: TrustPolicy, file: string): Promise<void> {
  if (upstream.length === 0) return;
  const { requireUsableDemand, requireUsableSigners } = await import('@gapferry/signing');
  for (const rule of upstream) {
    try {
      if ('demand' in rule) requireUsableDemand(rule.demand);
      else await requireUsableSigners(rule.signers);
    } catch (error) {
      if (!isGapferryError(error)) throw error;
      throw new GapferryError({
        code: 'CONFIG_INVALID',
        message: `${file}: upstream "${rule.match}": ${error.message}`,
        ...(error.hint !== undefined && { hint: error.hint }),
        origin: 'site',
        cause: error,
      });
    }
  }
}
