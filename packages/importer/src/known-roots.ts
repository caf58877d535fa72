import type { Item, Manifest } from '@gapferry/bundle';
import { type Digest, isIndexType, type PruneManifest } from '@gapferry/core';

/** `oci host/path:tag` or `oci host/path@sha256:…`. */
export function parseOci(place: string): { readonly repository: string; readonly tag?: string } | undefined {
  if (!place.startsWith('oci ')) return undefined;
  const name = place.slice('oci '.length);
  const at = name.indexOf('@');
  if (at >= 0) return { repository: name.slice(0, at) };
  const colon = name.lastIndexOf(':');
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/** What is known of a manifest that an item has at its root. */
export type KnownRoot = Required<Pick<PruneManifest, 'root'>> & Pick<PruneManifest, 'parts'>;

export function rootsIn(manifests: Iterable<Manifest>): ReadonlyMap<Digest, KnownRoot> {
  const roots = new Map<Digest, KnownRoot>();
  for (const { items } of manifests)
    for (const item of items) for (const known of rootsOf(item)) roots.set(known.root.digest, known);
  return roots;
}

export function rootsOf(item: Item): readonly KnownRoot[] {
  if (item.kind !== 'image' && item.kind !== 'chart') return [];
  const { root, blobs, attachments = [] } = item;
  const parts = isIndexType(root.mediaType) && blobs.length <= MOST_PARTS ? { parts: blobs } : {};
  return [{ root, ...parts }, ...attachments.map((one) => ({ root: one.root }))];
}

/** Each is asked for where the index is gone. */
const MOST_PARTS = 1000;
