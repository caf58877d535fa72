import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GapferryError, type GitCarriage, type GitPin, type GitRef, type Run } from '@gapferry/core';
import { borrowObjects, createBare, returnObjects } from '../bare-repository.ts';
import { STRICT } from '../fsck-severity.ts';
import { type GitMirror, heldIds } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { type EarlyWalks, findNewObjects, MOST_PREREQUISITES, revisionsAfter } from './new-objects.ts';
import { countObjectsIn, type PackFile, readFileFrom, writePack } from './pack-file.ts';
import { rememberTwin } from './pack-record.ts';
import { receivedIncrement } from './received-pack.ts';
import { refuseHistory } from './refuse-history.ts';
import { streamLines } from './stream-lines.ts';

/** A proved pack with everything that the pin's refs reach and the earlier refs do not, as deltas against what those reach where that is smaller. */
export type Increment =
  | { readonly kind: 'pack'; readonly pack: PackFile; readonly prerequisites: readonly string[] }
  /** The earlier refs reach everything: a branch was deleted or set back. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'impossible'; readonly why: string };

export interface Incrementing {
  readonly pin: GitPin;
  readonly earlier: GitCarriage;
  /** New, and the caller's to remove. */
  readonly directory: string;
  readonly early: EarlyWalks;
}

/** Throws `CONTENT_INVALID` for objects that are refused, `GIT_FAILED` for a mirror that lacks some. */
export async function increment(
  git: Git,
  mirror: GitMirror,
  { pin, earlier, directory, early }: Incrementing,
  run: Run,
): Promise<Increment> {
  const held = await heldOf(git, mirror, pin, earlier.refs, run);
  if (held.length === 0)
    return { kind: 'impossible', why: 'upstream has none of the commits that the release before carried' };
  const revisions = revisionsAfter(pin, held);
  const news =
    (await early.walkOf(mirror, revisions)) ?? (await findNewObjects(git, mirror, pin, revisions, run));
  if (news.boundary === undefined)
    return { kind: 'impossible', why: `it would build on more than ${MOST_PREREQUISITES} commits` };
  const prerequisites = news.boundary;
  const received = { pin, wanted: news.oids, earlier: earlier.packs, path: join(directory, 'received.pack') };
  const whole = await receivedIncrement(mirror, received);
  if (whole !== undefined) {
    run.emit({ kind: 'bytes', item: pin.id, bytes: whole.size });
    await rememberTwin(mirror, whole, whole.twin);
    return { kind: 'pack', pack: whole, prerequisites };
  }
  const path = join(directory, 'increment.pack');
  const pack = await writePack(git, mirror, { item: pin.id, args: ['--thin'], revisions, path }, run);
  if ((await countObjectsIn(path)) === 0) return { kind: 'nothing' };
  await checkIncrement(git, mirror, { pin, pack, revisions, directory: join(directory, 'check.git') }, run);
  return { kind: 'pack', pack, prerequisites };
}

/** Which ids of the release before the mirror has: with a mirror that was made again, what upstream forgot is not among them. The packs before have them all, so any of them may be built on. */
async function heldOf(
  git: Git,
  mirror: GitMirror,
  { id }: GitPin,
  earlier: readonly GitRef[],
  run: Run,
): Promise<readonly string[]> {
  const ids = [...new Set(earlier.map(({ oid }) => oid))];
  const fetched = await heldIds(mirror);
  if (ids.every((oid) => fetched.has(oid))) return ids;
  const { text } = await git.run(
    {
      repository: mirror.directory,
      doing: `look for the earlier commits of ${id}`,
      args: ['cat-file', '--batch-check=%(objectname)'],
      input: ids.map((oid) => `${oid}\n`).join(''),
    },
    run,
    134_217_728,
  );
  const lines = new Set(text.split('\n'));
  return ids.filter((oid) => lines.has(oid));
}

interface Checking {
  readonly pin: GitPin;
  readonly pack: PackFile;
  readonly revisions: string;
  readonly directory: string;
}

/** As a base pack is checked, and besides that the pack has every object it is there for: the mirror, which lends the others, may have more than the packs before carry. */
async function checkIncrement(git: Git, mirror: GitMirror, checking: Checking, run: Run): Promise<void> {
  const { pin, pack, revisions, directory } = checking;
  try {
    await createBare(git, directory, pin.objectFormat, [], run);
    await borrowObjects(directory, mirror.directory);
    const args = ['index-pack', '--stdin', '--fix-thin', STRICT];
    const doing = `check the objects of ${pin.id}`;
    await refuseHistory(pin, () =>
      git.run({ repository: directory, doing, args, input: readFileFrom(pack.path, 0) }, run),
    );
    await returnObjects(directory);
    await requireObjects(git, mirror, { pin, revisions, directory }, run);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function requireObjects(
  git: Git,
  mirror: GitMirror,
  { pin, revisions, directory }: Omit<Checking, 'pack'>,
  run: Run,
): Promise<void> {
  const doing = `list the new objects of ${pin.id}`;
  const args = ['rev-list', '--objects', '--no-object-names', '--stdin'];
  const wanted = git.stream({ repository: mirror.directory, doing, args, input: revisions }, run);
  const there = git.stream(
    {
      repository: directory,
      doing: `look for the new objects of ${pin.id}`,
      args: ['cat-file', '--batch-check=%(objecttype)', '--buffer'],
      input: wanted,
    },
    run,
  );
  for await (const lines of streamLines(there)) {
    const missing = lines.find((line) => line.endsWith(' missing'));
    if (missing !== undefined)
      throw new GapferryError({
        code: 'GIT_FAILED',
        message: `the increment of ${pin.id} lacks one: ${missing}`,
      });
  }
}
