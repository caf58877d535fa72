import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Bytes,
  GapferryError,
  type GitPin,
  isGapferryError,
  type Run,
  type SizedDigest,
  sha256,
} from '@gapferry/core';
import { createBare } from './bare-repository.ts';
import { STRICT } from './fsck-severity.ts';
import type { GitMirror } from './git-mirror.ts';
import type { Git } from './git-tool.ts';

/** A pack in a temporary file. */
export interface PackFile extends SizedDigest {
  readonly path: string;
}

/** Writes one pack with every object the pin's refs reach, and hashes it on the way. `path` must not exist.
 *  The same mirror gives nearly always the same bytes; nothing depends on it, because a Git item's identity is its ref map. */
export async function writeBasePack(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  path: string,
  run: Run,
): Promise<PackFile> {
  const args = ['pack-objects', '--revs', '--stdout', '--delta-base-offset', '--progress'];
  const input = pin.refs.map(({ oid }) => `${oid}\n`).join('');
  const pack = git.stream({ repository: mirror.directory, doing: `pack ${pin.id}`, args, input }, run);
  const hash = sha256();
  let size = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of pack) {
      hash.update(chunk);
      size += chunk.byteLength;
      await file.write(chunk);
      run.emit({ kind: 'bytes', item: pin.id, bytes: chunk.byteLength });
    }
  } finally {
    await file.close();
  }
  return { path, digest: hash.digest(), size };
}

/** Proves the very bytes that will be sealed: in an empty repository every object of the pack is hashed and checked (`git fsck`'s rules), and whatever one of them names must
 *  be in the pack as well. Throws `CONTENT_INVALID`. `directory` is created and removed. */
export async function checkBasePack(
  git: Git,
  pack: PackFile,
  pin: GitPin,
  directory: string,
  run: Run,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  try {
    await createBare(git, directory, pin.objectFormat, [], run);
    const args = ['index-pack', STRICT, '-o', join(directory, 'checked.idx'), pack.path];
    await git.run({ repository: directory, doing: `check the objects of ${pin.id}`, args }, run);
  } catch (error) {
    if (!isGapferryError(error, 'GIT_FAILED')) throw error;
    throw new GapferryError({
      code: 'CONTENT_INVALID',
      origin: 'source',
      message: `${pin.url} has objects that are refused: ${error.message}`,
      hint: 'the history is damaged or unsafe upstream; leave out the refs that reach it, or have it repaired there',
      cause: error,
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const CHUNK = 1_048_576;

/** Reads a file from an offset; each chunk is valid until the next is asked for. */
export async function* readFileFrom(path: string, from: number): Bytes {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let at = from; ; ) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK, at);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}
