import {
  type BlobReader,
  type Descriptor,
  type Digest,
  digestOf,
  GapferryError,
  MEDIA_TYPES,
  type Run,
  requireDigest,
  type SizedDigest,
} from '@gapferry/core';
import type { OciRegistry, PushBlobOptions, PushManifestOptions } from '../registry/oci-registry.ts';

const MANIFESTS = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerIndex,
  MEDIA_TYPES.dockerManifest,
].join(', ');

/** The protocol by the shortest way: whole bodies, plain HTTP, without the care that a real one takes. */
export function plainRegistry(): OciRegistry {
  return {
    manifest,
    readManifest,
    hasBlob,
    pushBlob,
    abandonUploads: async () => {},
    pushManifest,
    referrers,
    tags,
    removeManifest,
    unlistReferrers,
    answersAsRegistry,
    tryUpload,
  };
}

async function manifest(repository: string, reference: string, run: Run): Promise<Descriptor | undefined> {
  const head = await ask(repository, `manifests/${reference}`, run, { method: 'HEAD' });
  if (head.status === 404) return undefined;
  requireStatus(head, 200);
  return {
    mediaType: head.headers.get('content-type') ?? '',
    digest: head.headers.get('docker-content-digest') as Digest,
    size: Number(head.headers.get('content-length')),
  };
}

async function tags(repository: string, run: Run): Promise<readonly string[]> {
  const answer = await ask(repository, 'tags/list', run);
  if (answer.status === 404) return [];
  requireStatus(answer, 200);
  return ((await answer.json()) as { tags: string[] | null }).tags ?? [];
}

async function removeManifest(
  repository: string,
  digest: Digest,
  run: Run,
): Promise<'removed' | 'gone' | 'unsupported'> {
  const answer = await ask(repository, `manifests/${digest}`, run, { method: 'DELETE' });
  if (answer.status === 404) return 'gone';
  if (answer.status === 405) return 'unsupported';
  requireStatus(answer, 202);
  return 'removed';
}

async function unlistReferrers(
  repository: string,
  subject: Digest,
  deleted: readonly Digest[],
  run: Run,
): Promise<'removed' | 'gone' | 'unsupported'> {
  const tag = subject.replace(':', '-');
  const there = await manifest(repository, tag, run);
  if (there === undefined) return 'gone';
  const index = JSON.parse(Buffer.from(await readManifest(repository, there, run)).toString());
  const manifests = index.manifests.filter(({ digest }: Descriptor) => !deleted.includes(digest));
  if (manifests.length === 0) return await removeManifest(repository, there.digest, run);
  const bytes = Buffer.from(JSON.stringify({ ...index, manifests }));
  await pushManifest(repository, tag, there, bytes, { item: tag }, run);
  return 'removed';
}

async function readManifest(repository: string, descriptor: Descriptor, run: Run): Promise<Uint8Array> {
  const answer = await ask(repository, `manifests/${descriptor.digest}`, run);
  if (answer.status === 404) throw new GapferryError({ code: 'BLOB_MISSING', message: 'no such manifest' });
  requireStatus(answer, 200);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  requireDigest(descriptor, digestOf(bytes), { origin: 'target', place: repository });
  return bytes;
}

async function hasBlob(repository: string, { digest, size }: SizedDigest, run: Run): Promise<boolean> {
  const head = await ask(repository, `blobs/${digest}`, run, { method: 'HEAD' });
  if (head.status !== 404) requireStatus(head, 200);
  return head.status === 200 && head.headers.get('content-length') === String(size);
}

async function pushBlob(
  repository: string,
  blob: SizedDigest,
  from: BlobReader,
  { mountFrom = [] }: PushBlobOptions,
  run: Run,
): Promise<{ sent: number }> {
  for (const other of mountFrom) {
    const query = `mount=${blob.digest}&from=${pathOf(other)}`;
    const mounted = await ask(repository, `blobs/uploads/?${query}`, run, { method: 'POST' });
    if (mounted.status === 201) return { sent: 0 };
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of from.open(blob, run)) chunks.push(Uint8Array.from(chunk));
  const body = Buffer.concat(chunks);
  const put = await ask(repository, `blobs/uploads/?digest=${blob.digest}`, run, { method: 'POST', body });
  requireStatus(put, 201);
  return { sent: body.byteLength };
}

async function pushManifest(
  repository: string,
  reference: string,
  { mediaType }: Descriptor,
  bytes: Uint8Array,
  _options: PushManifestOptions,
  run: Run,
): Promise<void> {
  const headers = { 'content-type': mediaType };
  const put = await ask(repository, `manifests/${reference}`, run, {
    method: 'PUT',
    body: Buffer.from(bytes),
    headers,
  });
  requireStatus(put, 201);
}

async function referrers(repository: string, digest: Digest, run: Run): Promise<readonly Descriptor[]> {
  const answer = await ask(repository, `referrers/${digest}`, run);
  if (answer.status === 404) return [];
  requireStatus(answer, 200);
  return ((await answer.json()) as { manifests: Descriptor[] }).manifests;
}

async function answersAsRegistry(repository: string): Promise<boolean> {
  return (await fetch(`http://${repository.slice(0, repository.indexOf('/'))}/v2/`)).status === 200;
}

async function tryUpload(repository: string, run: Run): Promise<'cancelled'> {
  const begun = await ask(repository, 'blobs/uploads/', run, { method: 'POST' });
  requireStatus(begun, 202);
  await fetch(new URL(begun.headers.get('location') ?? '', begun.url), { method: 'DELETE' });
  return 'cancelled';
}

function ask(repository: string, path: string, run: Run, init: RequestInit = {}): Promise<Response> {
  const host = repository.slice(0, repository.indexOf('/'));
  return fetch(`http://${host}/v2/${pathOf(repository)}/${path}`, {
    ...init,
    headers: { accept: MANIFESTS, ...init.headers },
    signal: run.signal,
  });
}

function pathOf(repository: string): string {
  return repository.slice(repository.indexOf('/') + 1);
}

function requireStatus({ status, url }: Response, wanted: number): void {
  if (status === wanted) return;
  throw new GapferryError({
    code: 'SERVER_ERROR',
    message: `${new URL(url).host} answered ${status}`,
    origin: 'source',
  });
}
