import type { AttachedArtifact, AttachedChange } from '@gapferry/bundle';
import { shortDigest, type UpstreamCheck } from '@gapferry/core';
import { count } from './kind-titles.ts';

/** What changes in what belongs to an item, in a few words; what is lost first. */
export function attachedText({
  added = [],
  removed = [],
  checked = [],
  unchecked = [],
}: AttachedChange): string {
  return [
    ...unchecked.map((check) => `no longer signed by ${signerText(check)}`),
    ...(removed.length === 0 ? [] : [`without ${typesText(removed)}`]),
    ...checked.map((check) => `signed by ${signerText(check)}`),
    ...(added.length === 0 ? [] : [`with ${typesText(added)}`]),
  ].join('; ');
}

/** `2 signature, sbom`: each type once, with its number where there are several. */
export function typesText(artifacts: readonly AttachedArtifact[]): string {
  return [...Map.groupBy(artifacts, ({ type }) => type)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, own]) => (own.length === 1 ? type : `${own.length} × ${type}`))
    .join(', ');
}

/** Who signed, as outside saw it. */
export function signerText(check: UpstreamCheck): string {
  switch (check.by) {
    case 'cosign-key':
      return `key ${shortDigest(check.key)}…`;
    case 'cosign-identity':
      return `${check.identity} (${check.issuer})`;
    case 'helm-provenance':
      return `OpenPGP key ${check.fingerprint}`;
  }
}

/** What must be known of images whose index was made smaller; undefined when there are none. */
export function filteredNote(images: number): string | undefined {
  if (images === 0) return undefined;
  const [is, it] = images === 1 ? ['is a filtered index', 'it'] : ['are filtered indexes', 'them'];
  return `${count(images, 'image')} ${is}: upstream's signature over the index does not cover ${it}; import proves ${it} by the upstream index, which travels along`;
}
