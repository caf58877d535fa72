import {
  hasRecord,
  type ImageItem,
  loadedAttachments,
  type ReachedBlobs,
  requireVerified,
  type VerifiedRelease,
} from '@gapferry/bundle';
import { type BlobReader, type Digest, inLanes, type Run } from '@gapferry/core';
import { closeGraph } from './close-graph.ts';

/** Tells of images that carry a record (an upstream index that was filtered, and its signatures) which of their blobs are loaded at targets. Throws like `requireClosedGraphs`. */
export async function readReached(
  release: VerifiedRelease,
  medium: BlobReader,
  run: Run,
): Promise<ReachedBlobs> {
  const { manifest } = requireVerified(release).opened;
  const items = manifest.items.filter((item): item is ImageItem => item.kind === 'image' && hasRecord(item));
  const read = async (item: ImageItem, inner: Run): Promise<readonly [string, ReadonlySet<Digest>]> => {
    const roots = [item.root, ...loadedAttachments(item).map(({ root }) => root)];
    return [item.id, (await closeGraph(manifest, item, roots, medium, inner)).reached];
  };
  return new Map(await inLanes(items, 4, read, run));
}
