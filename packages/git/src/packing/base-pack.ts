import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitPin, Run } from '@gapferry/core';
import { createBare } from '../bare-repository.ts';
import { STRICT } from '../fsck-severity.ts';
import { type GitMirror, packsOf } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { countObjectsIn, hashPack, type PackFile, writePack } from './pack-file.ts';
import { rememberTwin } from './pack-record.ts';
import { refuseHistory } from './refuse-history.ts';

/** `made`: it is no pack of the mirror, and has an index of its own; `checksum` is git's. */
export type BasePack = PackFile & { readonly made?: { readonly index: string; readonly checksum: string } };

/** One pack with every object the pin's refs reach and no other, proved. `directory` is new and the caller's to remove.
 *  A mirror that has nothing but one such pack gives that one: it was checked when it was fetched. */
export async function basePack(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  directory: string,
  run: Run,
): Promise<BasePack> {
  const revisions = revisionsOf(pin);
  const [only, ...more] = (await packsOf(mirror)) ?? [];
  if (only !== undefined && more.length === 0) {
    const hashing = hashPack(only, pin.objectFormat);
    const [isExact, pack] = await Promise.all([isWhole(git, mirror, only, pin, run), hashing]);
    if (isExact) {
      run.emit({ kind: 'bytes', item: pin.id, bytes: pack.size });
      await rememberTwin(mirror, pack, only);
      return pack;
    }
  }
  const path = join(directory, 'base.pack');
  const pack = await writePack(git, mirror, { item: pin.id, revisions, path }, run);
  const index = join(directory, 'base.idx');
  const checking = { pack, index, pin, directory: join(directory, 'check.git') };
  return { ...pack, made: { index, checksum: await checkBasePack(git, mirror, checking, run) } };
}

export function revisionsOf({ refs }: GitPin): string {
  return refs.map(({ oid }) => `${oid}\n`).join('');
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
 *  be in the pack as well. Returns git's checksum of the pack. Throws `CONTENT_INVALID`. `directory` is created and removed. */
async function checkBasePack(
  git: Git,
  mirror: GitMirror,
  { pack, index, pin, directory }: { pack: PackFile; index: string; pin: GitPin; directory: string },
  run: Run,
): Promise<string> {
  try {
    await createBare(git, directory, pin.objectFormat, [], run);
    if (pin.depth !== undefined)
      await copyFile(join(mirror.directory, 'shallow'), join(directory, 'shallow'));
    const args = ['index-pack', STRICT, '-o', index, pack.path];
    const { text } = await refuseHistory(pin, () =>
      git.run({ repository: directory, doing: `check the objects of ${pin.id}`, args }, run),
    );
    return text.trim();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
