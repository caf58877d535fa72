import { isDeepStrictEqual } from 'node:util';
import type { ImageItem } from '@gapferry/bundle';
import {
  type BlobReader,
  type Descriptor,
  type Digest,
  isDigest,
  isIndexType,
  MANIFEST_LIMITS,
  parseJson,
  type Run,
} from '@gapferry/core';
import { notAsSaid, readManifest, whatIs } from './close-graph.ts';

/** Proves that a filtered index is the upstream index that travels as its record, with fewer entries: then what upstream signed over its index is true of every image in the filtered one.
 *  An index among its entries may be filtered too; its upstream travels then as well. Throws `MANIFEST_INVALID`, and what reading throws. */
export async function requireFilteredIndex(item: ImageItem, medium: BlobReader, run: Run): Promise<void> {
  const { root, upstreamIndex } = item;
  if (upstreamIndex === undefined || upstreamIndex.digest === root.digest) return;
  const proof = { item, medium, own: new Set(item.blobs), known: new Map() };
  const why = await whyNoSubset(proof, root, upstreamIndex, 0, run);
  if (why !== undefined) throw notAsSaid(item, why);
}

interface Proof {
  readonly item: ImageItem;
  readonly medium: BlobReader;
  readonly own: ReadonlySet<Digest>;
  /** What was found of a pair: no pair is looked at twice. */
  readonly known: Map<string, string | undefined>;
}

/** Deeper than what `requireClosedGraphs` lets in. */
const MAX_DEPTH = 8;

/** Undefined when `filtered` is `upstream` with fewer entries. */
async function whyNoSubset(
  proof: Proof,
  filtered: Descriptor,
  upstream: Descriptor,
  depth: number,
  run: Run,
): Promise<string | undefined> {
  const pair = `${filtered.digest} ${upstream.digest}`;
  if (proof.known.has(pair)) return proof.known.get(pair);
  const why = await compare(proof, filtered, upstream, depth, run);
  proof.known.set(pair, why);
  return why;
}

async function compare(
  proof: Proof,
  filtered: Descriptor,
  upstream: Descriptor,
  depth: number,
  run: Run,
): Promise<string | undefined> {
  if (depth > MAX_DEPTH || filtered.mediaType !== upstream.mediaType || !isIndexType(filtered.mediaType))
    return `${filtered.digest} is no filtered form of the index ${upstream.digest}`;
  const [mine, theirs] = [await readIndex(proof, filtered, run), await readIndex(proof, upstream, run)];
  if (!isDeepStrictEqual(mine.rest, theirs.rest))
    return `the filtered index ${filtered.digest} says something else than upstream's ${upstream.digest}`;
  const strange = await firstStrange(proof, mine.entries, theirs.entries, depth, run);
  if (strange === undefined) return undefined;
  return `${String(strange['digest'])} stands in its filtered index, but not so in upstream's ${upstream.digest}`;
}

/** The first entry that upstream does not have behind the ones before it. Order counts: a runtime takes the first entry that fits its platform. */
async function firstStrange(
  proof: Proof,
  mine: readonly Entry[],
  theirs: readonly Entry[],
  depth: number,
  run: Run,
): Promise<Entry | undefined> {
  let found = 0;
  for (const other of theirs) {
    const entry = mine[found];
    if (entry === undefined) return undefined;
    if (isDeepStrictEqual(entry, other) || (await isFiltered(proof, entry, other, depth, run))) found += 1;
  }
  return mine[found];
}

/** Is an entry a filtered form of upstream's? Only what travels can be looked into. */
async function isFiltered(
  proof: Proof,
  entry: Entry,
  other: Entry,
  depth: number,
  run: Run,
): Promise<boolean> {
  const [mine, whole] = [toIndex(entry), toIndex(other)];
  if (mine === undefined || whole === undefined) return false;
  if (!proof.own.has(whole.digest) || !isSameEntry(entry, other)) return false;
  return (await whyNoSubset(proof, mine, whole, depth + 1, run)) === undefined;
}

type Entry = Readonly<Record<string, unknown>>;

/** That the graph of the filtered index is well-formed was seen before; upstream's is judged here. */
async function readIndex(
  { item, medium }: Proof,
  part: Descriptor,
  run: Run,
): Promise<{ readonly rest: Entry; readonly entries: readonly Entry[] }> {
  const bytes = await readManifest(item, part, medium, run);
  const document = parseJson(bytes, whatIs(item, part), MANIFEST_LIMITS);
  if (!isObject(document)) throw notAsSaid(item, `${part.digest} is no index`);
  const { manifests, ...rest } = document;
  if (!Array.isArray(manifests) || !manifests.every(isObject))
    throw notAsSaid(item, `${part.digest} is no index`);
  return { rest, entries: manifests };
}

/** The same entry, for other bytes. */
function isSameEntry(
  { digest: _, size: __, ...one }: Entry,
  { digest: ___, size: ____, ...other }: Entry,
): boolean {
  return isDeepStrictEqual(one, other);
}

function toIndex({ mediaType, digest, size }: Entry): Descriptor | undefined {
  const isIndex =
    typeof mediaType === 'string' && isIndexType(mediaType) && isDigest(digest) && typeof size === 'number';
  return isIndex ? { mediaType, digest, size } : undefined;
}

function isObject(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
