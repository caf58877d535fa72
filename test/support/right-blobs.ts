import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Names of the blobs in a depot, after a look that each has the content its name says. Throws for one that is half-made. */
export async function rightBlobs(depot: string): Promise<string[]> {
  const directory = join(depot, 'blobs/sha256');
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) {
    const sha256 = createHash('sha256')
      .update(await readFile(join(directory, name)))
      .digest('hex');
    if (sha256 !== name) throw new Error(`${directory}/${name} has other content: ${sha256}`);
  }
  return names;
}

/** Files of every release directory in a depot: a release is there with all its files or not at all. */
export async function wholeReleases(depot: string, channel: string): Promise<string[]> {
  const directory = join(depot, 'releases', channel);
  const numbers = await readdir(directory).catch(() => []);
  for (const number of numbers.filter((name) => /^\d+$/.test(name))) {
    const files = await readdir(join(directory, number));
    for (const needed of ['manifest.json', 'release.sigstore.json'])
      if (!files.includes(needed)) throw new Error(`${directory}/${number} lacks ${needed}`);
  }
  return numbers;
}
