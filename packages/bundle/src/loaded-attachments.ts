import { type Attachment, attachmentsInOrder, type Digest } from '@gapferry/core';
import type { ChartItem, ImageItem } from './manifest.ts';

/** What of an item's attachments goes to targets: all but those about the upstream index that was filtered away, and what is about these. They stay a record on the medium. */
export function loadedAttachments(item: ImageItem | ChartItem): readonly Attachment[] {
  const { attachments = [] } = item;
  const roots = new Set(attachments.map(({ root }) => root.digest));
  const loaded = new Set<Digest>();
  const isLoaded = ({ subject }: Attachment): boolean =>
    roots.has(subject) ? loaded.has(subject) : !isRecord(item, subject);
  for (const attachment of attachmentsInOrder(attachments).ordered)
    if (isLoaded(attachment)) loaded.add(attachment.root.digest);
  return attachments.filter(isLoaded);
}

function isRecord(item: ImageItem | ChartItem, digest: Digest): boolean {
  return item.kind === 'image' && digest === item.upstream && digest !== item.root.digest;
}
