import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bytes, hexOf, type LfsObject } from '@gapferry/core';

/** Where git-lfs keeps the files of a repository on this machine: `lfs/objects/ab/cd/<id>` in the bare repository, or below `.git` of one with a working tree. Undefined where the object is not there.
 *  `url` is a file URL. */
export async function localObject(
  url: string,
  object: LfsObject,
): Promise<((from: number) => Bytes) | undefined> {
  const hex = hexOf(object.oid);
  const inside = join('lfs', 'objects', hex.slice(0, 2), hex.slice(2, 4), hex);
  const root = fileURLToPath(url);
  for (const path of [join(root, inside), join(root, '.git', inside)]) {
    const facts = await lstat(path).catch(() => undefined);
    if (facts?.isFile()) return (from) => createReadStream(path, { start: from }) as AsyncIterable<Buffer>;
  }
  return undefined;
}
