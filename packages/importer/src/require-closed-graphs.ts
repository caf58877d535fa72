import { type ChartItem, requireVerified, type VerifiedRelease } from '@gapferry/bundle';
import { type BlobReader, inLanes, type ManifestLinks, MEDIA_TYPES, type Run } from '@gapferry/core';
import { type ClosedGraph, closeGraph, notAsSaid, type OciItem } from './close-graph.ts';
import { requireFilteredIndex } from './require-filtered-index.ts';

/** Manifests read at a time: each may have 16 MiB. */
const CONCURRENCY = 4;

/** What the manifest of a release says of images and charts is held against what their own manifests say: everything that a root or an attachment reaches is among the item's blobs,
 *  with the same size, a chart is one, attachments are about the item, and a filtered index has nothing that upstream's has not. Otherwise a name would appear that cannot be pulled,
 *  an image come in as a chart, past the `allow` list of images, or under the signature of another one.
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
    const roots = [item.root, ...(item.attachments ?? []).map(({ root }) => root)];
    const graph = await closeGraph(manifest, item, roots, medium, inner);
    if (item.kind === 'chart') requireChart(item, graph.linksOf(item.root)?.links ?? []);
    else await requireFilteredIndex(item, medium, inner);
    requireSubjects(item, graph);
  };
  await inLanes(items, CONCURRENCY, close, run);
}

/** Helm's config type (helm.sh, registries), and the archive that the release names among the layers. */
function requireChart(item: ChartItem, links: ManifestLinks['links']): void {
  const [config, ...layers] = links;
  if (config?.mediaType !== MEDIA_TYPES.helmConfig)
    throw notAsSaid(item, `its config has the media type ${config?.mediaType}, not that of a Helm chart`);
  if (!layers.some(({ digest }) => digest === item.archive.digest))
    throw notAsSaid(item, `its archive ${item.archive.digest} is none of its layers`);
}

/** An attachment is about a manifest of its item; where no tag says which, its own manifest does (OCI image-spec, manifest.md, `subject`). */
function requireSubjects(item: OciItem, graph: ClosedGraph): void {
  for (const { subject, root, tag } of item.attachments ?? []) {
    const isUpstream = item.kind === 'image' && subject === item.upstream;
    if (!isUpstream && !graph.isManifest(subject))
      throw notAsSaid(item, `its attachment ${root.digest} is about ${subject}, which is no manifest of it`);
    const own = graph.linksOf(root)?.subject?.digest;
    if (tag === undefined && own !== subject)
      throw notAsSaid(
        item,
        `its attachment ${root.digest} is not about ${subject}: its own manifest names ${own ?? 'no subject'}`,
      );
  }
}
