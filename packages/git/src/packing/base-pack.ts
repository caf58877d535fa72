import { copyFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitPin, Run } from '@gapferry/core';
import { createBare } from '../bare-repository.ts';
import { STRICT } from '../fsck-severity.ts';
import type { GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { countObjectsIn, hashPack, type PackFile, writePack } from './pack-file.ts';
import { refuseHistory } from './refuse-history.ts';

/** One pack with every object the pin's refs reach and no other, proved. `directory` is new and the caller's to remove.
 *  A mirror that has nothing but one such pack gives that one: it was checked when it was fetched. */
export async function basePack(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  directory: string,
  run: Run,
): Promise<PackFile> {
  const revisions = revisionsOf(pin);
  const only = await onlyPackOf(mirror);
  if (only !== undefined) {
    const hashing = hashPack(only, pin.objectFormat);
    const [isExact, pack] = await Promise.all([isWhole(git, mirror, only, pin, run), hashing]);
    if (isExact) {
      run.emit({ kind: 'bytes', item: pin.id, bytes: pack.size });
      return pack;
    }
  }
  const path = join(directory, 'base.pack');
  const pack = await writePack(git, mirror, { item: pin.id, revisions, path }, run);
  await checkBasePack(git, mirror, { pack, pin, directory: join(directory, 'check.git') }, run);
  return pack;
}

export function revisionsOf({ refs }: GitPin): string {
  return refs.map(({ oid }) => `${oid}\n`).join('');
}

/** The pack of a mirror that was filled by one fetch; undefined when there are several, or loose objects. */
async function onlyPackOf({ directory }: GitMirror): Promise<string | undefined> {
  const objects = join(directory, 'objects');
  const packs = (await readdir(join(objects, 'pack'))).filter((name) => name.endsWith('.pack'));
  const isLoose = (await readdir(objects)).some((name) => /^[0-9a-f]{2}$/.test(name));
  const [only, ...more] = packs;
  return only === undefined || more.length > 0 || isLoose ? undefined : join(objects, 'pack', only);
}

/** Everything that is reached lies in the mirror, so in its only pack; when that has as many objects as are reached, it has no other. A server may send more than it was asked for. */
async function isWhole(
  git: Git,
  { directory }: GitMirror,
  path: string,
  pin: GitPin,
  run: Run,
): Promise<boolean> {
  const { text } = await git.run(
    {
      repository: directory,
      doing: `count the objects of ${pin.id}`,
      args: ['rev-list', '--objects', '--count', '--stdin'],
      input: revisionsOf(pin),
    },
    run,
  );
  return Number(text.trim()) === (await countObjectsIn(path));
}

/** Proves the very bytes that will be sealed: in an empty repository every object of the pack is hashed and checked (`git fsck`'s rules), and whatever one of them names must
 *  be in the pack as well. Throws `CONTENT_INVALID`. `directory` is created and removed. */
async function checkBasePack(
  git: Git,
  mirror: GitMirror,
  { pack, pin, directory }: { pack: PackFile; pin: GitPin; directory: string },
  run: Run,
): Promise<void> {
  try {
    await createBare(git, directory, pin.objectFormat, [], run);
    if (pin.depth !== undefined)
      await copyFile(join(mirror.directory, 'shallow'), join(directory, 'shallow'));
    const args = ['index-pack', STRICT, '-o', join(directory, 'checked.idx'), pack.path];
    await refuseHistory(pin, () =>
      git.run({ repository: directory, doing: `check the objects of ${pin.id}`, args }, run),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
