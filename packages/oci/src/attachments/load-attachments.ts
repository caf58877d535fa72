import type { Attachment, Run } from '@gapferry/core';
import type { ManifestNode } from '../image-graph.ts';
import { type GraphReader, loadGraphs } from '../load-image-graph.ts';

/** The manifests of the attachments with everything below them, of whatever media type, each root once. */
export function loadAttachments(
  attachments: readonly Attachment[],
  reader: GraphReader,
  item: string,
  run: Run,
): Promise<ManifestNode[]> {
  const roots = new Map(attachments.map(({ root }) => [root.digest, root]));
  // No attachment is chosen by a platform: its configuration need not be read for one.
  const plain: GraphReader = { manifest: reader.manifest, platformOf: async () => undefined };
  return loadGraphs([...roots.values()], plain, item, run);
}
