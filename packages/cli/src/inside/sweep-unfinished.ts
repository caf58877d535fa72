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
  await sweepForgotten(join(stateDirectory, 'releases'));
}

/** As `applyPrune` calls what it is about to remove of the releases that the site keeps. */
const GOING = /^[1-9][0-9]{0,15}-[0-9a-f]{12}\.going$/;

async function sweepForgotten(releases: string): Promise<void> {
  const channels = await readdir(releases, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const channel of channels.filter((entry) => entry.isDirectory())) {
    const path = join(releases, channel.name);
    for (const name of (await readdir(path)).filter((one) => GOING.test(one)))
      await rm(join(path, name), { recursive: true, force: true });
  }
}
