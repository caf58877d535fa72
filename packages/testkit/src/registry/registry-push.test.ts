import { digestOf, isDigest, MEDIA_TYPES } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { readContent } from '../content/content.ts';
import { makeImage, makeIndex, type TestImage } from '../content/image.ts';
import { startRegistry, type TestRegistry } from './registry.ts';

const octets = { 'content-type': 'application/octet-stream' };

describe('pushing blobs', () => {
  it('takes a blob in one POST and says its digest', async () => {
    await using registry = await startRegistry();
    const bytes = Buffer.from('hello');
    const answer = await fetch(`${registry.url}/v2/a/b/blobs/uploads/?digest=${digestOf(bytes)}`, {
      method: 'POST',
      headers: octets,
      body: bytes,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('docker-content-digest')).toBe(digestOf(bytes));
    expect(registry.hasBlob('a/b', digestOf(bytes))).toBe(true);
  });

  it('takes a blob in chunks, and tells how far it came', async () => {
    await using registry = await startRegistry();
    const bytes = Buffer.from('hello, world');
    const begun = await begin(registry, 'app');
    const first = await send(registry, 'PATCH', begun, bytes.subarray(0, 5), '0-4');
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-4']);
    const second = await send(registry, 'PATCH', locationOf(first), bytes.subarray(5, 9), '5-8');
    const asked = await fetch(registry.url + locationOf(second));
    expect([asked.status, asked.headers.get('range')]).toEqual([204, '0-8']);
    const done = await send(
      registry,
      'PUT',
      `${locationOf(second)}&digest=${digestOf(bytes)}`,
      bytes.subarray(9),
    );
    expect(done.status).toBe(201);
    const read = await fetch(`${registry.url}/v2/app/blobs/${digestOf(bytes)}`);
    expect(await read.text()).toBe('hello, world');
    expect(registry.openUploads).toBe(0);
  });

  it('refuses a chunk out of order with 416 and the range it has', async () => {
    await using registry = await startRegistry();
    const first = await send(registry, 'PATCH', await begin(registry, 'app'), Buffer.from('abc'), '0-2');
    const wrong = await send(registry, 'PATCH', locationOf(first), Buffer.from('xyz'), '5-7');
    expect([wrong.status, wrong.headers.get('range')]).toEqual([416, '0-2']);
    expect(await codeOf(wrong)).toBe('RANGE_INVALID');
  });

  it('refuses content that has another digest, and forgets it', async () => {
    await using registry = await startRegistry();
    const at = `${await begin(registry, 'app')}&digest=${digestOf('right')}`;
    const answer = await send(registry, 'PUT', at, Buffer.from('wrong'));
    expect([answer.status, await codeOf(answer)]).toEqual([400, 'DIGEST_INVALID']);
    expect(registry.hasBlob('app', digestOf('right'))).toBe(false);
    expect(registry.hasBlob('app', digestOf('wrong'))).toBe(false);
  });

  it('refuses the Location of an earlier answer', async () => {
    await using registry = await startRegistry();
    const begun = await begin(registry, 'app');
    await send(registry, 'PATCH', begun, Buffer.from('abc'));
    const stale = await send(registry, 'PATCH', begun, Buffer.from('def'));
    expect([stale.status, await codeOf(stale)]).toEqual([400, 'BLOB_UPLOAD_INVALID']);
  });

  it('forgets an upload that is cancelled', async () => {
    await using registry = await startRegistry();
    const begun = await begin(registry, 'app');
    expect((await fetch(registry.url + begun, { method: 'DELETE' })).status).toBe(204);
    const gone = await send(registry, 'PATCH', begun, Buffer.from('abc'));
    expect([gone.status, await codeOf(gone)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    expect(registry.openUploads).toBe(0);
  });

  it('forgets an upload whose chunk is cut in the middle, as distribution 2.8 does', async () => {
    await using registry = await startRegistry();
    const first = await send(registry, 'PATCH', await begin(registry, 'app'), Buffer.from('abc'));
    const cut = { kind: 'cutUpload', afterBytes: 2 } as const;
    registry.addFault({ match: ({ method }) => method === 'PATCH', times: 1, do: cut });
    await expect(send(registry, 'PATCH', locationOf(first), Buffer.from('defg'))).rejects.toThrow();
    const again = await send(registry, 'PATCH', locationOf(first), Buffer.from('defg'));
    expect([again.status, await codeOf(again)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    expect(registry.openUploads).toBe(0);
  });

  it('mounts from another repository what is there, and begins an upload for what is not', async () => {
    await using registry = await startRegistry();
    const image = await makeImage();
    registry.seedImage('from', '1', image);
    const config = image.blobs[0]?.digest;
    const mount = (digest: string): Promise<Response> =>
      fetch(`${registry.url}/v2/to/blobs/uploads/?mount=${digest}&from=from`, { method: 'POST' });
    expect((await mount(String(config))).status).toBe(201);
    expect(isDigest(config) && registry.hasBlob('to', config)).toBe(true);
    expect((await mount(digestOf('nowhere'))).status).toBe(202);
  });
});

describe('pushing manifests', () => {
  it('refuses a manifest whose blob is missing and names it', async () => {
    await using registry = await startRegistry();
    const image = await makeImage();
    await pushBlobs(registry, 'app', { ...image, blobs: image.blobs.slice(0, 1) });
    const answer = await putManifest(registry, 'app', '1', image);
    expect(answer.status).toBe(400);
    const { errors } = (await answer.json()) as { errors: [{ code: string; detail: string[] }] };
    expect(errors[0].code).toBe('MANIFEST_BLOB_UNKNOWN');
    expect(errors[0].detail).toEqual([image.blobs[1]?.digest]);
    expect(registry.tagged('app', '1')).toBeUndefined();
  });

  it('does not see the blobs of another repository', async () => {
    await using registry = await startRegistry();
    const image = await makeImage();
    registry.seedImage('other', '1', image);
    expect((await putManifest(registry, 'app', '1', image)).status).toBe(400);
  });

  it('refuses an index before its children and takes it after them', async () => {
    await using registry = await startRegistry();
    const child = await makeImage();
    const index = makeIndex([child]);
    const early = await putManifest(registry, 'app', '1', index);
    expect([early.status, await codeOf(early)]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    await pushBlobs(registry, 'app', child);
    expect((await putManifest(registry, 'app', child.root.digest, child)).status).toBe(201);
    expect((await putManifest(registry, 'app', '1', index)).status).toBe(201);
    expect(registry.tagged('app', '1')).toBe(index.root.digest);
  });

  it('refuses a manifest under a digest that is not its own, and a bad tag', async () => {
    await using registry = await startRegistry();
    const image = await makeImage();
    await pushBlobs(registry, 'app', image);
    const digest = await putManifest(registry, 'app', digestOf('other'), image);
    expect([digest.status, await codeOf(digest)]).toEqual([400, 'DIGEST_INVALID']);
    const tag = await putManifest(registry, 'app', '.bad', image);
    expect([tag.status, await codeOf(tag)]).toEqual([400, 'TAG_INVALID']);
  });

  it.each([
    ['no JSON', 'nonsense', MEDIA_TYPES.ociManifest],
    [
      'another media type than it says',
      JSON.stringify({ schemaVersion: 2, mediaType: 'x' }),
      MEDIA_TYPES.ociManifest,
    ],
    ['no Content-Type it knows', '{"schemaVersion":2}', 'application/json'],
    ['no config', '{"schemaVersion":2,"layers":[]}', MEDIA_TYPES.ociManifest],
    ['schema version 1', '{"schemaVersion":1}', MEDIA_TYPES.ociManifest],
  ])('refuses a manifest with %s', async (_what, body, type) => {
    await using registry = await startRegistry();
    const place = `${registry.url}/v2/app/manifests/1`;
    const answer = await fetch(place, { method: 'PUT', body, headers: { 'content-type': type } });
    expect([answer.status, await codeOf(answer)]).toEqual([400, 'MANIFEST_INVALID']);
  });

  it('refuses a manifest over 4 MiB', async () => {
    await using registry = await startRegistry();
    const place = `${registry.url}/v2/app/manifests/1`;
    const headers = { 'content-type': MEDIA_TYPES.ociManifest };
    const answer = await fetch(place, { method: 'PUT', body: Buffer.alloc(4_194_305), headers });
    expect(answer.status).toBe(413);
  });

  it('takes a manifest whose subject is missing and lists it for the subject', async () => {
    await using registry = await startRegistry();
    const subject = (await makeImage()).root;
    const signature = await makeImage({ subject, artifactType: 'application/x-signature', seed: 1 });
    await pushBlobs(registry, 'app', signature);
    const answer = await putManifest(registry, 'app', signature.root.digest, signature);
    expect([answer.status, answer.headers.get('oci-subject')]).toEqual([201, subject.digest]);
    const list = await fetch(`${registry.url}/v2/app/referrers/${subject.digest}?artifactType=none`);
    expect(list.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(await list.json()).toMatchObject({ manifests: [] });
    const all = await fetch(`${registry.url}/v2/app/referrers/${subject.digest}`);
    expect(await all.json()).toMatchObject({
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [{ digest: signature.root.digest, artifactType: 'application/x-signature' }],
    });
  });
});

async function begin(registry: TestRegistry, name: string): Promise<string> {
  const answer = await fetch(`${registry.url}/v2/${name}/blobs/uploads/`, { method: 'POST' });
  expect(answer.status).toBe(202);
  return locationOf(answer);
}

function send(
  registry: TestRegistry,
  method: string,
  location: string,
  body: Uint8Array<ArrayBuffer>,
  range?: string,
): Promise<Response> {
  const headers = { ...octets, ...(range !== undefined && { 'content-range': range }) };
  return fetch(registry.url + location, { method, headers, body });
}

function locationOf(answer: Response): string {
  return answer.headers.get('location') ?? 'no location';
}

async function pushBlobs(registry: TestRegistry, name: string, image: TestImage): Promise<void> {
  for (const { digest, content } of image.blobs) {
    const body = Buffer.from(await readContent(content));
    const answer = await send(registry, 'POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, body);
    expect(answer.status).toBe(201);
  }
}

function putManifest(registry: TestRegistry, name: string, ref: string, image: TestImage): Promise<Response> {
  const headers = { 'content-type': image.root.mediaType };
  const body = Buffer.from(image.manifest);
  return fetch(`${registry.url}/v2/${name}/manifests/${ref}`, { method: 'PUT', headers, body });
}

async function codeOf(answer: Response): Promise<string | undefined> {
  return ((await answer.json()) as { errors: Array<{ code: string }> }).errors[0]?.code;
}
