import { readdir } from 'node:fs/promises';
import { checkRun, GapferryError, type Run, unsafePathReason } from '@gapferry/core';
import { findPlace, type SafePlace } from './safe-place.ts';

export interface ListedPlace extends SafePlace {
  /** Relative to the directory that was listed, with `/`. */
  readonly name: string;
}

/** Ten directories as large as a release may have them. */
const MAX_ENTRIES = 1_000_000;

/** Files and directories right in a directory, sorted by name; links, devices and names that gapferry would not write are left out. */
export async function listDirectory(directory: string): Promise<ListedPlace[]> {
  const names = (await readdir(directory).catch(() => [])).filter(
    (name) => unsafePathReason(name) === undefined,
  );
  const places = await Promise.all(
    names.sort().map(async (name) => ({ name, place: await findPlace(directory, [name]) })),
  );
  return places.flatMap(({ name, place }) => (place === undefined ? [] : [{ name, ...place }]));
}

/** Every file below a directory, depth first, in the order of names. `enter` says which directories are gone into. Throws `LIMIT_EXCEEDED` beyond a million entries. */
export async function walkTree(
  directory: string,
  run: Run,
  enter: (place: ListedPlace) => boolean = () => true,
): Promise<ListedPlace[]> {
  const found: ListedPlace[] = [];
  const walk = async (path: string, prefix: string): Promise<void> => {
    checkRun(run);
    for (const place of await listDirectory(path)) {
      const named = { ...place, name: `${prefix}${place.name}` };
      found.push(named);
      if (found.length > MAX_ENTRIES)
        throw new GapferryError({
          code: 'LIMIT_EXCEEDED',
          message: `there is more in ${directory} than can be listed`,
        });
      if (place.facts.isDirectory() && enter(named)) await walk(place.path, `${named.name}/`);
    }
  };
  await walk(directory, '');
  return found;
}
