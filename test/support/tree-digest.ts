import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** One digest over everything below a directory: names, types, modes, times of change and content. `none` where there is no directory. */
export async function treeDigest(directory: string): Promise<string> {
  const names = await readdir(directory, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (names === undefined) return 'none';
  const hash = createHash('sha256');
  for (const name of ['', ...names.sort()])
    hash.update(`${name}\n${await describe(join(directory, name))}\n`);
  return hash.digest('hex');
}

async function describe(path: string): Promise<string> {
  const facts = await lstat(path, { bigint: true });
  const common = `${facts.mode} ${facts.mtimeNs}`;
  if (facts.isSymbolicLink()) return `${common} -> ${await readlink(path)}`;
  if (!facts.isFile()) return common;
  return `${common} ${createHash('sha256')
    .update(await readFile(path))
    .digest('hex')}`;
}
