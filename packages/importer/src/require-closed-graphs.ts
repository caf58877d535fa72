import {
  blobsOf,
  type ChartItem,
  describeItem,
  type ImageItem,
  requireVerified,
  type VerifiedRelease,
} from '@gapferry/bundle';
import {
  type BlobReader,
  type Descriptor,
  type Digest,
  GapferryError,
  hasLinks,
  MANIFEST_LIMITS,
  type ManifestLinks,
  MEDIA_TYPES,
  parseManifestLinks,
  type Run,
  readVerified,
} from '@gapferry/core';
import { runAll } from './run-all.ts';

type OciItem = ImageItem | ChartItem;

/** Manifests read at a time: each may have 16 MiB. */
const CONCURRENCY = 4;
/** Indexes within indexes; what goes deeper is served by nobody. */
const MAX_DEPTH = 8;

/** What the manifest of a release says of images and charts is held against what their own manifests say: everything that a root reaches is among the item's blobs, with the
 *  same size, and a chart is one. Otherwise a name would appear that cannot be pulled, or an image come in as a chart, past the `allow` list of images.
 *  Throws `MANIFEST_INVALID`, `CONTENT_INVALID`, `LIMIT_EXCEEDED`, and what reading throws. */
export async function requireClosedGraphs(
  release: VerifiedRelease,
  medium: BlobReader,
  run: Run,
): Promise<void> {
  const { manifest } = requireVerified(release).opened;
  const items = manifest.items.filter(
    (item): item is OciItem => item.kind === 'image' || item.kind === 'chart',
  );
  const close = async (item: OciItem, inner: Run): Promise<void> => {
    const sizes = new Map(blobsOf(manifest, item).map(({ digest, size }) => [digest, size]));
    await follow({ item, sizes, medium, seen: new Set() }, item.root, 0, inner);
  };
  await runAll(items, close, CONCURRENCY, run);
}

interface Walk {
  readonly item: OciItem;
  readonly sizes: ReadonlyMap<Digest, number>;
  readonly medium: BlobReader;
  readonly seen: Set<string>;
}

async function follow(walk: Walk, part: Descriptor, depth: number, run: Run): Promise<void> {
  const known = `${part.digest} ${part.mediaType}`;
  if (walk.seen.has(known) || !hasLinks(part.mediaType)) return;
  walk.seen.add(known);
  const { links } = await readLinks(walk, part, depth, run);
  if (part.digest === walk.item.root.digest && walk.item.kind === 'chart') requireChart(walk.item, links);
  for (const link of links) {
    const size = walk.sizes.get(link.digest);
    if (size === undefined && !link.required) continue;
    if (size !== link.size) throw open(walk.item, link, size);
    await follow(walk, link, depth + 1, run);
  }
}

async function readLinks(
  { item, medium }: Walk,
  { mediaType, digest, size }: Descriptor,
  depth: number,
  run: Run,
): Promise<ManifestLinks> {
  const what = `manifest ${digest} of ${describeItem(item)}`;
  if (size > MANIFEST_LIMITS.maxBytes || depth > MAX_DEPTH)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${what} has ${size} bytes and lies ${depth} levels deep; the limits are ${MANIFEST_LIMITS.maxBytes} and ${MAX_DEPTH}`,
      origin: 'medium',
    });
  const bytes = await readVerified({ digest, size }, medium.open({ digest, size }, run), {
    origin: 'medium',
  });
  return parseManifestLinks(bytes, mediaType, what);
}

/** Helm's config type (helm.sh, registries), and the archive that the release names among the layers. */
function requireChart(item: ChartItem, links: ManifestLinks['links']): void {
  const [config, ...layers] = links;
  if (config?.mediaType !== MEDIA_TYPES.helmConfig)
    throw wrong(item, `its config has the media type ${config?.mediaType}, not that of a Helm chart`);
  if (!layers.some(({ digest }) => digest === item.archive.digest))
    throw wrong(item, `its archive ${item.archive.digest} is none of its layers`);
}

function open(item: OciItem, link: Descriptor, size: number | undefined): GapferryError {
  if (size === undefined)
    return wrong(item, `it needs ${link.digest}, which the release does not list for it`);
  return wrong(item, `${link.digest} has ${size} bytes, its own manifest says ${link.size}`);
}

function wrong(item: OciItem, why: string): GapferryError {
  return new GapferryError({
    code: 'MANIFEST_INVALID',
    message: `${describeItem(item)} is not what the release says: ${why}`,
    hint: 'nothing was loaded; the release was made wrong: collect a new one',
    origin: 'medium',
    data: { item: describeItem(item) },
  });
}
