import { GapferryError, isGapferryError, type Run } from '@gapferry/core';
import type { Git } from '../git-tool.ts';
import { type RetryOptions, retryTrips } from '../retry-trips.ts';
import { isTooLarge } from './push-failure.ts';
import { type PushPlace, pushRefs } from './push-refs.ts';
import { commitsBetween, objectsBetween, sizeBetween } from './staged-objects.ts';

export interface SendObjects {
  readonly place: PushPlace;
  /** Named in progress and errors. */
  readonly item: string;
  /** Objects are kept there under `<prefix><object id>`: `refs/gapferry/incoming/1a2b3c4d/`. */
  readonly prefix: string;
  /** Objects of ours that the remote has, with everything that they reach. Grows. */
  readonly have: Set<string>;
  /** What one push sends at most, in bytes; shrinks to what the server turns out to take. */
  readonly limit: { bytes: number };
  readonly retry?: RetryOptions;
}

/** A push that is cut begins again: so much is sent twice at most. */
export const MOST_AT_ONCE = 134_217_728;

/** Sends objects with everything that they reach, in pushes of at most `limit.bytes`. Each push leaves what it brought under a ref, so that nothing that arrived is sent again, by this
 *  run or by a later one: histories are cut between commits, and what is too large for one commit, between its trees and files. Returns about how many bytes were sent. */
export async function sendObjects(
  git: Git,
  sending: SendObjects,
  oids: readonly string[],
  run: Run,
): Promise<number> {
  const lacking = oids.filter((oid) => !sending.have.has(oid));
  if (lacking.length === 0) return 0;
  const { staging } = sending.place;
  const size = await sizeBetween(git, staging, lacking, sending.have, run);
  if (size >= sending.limit.bytes) {
    const parts = await partsOf(git, sending, lacking, run);
    if (parts !== undefined) return await sendParts(git, sending, parts, run);
  }
  try {
    await pushOnce(git, sending, lacking, run);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    sending.limit.bytes = Math.min(sending.limit.bytes, size);
    const parts = await partsOf(git, sending, lacking, run);
    if (parts === undefined) throw error;
    return await sendParts(git, sending, parts, run);
  }
  for (const oid of lacking) sending.have.add(oid);
  run.emit({ kind: 'bytes', item: sending.item, bytes: size });
  return size;
}

async function sendParts(
  git: Git,
  sending: SendObjects,
  parts: readonly (readonly string[])[],
  run: Run,
): Promise<number> {
  let sent = 0;
  for (const part of parts) sent += await sendObjects(git, sending, part, run);
  return sent;
}

/** The same objects under the same names: a push whose answer was lost may be made again, and meets what is still being done about the one before. */
async function pushOnce(
  git: Git,
  { place, item, prefix, retry = {} }: SendObjects,
  oids: readonly string[],
  run: Run,
): Promise<void> {
  const pushes = oids.map((oid) => ({ name: `${prefix}${oid}`, oid }));
  await retryTrips(item, place.url, retry, run, async () => {
    try {
      await pushRefs(git, place, pushes, run);
    } catch (error) {
      if (!isGapferryError(error, 'TARGET_CONFLICT')) throw error;
      const { message, code } = error;
      throw new GapferryError({ code, message, origin: 'target', retryable: true, cause: error });
    }
  });
}

/** Two or more lists of objects to send one after the other; undefined for what cannot be cut. */
async function partsOf(
  git: Git,
  sending: SendObjects,
  oids: readonly string[],
  run: Run,
): Promise<string[][] | undefined> {
  const middle = Math.ceil(oids.length / 2);
  if (oids.length > 1) return [oids.slice(0, middle), oids.slice(middle)];
  const [oid = ''] = oids;
  const below = (await neededBy(git, sending, oid, run)).filter((one) => !sending.have.has(one));
  return below.length === 0 ? undefined : [below, [oid]];
}

/** What can go before an object: half of a commit's history, its new trees and files, a tree's entries, what a tag names. */
async function neededBy(git: Git, sending: SendObjects, oid: string, run: Run): Promise<string[]> {
  const repository = sending.place.staging;
  const ask = async (...args: readonly string[]): Promise<string> =>
    (await git.run({ repository, doing: `look into ${oid}`, args }, run, 67_108_864)).text;
  switch ((await ask('cat-file', '-t', oid)).trim()) {
    case 'commit':
      return await beforeCommit(git, sending, oid, run);
    case 'tree':
      return [...new Set(entriesIn(await ask('ls-tree', '-z', oid)).map((entry) => entry.oid))];
    case 'tag':
      return [/^object ([0-9a-f]+)$/m.exec(await ask('cat-file', 'tag', oid))?.[1] ?? ''];
    default:
      return [];
  }
}

async function beforeCommit(
  git: Git,
  { place, have }: SendObjects,
  oid: string,
  run: Run,
): Promise<string[]> {
  const { staging } = place;
  const commits = await commitsBetween(git, staging, [oid], have, run);
  if (commits.length > 1) return [commits[Math.ceil(commits.length / 2) - 1] ?? ''];
  const fresh = await objectsBetween(git, staging, [oid], have, run);
  const args = ['ls-tree', '-r', '-t', '-z', '--end-of-options', oid];
  const listing = await git.run({ repository: staging, doing: `look into ${oid}`, args }, run, 268_435_456);
  return freshParts(entriesIn(listing.text), fresh);
}

interface TreeEntry {
  readonly oid: string;
  readonly isTree: boolean;
  readonly path: string;
}

/** The largest trees of which everything is new, and new files beside them. git leaves out the files of an older commit only where it compares commits: a tree that has old and new ones
 *  would be sent whole. `entries`: a whole tree, folders before what they hold. */
function freshParts(entries: readonly TreeEntry[], fresh: ReadonlySet<string>): string[] {
  const mixed = new Set<string>();
  for (const { oid, path } of entries)
    if (!fresh.has(oid)) for (const folder of foldersOf(path)) mixed.add(folder);
  const taken = new Set<string>();
  const parts = entries.filter(({ oid, isTree, path }) => {
    if (!fresh.has(oid) || (isTree && mixed.has(path)) || foldersOf(path).some((one) => taken.has(one)))
      return false;
    if (isTree) taken.add(path);
    return true;
  });
  return [...new Set(parts.map(({ oid }) => oid))];
}

function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Commits in a tree are submodules: they are not in this repository. */
function entriesIn(listing: string): TreeEntry[] {
  return listing.split('\0').flatMap((entry) => {
    const [, type, oid, path = ''] = /^\d+ (\w+) ([0-9a-f]+)\t(.*)$/s.exec(entry) ?? [];
    return oid === undefined || type === 'commit' ? [] : [{ oid, isTree: type === 'tree', path }];
  });
}
