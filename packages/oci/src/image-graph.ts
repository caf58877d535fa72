import type { Descriptor, Digest } from '@gapferry/core';
import type { NamedBlob } from './blob-places.ts';
import type { LayerDescriptor } from './manifest-document.ts';

/** One entry of an image's graph, with everything below it that is wanted. */
export type ImageNode = ManifestNode | OpaqueNode;
export type ManifestNode = LeafNode | IndexNode;

export interface LeafNode {
  readonly kind: 'leaf';
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** Config first, then the layers. */
  readonly blobs: readonly LayerDescriptor[];
  /** Platforms served: one, or none for an artifact. */
  readonly platforms: readonly string[];
}

/** An index entry of a media type that says nothing to us: kept as bytes, whatever is in them. */
export interface OpaqueNode {
  readonly kind: 'opaque';
  readonly descriptor: Descriptor;
  readonly platforms: readonly string[];
}

export interface IndexNode {
  readonly kind: 'index';
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly children: readonly ImageNode[];
  readonly platforms: readonly string[];
  /** The index as it came, when this one was computed from it with fewer children. */
  readonly upstream?: { readonly descriptor: Descriptor; readonly bytes: Uint8Array };
}

/** Manifests and indexes, children before parents, each once. */
export function nodesInOrder(node: ImageNode, seen: Set<string> = new Set()): ManifestNode[] {
  if (node.kind === 'opaque' || seen.has(node.descriptor.digest)) return [];
  seen.add(node.descriptor.digest);
  const below = node.kind === 'index' ? node.children.flatMap((child) => nodesInOrder(child, seen)) : [];
  return [...below, node];
}

/** What attachments may belong to: every manifest that is kept. Of an index that a choice filters the upstream one, `root`: nobody upstream knows the one computed from it. */
export function upstreamSubjects(root: Descriptor, graph: ManifestNode): readonly Digest[] {
  const upstream = nodesInOrder(graph).filter((node) => node.kind === 'leaf' || node.upstream === undefined);
  return [...new Set([root.digest, ...upstream.map(({ descriptor }) => descriptor.digest)])];
}

/** Configs, layers and opaque entries, each once, the biggest first: what takes longest begins first. */
export function blobsBySize(nodes: readonly ManifestNode[]): NamedBlob[] {
  const blobs = nodes.flatMap((node) =>
    node.kind === 'leaf' ? node.blobs.map(namedBlob) : opaqueBlobs(node),
  );
  // The same layer may be named with `urls` and without.
  const unique = new Map(blobs.filter(({ urls }) => urls === undefined).map((blob) => [blob.digest, blob]));
  for (const blob of blobs.filter(({ urls }) => urls !== undefined)) unique.set(blob.digest, blob);
  return [...unique.values()].sort((a, b) => b.size - a.size);
}

function namedBlob({ digest, size, urls }: LayerDescriptor): NamedBlob {
  return { digest, size, ...(urls && { urls }) };
}

function opaqueBlobs({ children }: IndexNode): NamedBlob[] {
  return children.flatMap(({ kind, descriptor: { digest, size, mediaType } }) =>
    kind === 'opaque' ? [{ digest, size, entryType: mediaType }] : [],
  );
}
