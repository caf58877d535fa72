import {
  aboutItem,
  type BlobStore,
  type Bytes,
  type Descriptor,
  formatImageReference,
  GapferryError,
  type ImageHolding,
  type ImagePin,
  type ImageReference,
  type ImageWish,
  type Platform,
  parseImageReference,
  parseJson,
  type Run,
  readVerified,
  repositoryOf,
  type Source,
  totalSize,
  uniqueByDigest,
  wishDigest,
} from '@gapferry/core';
import { type BlobFetcher, createBlobFetcher } from './blob-fetcher.ts';
import { blobsBySize, type ImageNode, nodesInOrder } from './image-graph.ts';
import { type GraphReader, loadImageGraph } from './load-image-graph.ts';
import { knownPlatform, MANIFEST_LIMIT } from './manifest-document.ts';
import { isImageConfigType } from './media-type-names.ts';
import type { OciClient } from './oci-client.ts';
import { parsePlatformChoice } from './platform-choice.ts';
import { together } from './together.ts';

export interface ImageSourceOptions {
  /** Blobs under way at once, over all images; default 6. */
  readonly concurrency?: number;
}

/** Images from OCI registries. Nothing is pulled twice: neither what the store has, nor what another image of this source is just pulling. */
export function imageSource(
  client: OciClient,
  options: ImageSourceOptions = {},
): Source<ImageWish, ImagePin, ImageHolding> {
  const fetcher = createBlobFetcher(options.concurrency ?? 6);
  return {
    async resolve(wish, run) {
      const reference = parseImageReference(wish.ref);
      const id = formatImageReference(reference);
      const root = await named(id, () => resolveRoot(client, reference, id, run));
      return [{ kind: 'image', id, wish: wishDigest(wish), root, platforms: wish.platforms }];
    },
    fetch: (pin, into, run) =>
      named(pin.id, () =>
        fetchImage(
          { client, fetcher, pin, into, repository: repositoryOf(parseImageReference(pin.id)) },
          runOf(pin.id, run),
        ),
      ),
  };
}

async function named<T>(item: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw aboutItem(item, error);
  }
}

/** Layers below know blobs; progress is told about the image. */
function runOf(item: string, run: Run): Run {
  return { signal: run.signal, emit: (event) => run.emit('item' in event ? { ...event, item } : event) };
}

/** A tag with a digest must agree with it: whoever writes both wants to notice when the tag moves. */
async function resolveRoot(
  client: OciClient,
  reference: ImageReference,
  id: string,
  run: Run,
): Promise<Descriptor> {
  const repository = repositoryOf(reference);
  const root = await client.resolve(repository, reference.tag ?? reference.digest ?? 'latest', run);
  if (reference.digest === undefined || root.digest === reference.digest) return root;
  throw new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `${id}: its tag ${reference.tag} is ${root.digest} upstream`,
    hint: 'the tag was moved: take the new digest, or leave out the tag to keep the old one',
    origin: 'source',
    data: { item: id, expected: reference.digest, actual: root.digest },
  });
}

interface ImageFetch {
  readonly client: OciClient;
  readonly fetcher: BlobFetcher;
  readonly pin: ImagePin;
  readonly into: BlobStore;
  readonly repository: string;
}

async function fetchImage(fetch: ImageFetch, run: Run): Promise<ImageHolding> {
  const { pin } = fetch;
  const choice = parsePlatformChoice(pin.platforms, parseImageReference(pin.id).digest !== undefined);
  const graph = await loadImageGraph(pin.root, choice, graphReader(fetch), pin.id, run);
  const nodes = nodesInOrder(graph);
  const content = blobsBySize(nodes);
  const blobs = uniqueByDigest([
    ...content,
    ...nodes.map(({ descriptor: { digest, size } }) => ({ digest, size })),
  ]);
  run.emit({ kind: 'item-started', item: pin.id, bytes: totalSize(blobs) });
  const outcomes = await together(content, run, (blob, inner) =>
    fetch.fetcher.fetch(blob, fetch.client.blob(fetch.repository, blob, inner), fetch.into, pin.id, inner),
  );
  const written = await writeManifests(fetch, nodes, run);
  const upstreamIndex = await keepUpstream(fetch, graph, run);
  const reused = [...outcomes, ...written].every((outcome) => outcome.reused);
  run.emit({ kind: 'item-done', item: pin.id, outcome: reused ? 'reused' : 'done', bytes: totalSize(blobs) });
  return {
    kind: 'image',
    pin,
    root: graph.descriptor,
    blobs,
    platforms: graph.platforms,
    ...(upstreamIndex && { upstreamIndex }),
  };
}

/** Reads from the store what it has: a manifest that was pulled once is not asked for again. */
function graphReader({ client, fetcher, into, repository, pin }: ImageFetch): GraphReader {
  return {
    async manifest(descriptor, run) {
      if (descriptor.size <= MANIFEST_LIMIT && (await into.has(descriptor, run)))
        return readVerified(descriptor, into.open(descriptor, run), { origin: 'depot', place: 'the depot' });
      return client.manifest(repository, descriptor, run);
    },
    async platformOf(config, run) {
      if (!isImageConfigType(config.mediaType) || config.size > MANIFEST_LIMIT) return undefined;
      const quiet = untold(run);
      await fetcher.fetch(config, client.blob(repository, config, quiet), into, pin.id, quiet);
      return configPlatform(
        await readVerified(config, into.open(config, run), { origin: 'depot', place: 'the depot' }),
        pin.id,
      );
    },
  };
}

/** The configuration's bytes are told later, with all others. */
function untold(run: Run): Run {
  return { signal: run.signal, emit: (event) => event.kind !== 'bytes' && run.emit(event) };
}

function configPlatform(bytes: Uint8Array, item: string): Platform | undefined {
  const config = parseJson(bytes, `the configuration of ${item}`, { maxBytes: MANIFEST_LIMIT, maxDepth: 64 });
  return knownPlatform(typeof config === 'object' ? (config as Record<string, unknown> | null) : undefined);
}

/** Children before parents. */
async function writeManifests(
  fetch: ImageFetch,
  nodes: readonly ImageNode[],
  run: Run,
): Promise<Array<{ readonly reused: boolean }>> {
  const written: Array<{ readonly reused: boolean }> = [];
  for (const node of nodes) written.push(await writeManifest(fetch, node, run));
  return written;
}

async function writeManifest(
  { into, pin }: ImageFetch,
  node: ImageNode,
  run: Run,
): Promise<{ readonly reused: boolean }> {
  const { descriptor, bytes } = node;
  const reused = await into.has(descriptor, run);
  if (!reused && isComputed(node)) await into.add(descriptor.mediaType, bytes, run);
  else if (!reused) await into.put(descriptor, (from) => once(bytes.subarray(from)), run);
  run.emit({ kind: 'bytes', item: pin.id, bytes: descriptor.size, ...(reused && { reused }) });
  return { reused };
}

function isComputed(node: ImageNode): boolean {
  return node.kind === 'index' && node.upstream !== undefined;
}

/** The upstream index as it came is kept as a record of what was there to choose from; nothing needs it. */
async function keepUpstream(fetch: ImageFetch, root: ImageNode, run: Run): Promise<Descriptor | undefined> {
  const upstream = root.kind === 'index' ? root.upstream : undefined;
  if (upstream) await fetch.into.put(upstream.descriptor, (from) => once(upstream.bytes.subarray(from)), run);
  return upstream?.descriptor;
}

async function* once(bytes: Uint8Array): Bytes {
  yield bytes;
}
