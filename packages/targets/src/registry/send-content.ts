import {
  type BlobReader,
  type Digest,
  type LoadOutcome,
  type OciContent,
  type Run,
  readVerified,
  type SizedDigest,
} from '@gapferry/core';
import { allOrStop } from '../all-or-stop.ts';
import { type ContentGraph, type ManifestNode, readContentGraph } from './content-graph.ts';
import type { RegistryPlace } from './registry-place.ts';

/** Sends what the registry lacks of a load: blobs first, the large ones first of all, then manifests by digest, children before parents, attachments after their subjects.
 *  The first failure stops the others. */
export async function sendContent(
  place: RegistryPlace,
  load: OciContent,
  missing: readonly SizedDigest[],
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  if (missing.length === 0) return { state: 'same', bytes: 0 };
  const graph = await readContentGraph(load, from, run);
  const repository = place.repositoryOf(load.repository);
  const sent = await sendBlobs(place, load, repository, blobsIn(graph, missing), from, run);
  const lacking = new Set(missing.map(({ digest }) => digest));
  const manifests = graph.manifests.filter(({ manifest }) => lacking.has(manifest.digest));
  const push = async ({ manifest }: ManifestNode, inner: Run): Promise<void> => {
    const bytes = await readVerified(manifest, from.open(manifest, inner), { origin: 'medium' });
    await place.registry.pushManifest(
      repository,
      manifest.digest,
      manifest,
      bytes,
      { item: load.item },
      inner,
    );
  };
  await inOrder(manifests, push, place, run);
  const bytes = manifests.reduce((sum, { manifest }) => sum + manifest.size, sent);
  return { state: 'loaded', bytes };
}

function blobsIn({ manifestDigests }: ContentGraph, missing: readonly SizedDigest[]): SizedDigest[] {
  return missing.filter(({ digest }) => !manifestDigests.has(digest)).sort((a, b) => b.size - a.size);
}

async function sendBlobs(
  { lanes }: RegistryPlace,
  { item }: OciContent,
  repository: string,
  blobs: readonly SizedDigest[],
  from: BlobReader,
  run: Run,
): Promise<number> {
  const sizes = await allOrStop(
    blobs,
    (blob, inner) => lanes.send({ ...blob, repository, item }, from, inner),
    run,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Every manifest once those that it needs are there; who needs none of the others goes at the same time. */
async function inOrder(
  nodes: readonly ManifestNode[],
  push: (node: ManifestNode, run: Run) => Promise<void>,
  place: RegistryPlace,
  run: Run,
): Promise<void> {
  const done = new Map<Digest, Promise<void>>();
  await allOrStop(
    nodes,
    (node, inner) => {
      const before = node.after.flatMap((digest) => done.get(digest) ?? []);
      const pushed = Promise.all(before).then(() => place.ask(() => push(node, inner)));
      done.set(node.manifest.digest, pushed);
      return pushed;
    },
    run,
  );
}
