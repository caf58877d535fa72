import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { type Bytes, GapferryError, type Run, type SizedDigest, sha256 } from '@gapferry/core';
import type { GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';

/** A pack in a file of ours. */
export interface PackFile extends SizedDigest {
  readonly path: string;
}

export interface PackWriting {
  /** Identity of the item. */
  readonly item: string;
  /** Arguments of `git pack-objects` besides those that every pack is written with. */
  readonly args?: readonly string[];
  /** A revision a line: `<oid>`, `^<oid>`. */
  readonly revisions: string;
  /** Must not exist. */
  readonly path: string;
}

/** Writes what the revisions select into one pack and hashes it on the way. The same mirror gives nearly always the same bytes; nothing depends on it. */
export async function writePack(
  git: Git,
  mirror: GitMirror,
  { item, args = [], revisions, path }: PackWriting,
  run: Run,
): Promise<PackFile> {
  const command = {
    repository: mirror.directory,
    doing: `pack ${item}`,
    args: ['pack-objects', '--revs', ...args, '--stdout', '--delta-base-offset', '--progress'],
    input: revisions,
  };
  const hash = sha256();
  let size = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of git.stream(command, run)) {
      hash.update(chunk);
      size += chunk.byteLength;
      await file.write(chunk);
      run.emit({ kind: 'bytes', item, bytes: chunk.byteLength });
    }
  } finally {
    await file.close();
  }
  return { path, digest: hash.digest(), size };
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

/** How many objects a pack says it has (gitformat-pack: 4 bytes signature, 4 version, 4 count). */
export async function countObjectsIn(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    return (await readAt(file, 0, 12)).readUInt32BE(8);
  } finally {
    await file.close();
  }
}

/** Bytes of an object id, and of the checksum at the end of a pack. */
export const HASH_BYTES = { sha1: 20, sha256: 32 } as const;

/** The sha256 of a pack whose own checksum still fits. Throws `GIT_FAILED`, as git does for a pack that was damaged where it lay. */
export async function hashPack(path: string, objectFormat: 'sha1' | 'sha256'): Promise<PackFile> {
  const whole = sha256();
  let size = 0;
  for await (const chunk of readSoundPack(path, objectFormat)) {
    whole.update(chunk);
    size += chunk.byteLength;
  }
  return { path, digest: whole.digest(), size };
}

/** All bytes of a pack; at the end throws `GIT_FAILED` unless its own checksum fits them. */
export async function* readSoundPack(path: string, objectFormat: 'sha1' | 'sha256'): Bytes {
  const trailer = HASH_BYTES[objectFormat];
  const own = createHash(objectFormat);
  let size = 0;
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of readFileFrom(path, 0)) {
    size += chunk.byteLength;
    if (held.byteLength + chunk.byteLength <= trailer) held = Buffer.concat([held, chunk]);
    else {
      // What was held may be the trailer only if nothing came after it.
      const keep = Math.max(0, chunk.byteLength - trailer);
      const given = held.byteLength + chunk.byteLength - trailer;
      own.update(held.subarray(0, given));
      own.update(chunk.subarray(0, keep));
      held = Buffer.concat([held.subarray(Math.min(given, held.byteLength)), chunk.subarray(keep)]);
    }
    yield chunk;
  }
  if (size > trailer && own.digest().equals(held)) return;
  throw new GapferryError({ code: 'GIT_FAILED', message: `the pack ${path} is damaged` });
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return bytesRead === length ? buffer : Buffer.alloc(length);
}
