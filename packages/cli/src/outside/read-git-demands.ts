import { dirname, resolve } from 'node:path';
import type { GitDemands } from '@gapferry/collector';
import {
  GapferryError,
  type GitSigners,
  type GitVerification,
  isGapferryError,
  type KeyFile,
} from '@gapferry/core';
import { readNamedBytes, reasonOf } from '../environment.ts';
import { openGitVerifier } from '../open-git-verifier.ts';
import type { BundleFiles } from './read-bundle.ts';
import type { UnusableFile } from './unusable-files.ts';

/** Reads the files of signers that `verify` of repositories and `upstream` name, relative to bundle.yaml, each once, and what cannot be read or used. */
export async function readGitDemands({
  config,
  file,
}: Pick<BundleFiles, 'config' | 'file'>): Promise<{ git?: GitDemands; problems: readonly UnusableFile[] }> {
  const stated = [
    ...config.wishes.flatMap((wish) => (wish.kind === 'git' ? (wish.verify ?? []) : [])),
    // What content points to may match them as well.
    ...(config.upstream ?? []).flatMap((entry) => ('git' in entry ? [entry.git] : [])),
  ];
  if (stated.length === 0) return { problems: [] };
  const { requireUsableSigners } = await import('@gapferry/signing');
  const files = new Map<string, KeyFile>();
  const problems: UnusableFile[] = [];
  const read = async (path: string | undefined, as: keyof GitSigners): Promise<void> => {
    if (path === undefined || files.has(path)) return;
    try {
      const content = await readNamedBytes(resolve(dirname(file), path), 'the signers');
      const one = { name: path, content };
      await requireUsableSigners({ [as]: one });
      files.set(path, one);
    } catch (error) {
      problems.push({ path, why: whyOf(error) });
    }
  };
  for (const { allowedSigners, keyring } of stated) {
    await read(allowedSigners, 'allowedSigners');
    await read(keyring, 'keyring');
  }
  return { git: { verifier: openGitVerifier(), signersOf: (one) => signersOf(one, files) }, problems };
}

function whyOf(error: unknown): string {
  if (!isGapferryError(error)) return String(error);
  return error.code === 'KEY_UNUSABLE' ? error.message : reasonOf(error.cause);
}

function signersOf(
  { allowedSigners, keyring }: GitVerification,
  files: ReadonlyMap<string, KeyFile>,
): GitSigners {
  return {
    ...(allowedSigners !== undefined && { allowedSigners: fileOf(allowedSigners, files) }),
    ...(keyring !== undefined && { keyring: fileOf(keyring, files) }),
  };
}

function fileOf(path: string, files: ReadonlyMap<string, KeyFile>): KeyFile {
  const file = files.get(path);
  if (file !== undefined) return file;
  throw new GapferryError({ code: 'INTERNAL', message: 'a file of signers was not read' });
}
