import {
  type Attachment,
  attachmentsInOrder,
  byAttachment,
  type Digest,
  hasLinks,
  hexOf,
} from '@gapferry/core';
import { ATTACHMENT_TAG, checkKey } from './attachment-schemas.ts';
import type { ChartItem, ImageItem } from './manifest.ts';

/** What is wrong with an item's `attachments` and `checked`; that their roots are among the item's blobs is looked at with all other descriptors. */
export function attachmentProblems(item: ImageItem | ChartItem): string[] {
  const { attachments = [], checked = [] } = item;
  return [
    ...orderProblems(attachments),
    ...subjectProblems(item, attachments),
    ...tagProblems(attachments),
    ...circleProblems(attachments),
    ...checked.flatMap((check, i) => {
      const before = checked[i - 1];
      return before === undefined || checkKey(before) < checkKey(check)
        ? []
        : ['what was checked is not sorted, or stands there twice'];
    }),
  ];
}

function orderProblems(attachments: readonly Attachment[]): string[] {
  return attachments.flatMap((attachment, i) => {
    const before = attachments[i - 1];
    if (before === undefined) return [];
    const order = byAttachment(before, attachment);
    if (order === 0) return [`duplicate attachment ${attachment.root.digest}`];
    return order > 0 ? [`attachment ${attachment.root.digest} is out of order`] : [];
  });
}

/** Whether a blob is a manifest only its bytes can say; here it is enough that the item has it. */
function subjectProblems(item: ImageItem | ChartItem, attachments: readonly Attachment[]): string[] {
  if (attachments.length === 0) return [];
  const known = new Set<Digest>(item.blobs);
  if (item.kind === 'image') known.add(item.upstream);
  return attachments.flatMap(({ subject, root }) => [
    ...(known.has(subject)
      ? []
      : [`attachment ${root.digest} is about ${subject}, which is no part of the item`]),
    ...(root.digest === item.root.digest ? ['it is attached to itself'] : []),
    ...(hasLinks(root.mediaType) ? [] : [`attachment ${root.digest} has the media type ${root.mediaType}`]),
  ]);
}

function tagProblems(attachments: readonly Attachment[]): string[] {
  const roots = new Map<string, Digest>();
  return attachments.flatMap(({ subject, root, tag }) => {
    if (tag === undefined) return [];
    const other = roots.get(tag);
    roots.set(tag, root.digest);
    return [
      ...(ATTACHMENT_TAG.exec(tag)?.[1] === hexOf(subject)
        ? []
        : [`tag ${tag} does not name its subject ${subject}`]),
      ...(other === undefined || other === root.digest
        ? []
        : [`tag ${tag} stands for ${other} and for ${root.digest}`]),
    ];
  });
}

/** Tags let two manifests claim to be about each other: neither could come after its subject. */
function circleProblems(attachments: readonly Attachment[]): string[] {
  const { circular } = attachmentsInOrder(attachments);
  if (circular.length === 0) return [];
  const some = circular.slice(0, 3).map(({ root }) => root.digest);
  return [`attachments ${some.join(', ')} are about each other`];
}
