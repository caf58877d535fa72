import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isUnfinished } from '../write-file.ts';

/** Removes what a killed process left under temporary names in a site's state: nobody will ever finish it. Whoever calls holds the site's lock. */
export async function sweepUnfinished(stateDirectory: string): Promise<void> {
  const entries = await readdir(stateDirectory, { withFileTypes: true });
  const directories = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  for (const directory of ['', ...directories]) {
    const path = join(stateDirectory, directory);
    for (const name of (await readdir(path)).filter(isUnfinished))
      await rm(join(path, name), { force: true });
  }
}
