import {
  type BucketDirectoryPin,
  type Digest,
  digestFromHex,
  GapferryError,
  type Run,
  type UrlFilePin,
  type UrlFileWish,
} from '@gapferry/core';
import { type FileMeans, fromOrigin } from './file-means.ts';
import type { FileOrigin } from './file-origin.ts';
import { checksumOf, type ListedChecksum, requireChecksum, requireSigned } from './hold-demands.ts';
import type { LearntFile } from './partial-state.ts';
import { nameOfPlace } from './small-files.ts';

type Seen = Pick<UrlFilePin | BucketDirectoryPin, 'id' | 'wish' | 'url'>;

/** What was seen under one wish at one URL. */
export function seenKey({ wish, url }: Pick<Seen, 'wish' | 'url'>): string {
  return `${wish} ${url}`;
}

/** Finds out what a file is. Throws `DIGEST_MISMATCH` where it is another than it must be, or than when it was first seen. */
export async function resolveUrl(
  means: FileMeans,
  demanded: UrlFileWish,
  wish: Digest,
  run: Run,
): Promise<UrlFilePin> {
  const { as: id, url } = demanded;
  const base = { kind: 'file', id, wish, url } as const;
  return steadied(means, { ...base, ...(await identify(means, demanded, base, run)) });
}

/** Throws `DIGEST_MISMATCH` with both digests. */
export function requireSeen({ seen }: Pick<FileMeans, 'seen'>, pin: Seen, found: Digest): void {
  const before = seen.get(seenKey(pin));
  if (before === undefined || before === found) return;
  const { id: item } = pin;
  throw new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `${item} is now ${found}; when it was first seen it was ${before}`,
    hint: `find out why upstream changed it; if it is meant to be so, accept it with "gapferry resolve BUNDLE --accept ${shellWord(item)}"`,
    origin: 'source',
    data: { item, expected: before, actual: found },
  });
}

/** The name of an asset is upstream's, and the line of a hint is copied to a shell. */
function shellWord(text: string): string {
  return /^[\w./+@%,=][\w./+@%,=-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Where a file that is the same was seen stays what it was, whoever was asked this time. */
export function steadied({ locked }: Pick<FileMeans, 'locked'>, pin: UrlFilePin): UrlFilePin {
  const before = locked.get(seenKey(pin));
  if (before?.sha256 !== pin.sha256) return pin;
  const { mirror: _, ...found } = pin;
  return { ...found, ...(before.mirror !== undefined && { mirror: before.mirror }) };
}

type Found = Pick<UrlFilePin, 'sha256' | 'size' | 'mirror'>;

/** The cheapest way to the sha256: given, in a list of checksums, or by reading the file. */
async function identify(means: FileMeans, wish: UrlFileWish, seen: Seen, run: Run): Promise<Found> {
  const requireAsSeen = (sha256: Digest): void => {
    if (wish.check === 'first-seen') requireSeen(means, seen, sha256);
  };
  if (wish.sha256 !== undefined) {
    requireAsSeen(wish.sha256);
    return { sha256: wish.sha256 };
  }
  const listed = wish.checksums && (await checksumOf(means, wish, wish.checksums, async () => {}, run));
  if (listed?.checksum.algorithm === 'sha256') {
    const sha256 = digestFromHex(listed.checksum.hex);
    requireAsSeen(sha256);
    return { sha256, ...(listed.mirror !== undefined && { mirror: listed.mirror }) };
  }
  const judge = async (origin: FileOrigin): Promise<Found> => {
    const learnt = await means.learner.learn(origin, run);
    requireListed(wish, listed, learnt);
    requireAsSeen(learnt.sha256);
    // What a mirror gave is left for the next place at once where the signature is not good; upstream's is held against it when it is fetched.
    if (origin.mirror !== undefined) await requireSignedThere(means, wish, learnt, run);
    const { sha256, size } = learnt;
    const mirror = mirrorThatSaidIt(wish, listed, origin);
    return { sha256, size, ...(mirror !== undefined && { mirror }) };
  };
  return await fromOrigin(means, wish, judge, run);
}

function requireListed(wish: UrlFileWish, listed: ListedChecksum | undefined, { sha512 }: LearntFile): void {
  if (listed !== undefined && wish.checksums !== undefined)
    requireChecksum(listed.checksum, sha512, wish.as, nameOfPlace(wish.checksums));
  if (wish.sha512 !== undefined)
    requireChecksum({ algorithm: 'sha512', hex: wish.sha512 }, sha512, wish.as, 'bundle.yaml');
}

async function requireSignedThere(
  means: FileMeans,
  wish: UrlFileWish,
  learnt: LearntFile,
  run: Run,
): Promise<void> {
  const kept = wish.signature && (await means.learner.kept(learnt));
  if (kept === undefined || wish.signature === undefined) return;
  const file = { size: learnt.size, open: (inner: Run) => kept(0, inner) };
  await requireSigned(means, file, wish.signature, wish.as, run);
}

function mirrorThatSaidIt(
  wish: UrlFileWish,
  listed: ListedChecksum | undefined,
  { mirror }: FileOrigin,
): string | undefined {
  if (wish.sha512 !== undefined || wish.signature !== undefined) return undefined;
  return listed === undefined ? mirror : listed.mirror;
}
