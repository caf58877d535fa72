import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitPin, Run } from '@gapferry/core';
import { createBare } from '../bare-repository.ts';
import { STRICT } from '../fsck-severity.ts';
import { type GitMirror, packsOf } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { type EarlyJudgements, judgePack, revisionsOf } from './judge-pack.ts';
import { type PackFile, writePack } from './pack-file.ts';
import { rememberTwin } from './pack-record.ts';
import { refuseHistory } from './refuse-history.ts';

/** `made`: it is no pack of the mirror, and has an index of its own; `checksum` is git's. */
export type BasePack = PackFile & { readonly made?: { readonly index: string; readonly checksum: string } };

export interface BasePacking {
  readonly pin: GitPin;
  /** New, and the caller's to remove. */
  readonly directory: string;
  readonly early: EarlyJudgements;
}

/** One pack with every object the pin's refs reach and no other, proved.
 *  A mirror that has nothing but one such pack gives that one: it was checked when it was fetched. */
export async function basePack(
  git: Git,
  mirror: GitMirror,
  { pin, directory, early }: BasePacking,
  run: Run,
): Promise<BasePack> {
  const [only, ...more] = (await packsOf(mirror)) ?? [];
  if (only !== undefined && more.length === 0) {
    const judged = (await early.of(pin, only)) ?? (await judgePack({ git, mirror, pin, run }, only));
    if (judged.isExact) {
      run.emit({ kind: 'bytes', item: pin.id, bytes: judged.pack.size });
      await rememberTwin(mirror, judged.pack, only);
      return judged.pack;
    }
  }
  const path = join(directory, 'base.pack');
  const pack = await writePack(git, mirror, { item: pin.id, revisions: revisionsOf(pin), path }, run);
  const index = join(directory, 'base.idx');
  const checking = { pack, index, pin, directory: join(directory, 'check.git') };
  return { ...pack, made: { index, checksum: await checkBasePack(git, mirror, checking, run) } };
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
