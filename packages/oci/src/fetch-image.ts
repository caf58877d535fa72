import {
  type BlobStore,
  type Bytes,
  type Descriptor,
  type ImageHolding,
  type ImagePin,
  type Run,
  readVerified,
  type SizedDigest,
  totalSize,
  uniqueByDigest,
} from '@gapferry/core';
import { loadAttachments } from './attachments/load-attachments.ts';
import type { BlobFetcher } from './blob-fetcher.ts';
import type { NamedBlob } from './blob-places.ts';
import { configPlatform } from './config-platform.ts';
import type { ImageContent } from './image-content.ts';
import { blobsBySize, type ManifestNode, nodesInOrder } from './image-graph.ts';
import { type GraphReader, loadImageGraph } from './load-image-graph.ts';
import { MANIFEST_LIMIT } from './manifest-document.ts';
import { isImageConfigType } from './media-type-names.ts';
import { parseImageChoice } from './platform-choice.ts';
import { untold } from './read-small-blob.ts';
import { together } from './together.ts';

/** What fetching needs: where the content is read, and where it goes. */
export interface Fetching {
  readonly content: ImageContent;
  readonly fetcher: BlobFetcher;
  readonly into: BlobStore;
  /** For progress and errors. */
  readonly item: string;
}

/** Brings an image with everything that its pin says belongs to it. Tells of the item from its beginning to its end. */
export async function fetchImage(fetching: Fetching, pin: ImagePin, run: Run): Promise<ImageHolding> {
  const reader = graphReader(fetching);
  const graph = await loadImageGraph(pin.root, parseImageChoice(pin), reader, pin.id, run);
  const attached = await loadAttachments(pin.attachments ?? [], reader, pin.id, run);
  const content = contentOf([graph, ...attached]);
  const bytes = totalSize(content.blobs);
  run.emit({ kind: 'item-started', item: pin.id, bytes });
  const { reused } = await bring(fetching, content, run);
  const { upstreamIndex, kept } = await keepUpstream(fetching, graph, run);
  run.emit({ kind: 'item-done', item: pin.id, outcome: reused ? 'reused' : 'done', bytes });
  return {
    kind: 'image',
    pin,
    root: graph.descriptor,
    blobs: uniqueByDigest([...content.blobs, ...kept]),
    platforms: graph.platforms,
    ...(upstreamIndex && { upstreamIndex }),
    ...(pin.attachments && { attachments: pin.attachments }),
  };
}

/** What graphs consist of. */
export interface GraphContent {
  /** Children before parents. */
  readonly nodes: readonly ManifestNode[];
  /** What is not a manifest, the biggest first. */
  readonly named: readonly NamedBlob[];
  /** All of it, sorted. */
  readonly blobs: readonly SizedDigest[];
}

export function contentOf(graphs: readonly ManifestNode[]): GraphContent {
  const seen = new Set<string>();
  const nodes = graphs.flatMap((graph) => nodesInOrder(graph, seen));
  const named = blobsBySize(nodes);
  const all = [...named, ...nodes.map(({ descriptor }) => descriptor)];
  return { nodes, named, blobs: uniqueByDigest(all.map(({ digest, size }) => ({ digest, size }))) };
}

/** Puts it all into the store: blobs first, then manifests, children before parents. */
export async function bring(
  fetching: Fetching,
  { nodes, named }: GraphContent,
  run: Run,
): Promise<{ readonly reused: boolean }> {
  const { content, fetcher, into, item } = fetching;
  const outcomes = await together(named, run, (blob, inner) =>
    fetcher.fetch({ digest: blob.digest, size: blob.size }, content.blob(blob, inner), into, item, inner),
  );
  const written = await writeManifests(fetching, nodes, run);
  return { reused: [...outcomes, ...written].every((outcome) => outcome.reused) };
}

/** Reads from the store what it has: a manifest that was pulled once is not asked for again. */
export function graphReader({ content, fetcher, into, item }: Fetching): GraphReader {
  return {
    async manifest(descriptor, run) {
      if (descriptor.size <= MANIFEST_LIMIT && (await into.has(descriptor, run)))
        return readVerified(descriptor, into.open(descriptor, run), { origin: 'depot', place: 'the depot' });
      return content.manifest(descriptor, run);
    },
    async platformOf(config, run) {
      if (!isImageConfigType(config.mediaType) || config.size > MANIFEST_LIMIT) return undefined;
      // The configuration's bytes are told later, with all others.
      const quiet = untold(run);
      await fetcher.fetch(config, content.blob(config, quiet), into, item, quiet);
      const bytes = await readVerified(config, into.open(config, run), {
        origin: 'depot',
        place: 'the depot',
      });
      return configPlatform(bytes, item);
    },
  };
}

/** Children before parents. */
async function writeManifests(
  fetching: Fetching,
  nodes: readonly ManifestNode[],
  run: Run,
): Promise<Array<{ readonly reused: boolean }>> {
  const written: Array<{ readonly reused: boolean }> = [];
  for (const node of nodes) written.push(await writeManifest(fetching, node, run));
  return written;
}

async function writeManifest(
  { into, item }: Fetching,
  node: ManifestNode,
  run: Run,
): Promise<{ readonly reused: boolean }> {
  const { descriptor, bytes } = node;
  const reused = await into.has(descriptor, run);
  if (!reused && isComputed(node)) await into.add(descriptor.mediaType, bytes, run);
  else if (!reused) await into.put(descriptor, (from) => once(bytes.subarray(from)), run);
  run.emit({ kind: 'bytes', item, bytes: descriptor.size, ...(reused && { reused }) });
  return { reused };
}

function isComputed(node: ManifestNode): boolean {
  return node.kind === 'index' && node.upstream !== undefined;
}

/** The upstream indexes as they came are kept as a record of what was there to choose from: that the filtered ones have nothing else is proved by them inside. `kept`: those below the root. */
async function keepUpstream(
  { into }: Fetching,
  root: ManifestNode,
  run: Run,
): Promise<{ readonly upstreamIndex?: Descriptor; readonly kept: readonly SizedDigest[] }> {
  const kept: SizedDigest[] = [];
  for (const node of nodesInOrder(root)) {
    if (node.kind !== 'index' || node.upstream === undefined) continue;
    const { descriptor, bytes } = node.upstream;
    await into.put(descriptor, (from) => once(bytes.subarray(from)), run);
    if (node !== root) kept.push({ digest: descriptor.digest, size: descriptor.size });
  }
  const upstream = root.kind === 'index' ? root.upstream : undefined;
  return { ...(upstream && { upstreamIndex: upstream.descriptor }), kept };
}

async function* once(bytes: Uint8Array): Bytes {
  yield bytes;
}
