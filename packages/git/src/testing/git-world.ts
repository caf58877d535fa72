import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { type GitPack, quietRun } from '@gapferry/core';
import {
  type CommitInput,
  createRepository,
  type MemoryBlobStore,
  memoryBlobStore,
  mustRun,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import type { RefUpdate, RepositoryWriter } from '../repository-writer.ts';

/** A repository far away, a place for what is carried, and a directory of our own. */
export interface GitWorld {
  readonly directory: TemporaryDirectory;
  readonly upstream: TestGitRepository;
  readonly store: MemoryBlobStore;
  /** A pack that git itself makes of upstream. `input`: what `git pack-objects` reads with these options. */
  packed(input: string, ...options: string[]): Promise<Buffer>;
  stored(pack: Uint8Array, prerequisites?: readonly string[]): Promise<GitPack>;
  /** What lies in `work`, where quarantines are made. */
  left(): Promise<string[]>;
}

/** The caller removes `directory`. */
export async function gitWorld(
  commits: readonly CommitInput[],
  options: Parameters<typeof createRepository>[2] = {},
): Promise<GitWorld> {
  const directory = await temporaryDirectory();
  const upstream = await createRepository(directory.join('upstream'), commits, options);
  const store = memoryBlobStore();
  return {
    directory,
    upstream,
    store,
    packed: (input, ...options) => packedBy(upstream.path, directory.join('made.pack'), input, options),
    stored: async (pack, prerequisites = []) => {
      const { digest, size } = await store.add('application/x-git-pack', pack, quietRun());
      return { digest, size, prerequisites };
    },
    left: () => readdir(directory.join('work')).catch(() => []),
  };
}

async function packedBy(
  repository: string,
  path: string,
  input: string,
  options: readonly string[],
): Promise<Buffer> {
  const script = 'git pack-objects -q "$@" --stdout > "$0"';
  await mustRun('sh', ['-c', script, path, ...options], { cwd: repository, input });
  return await readFile(path);
}

/** As an import brings a proved quarantine to where it is served. */
export async function placeQuarantine(
  writer: RepositoryWriter,
  quarantine: string,
  target: string,
  state: RefUpdate,
): Promise<void> {
  const run = quietRun();
  await writer.create(target, 'sha1', run);
  await writer.placeObjects(quarantine, target, run);
  await writer.readBack(target, state, 'line-a', run);
  await writer.updateRefs(target, state, run);
}

/** As somebody who tampers would do it: the pack's own checksum fits again. */
export function resealed(pack: Uint8Array): Buffer {
  const body = pack.subarray(0, -20);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

export function withByte(pack: Uint8Array, at: number, value: (old: number) => number): Buffer {
  const copy = Buffer.from(pack);
  copy[at] = value(copy[at] ?? 0);
  return copy;
}
