import { blobsOf, type ChartItem, describeItem, type ImageItem, type Manifest } from '@gapferry/bundle';
import {
  type BlobReader,
  type Descriptor,
  type Digest,
  GapferryError,
  hasLinks,
  MANIFEST_LIMITS,
  type ManifestLinks,
  parseManifestLinks,
  type Run,
  readVerified,
} from '@gapferry/core';

export type OciItem = ImageItem | ChartItem;

/** What the manifests of an item say, read from the medium. */
export interface ClosedGraph {
  /** Everything that the roots reach, roots included. */
  readonly reached: ReadonlySet<Digest>;
  /** What a manifest among it names. */
  linksOf(manifest: Descriptor): ManifestLinks | undefined;
  isManifest(digest: Digest): boolean;
}

/** Indexes within indexes; what goes deeper is served by nobody. */
const MAX_DEPTH = 8;

/** Follows roots of an item: everything they reach must be among the item's blobs, with the same size. Throws `MANIFEST_INVALID`, `CONTENT_INVALID`, `LIMIT_EXCEEDED`, and what reading throws. */
export async function closeGraph(
  manifest: Manifest,
  item: OciItem,
  roots: readonly Descriptor[],
  medium: BlobReader,
  run: Run,
): Promise<ClosedGraph> {
  const sizes = new Map(blobsOf(manifest, item).map(({ digest, size }) => [digest, size]));
  const walk: Walk = { item, sizes, medium, reached: new Set(), manifests: new Map() };
  for (const root of roots) {
    walk.reached.add(root.digest);
    await follow(walk, root, 0, run);
  }
  const digests = new Set([...walk.manifests.values()].map(({ digest }) => digest));
  return {
    reached: walk.reached,
    linksOf: (part) => walk.manifests.get(keyOf(part)),
    isManifest: (digest) => digests.has(digest),
  };
}

interface Walk {
  readonly item: OciItem;
  readonly sizes: ReadonlyMap<Digest, number>;
  readonly medium: BlobReader;
  readonly reached: Set<Digest>;
  readonly manifests: Map<string, ManifestLinks & { readonly digest: Digest }>;
}

/** The same bytes under two media types say two things. */
function keyOf({ digest, mediaType }: Descriptor): string {
  return `${digest} ${mediaType}`;
}

async function follow(walk: Walk, part: Descriptor, depth: number, run: Run): Promise<void> {
  const key = keyOf(part);
  if (walk.manifests.has(key) || !hasLinks(part.mediaType)) return;
  const said = await readLinks(walk, part, depth, run);
  walk.manifests.set(key, { ...said, digest: part.digest });
  for (const link of said.links) {
    const size = walk.sizes.get(link.digest);
    if (size === undefined && !link.required) continue;
    if (size !== link.size) throw open(walk.item, link, size);
    walk.reached.add(link.digest);
    await follow(walk, link, depth + 1, run);
  }
}

async function readLinks(
  { item, medium }: Walk,
  part: Descriptor,
  depth: number,
  run: Run,
): Promise<ManifestLinks> {
  if (depth > MAX_DEPTH)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${whatIs(item, part)} lies ${depth} levels deep; the limit is ${MAX_DEPTH}`,
      origin: 'medium',
    });
  return parseManifestLinks(await readManifest(item, part, medium, run), part.mediaType, whatIs(item, part));
}

/** The bytes of one manifest of an item, judged by its size before memory is spent on it. */
export async function readManifest(
  item: OciItem,
  part: Descriptor,
  medium: BlobReader,
  run: Run,
): Promise<Uint8Array> {
  const { digest, size } = part;
  if (size > MANIFEST_LIMITS.maxBytes)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${whatIs(item, part)} has ${size} bytes; the limit is ${MANIFEST_LIMITS.maxBytes}`,
      origin: 'medium',
    });
  return await readVerified({ digest, size }, medium.open({ digest, size }, run), { origin: 'medium' });
}

/** A manifest of an item, for messages. */
export function whatIs(item: OciItem, { digest }: Descriptor): string {
  return `manifest ${digest} of ${describeItem(item)}`;
}

function open(item: OciItem, link: Descriptor, size: number | undefined): GapferryError {
  if (size === undefined)
    return notAsSaid(item, `it needs ${link.digest}, which the release does not list for it`);
  return notAsSaid(item, `${link.digest} has ${size} bytes, its own manifest says ${link.size}`);
}

export function notAsSaid(item: OciItem, why: string): GapferryError {
  return new GapferryError({
    code: 'MANIFEST_INVALID',
    message: `${describeItem(item)} is not what the release says: ${why}`,
    hint: 'nothing was loaded; the release was made wrong: collect a new one',
    origin: 'medium',
    data: { item: describeItem(item) },
  });
}
