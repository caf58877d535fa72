import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Bytes,
  type Digest,
  hexOf,
  type LfsObject,
  type SizedDigest,
  verifiedBytes,
} from '@gapferry/core';

/** The object in the store that git-lfs keeps for a repository on this machine: `lfs/objects/ab/cd/<id>` in a bare repository, or below `.git` of one with a working tree. Undefined where it is not there.
 *  `url` is a file URL. */
export async function localObject(
  url: string,
  { oid }: LfsObject,
): Promise<((from: number) => Bytes) | undefined> {
  for (const path of [placeOf(fileURLToPath(url), oid), placeOf(join(fileURLToPath(url), '.git'), oid)])
    if ((await sizeOf(path)) !== undefined)
      return (from) => createReadStream(path, { start: from }) as AsyncIterable<Buffer>;
  return undefined;
}

/** Is the object in the store of a bare repository? */
export async function holdsLocally(url: string, { digest, size }: SizedDigest): Promise<boolean> {
  return (await sizeOf(placeOf(fileURLToPath(url), digest))) === size;
}

/** Writes an object into the store of a bare repository: verified, synced, and in one rename. Throws `DIGEST_MISMATCH`, `SIZE_MISMATCH`. */
export async function keepLocally(url: string, blob: SizedDigest, bytes: Bytes): Promise<void> {
  const path = placeOf(fileURLToPath(url), blob.digest);
  const unfinished = join(fileURLToPath(url), 'lfs', 'tmp', randomUUID());
  await mkdir(dirname(unfinished), { recursive: true });
  await mkdir(dirname(path), { recursive: true });
  try {
    const file = await open(unfinished, 'wx');
    try {
      for await (const chunk of verifiedBytes(blob, bytes)) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
}

function placeOf(repository: string, oid: Digest): string {
  const hex = hexOf(oid);
  return join(repository, 'lfs', 'objects', hex.slice(0, 2), hex.slice(2, 4), hex);
}

/** Undefined for what is no regular file. */
async function sizeOf(path: string): Promise<number | undefined> {
  const facts = await lstat(path).catch(() => undefined);
  return facts?.isFile() ? facts.size : undefined;
}
