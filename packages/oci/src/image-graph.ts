import type { Descriptor, SizedDigest } from '@gapferry/core';

/** One manifest or index of an image, with everything below it that is wanted. */
export type ImageNode = LeafNode | IndexNode;

export interface LeafNode {
  readonly kind: 'leaf';
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** Config first, then the layers. */
  readonly blobs: readonly Descriptor[];
  /** Platforms served: one, or none for an artifact. */
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
export function nodesInOrder(node: ImageNode, seen: Set<string> = new Set()): ImageNode[] {
  if (seen.has(node.descriptor.digest)) return [];
  seen.add(node.descriptor.digest);
  const below = node.kind === 'index' ? node.children.flatMap((child) => nodesInOrder(child, seen)) : [];
  return [...below, node];
}

/** Configs and layers, each once, the biggest first: what takes longest begins first. */
export function blobsBySize(nodes: readonly ImageNode[]): SizedDigest[] {
  const blobs = nodes.flatMap((node) => (node.kind === 'leaf' ? node.blobs : []));
  return [...new Map(blobs.map(({ digest, size }) => [digest, { digest, size }])).values()].sort(
    (a, b) => b.size - a.size,
  );
}
