import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { readContent } from '../content/content.ts';
import { makeImage } from '../content/image.ts';
import { startRegistry, type TestRegistry } from './registry.ts';
import type { RegistryQuirks } from './registry-quirks.ts';

const octets = { 'content-type': 'application/octet-stream' };

async function begin(registry: TestRegistry, query = ''): Promise<Response> {
  return fetch(`${registry.url}/v2/app/blobs/uploads/${query}`, { method: 'POST' });
}

function send(
  registry: TestRegistry,
  method: string,
  before: Response,
  body: string,
  query = '',
  range?: string,
): Promise<Response> {
  const url = new URL(`${before.headers.get('location')}${query}`, registry.url);
  const headers = { ...octets, ...(range !== undefined && { 'content-range': range }) };
  return fetch(url, { method, headers, body });
}

async function errorOf(answer: Response): Promise<{ code: string; message: string } | undefined> {
  return ((await answer.json()) as { errors: Array<{ code: string; message: string }> }).errors[0];
}

describe('what registries do otherwise', () => {
  it('appends a chunk whatever its range says', async () => {
    await using registry = await startRegistry({ quirks: { ignoresContentRange: true } });
    const first = await send(registry, 'PATCH', await begin(registry), 'abc');
    const wrong = await send(registry, 'PATCH', first, 'xyz', '', '0-2');
    expect([wrong.status, wrong.headers.get('range')]).toEqual([202, '0-5']);
  });

  it('says absolute Locations', async () => {
    await using registry = await startRegistry({ quirks: { absoluteLocations: true } });
    const begun = await begin(registry);
    expect(begun.headers.get('location')).toMatch(new RegExp(`^${registry.url}/v2/app/blobs/uploads/`));
    expect((await send(registry, 'PATCH', begun, 'abc')).headers.get('range')).toBe('0-2');
  });

  it('drops the body of POST ?digest= and goes on with a session', async () => {
    await using registry = await startRegistry({ quirks: { ignoresPostDigest: true } });
    const url = `${registry.url}/v2/app/blobs/uploads/?digest=${digestOf('abc')}`;
    const answer = await fetch(url, { method: 'POST', body: 'abc', headers: octets });
    expect([answer.status, answer.headers.get('range')]).toEqual([202, '0-0']);
    expect((await send(registry, 'PUT', answer, 'abc', `&digest=${digestOf('abc')}`)).status).toBe(201);
  });

  it('keeps what came of a chunk that was cut', async () => {
    await using registry = await startRegistry({ quirks: { cutChunk: 'kept' } });
    const first = await send(registry, 'PATCH', await begin(registry), 'abc');
    const cut = { kind: 'cutUpload', afterBytes: 2 } as const;
    registry.addFault({ match: ({ method }) => method === 'PATCH', times: 1, do: cut });
    await expect(send(registry, 'PATCH', first, 'defg')).rejects.toThrow();
    const asked = await fetch(new URL(String(first.headers.get('location')), registry.url));
    expect([asked.status, asked.headers.get('range')]).toEqual([204, '0-4']);
  });

  it('says how long chunks must be, and refuses one after a short one', async () => {
    await using registry = await startRegistry({ quirks: { minChunk: 4 } });
    const begun = await begin(registry);
    expect(begun.headers.get('oci-chunk-min-length')).toBe('4');
    const short = await send(registry, 'PATCH', begun, 'abc');
    expect(short.status).toBe(202);
    expect((await send(registry, 'PATCH', short, 'defg')).status).toBe(400);
  });

  it('mounts nothing', async () => {
    await using registry = await startRegistry({ quirks: { neverMounts: true } });
    const image = await makeImage();
    registry.seedImage('from', '1', image);
    expect((await begin(registry, `?mount=${image.blobs[0]?.digest}&from=from`)).status).toBe(202);
  });

  it('answers 502 to a form', async () => {
    await using registry = await startRegistry({ quirks: { octetsOnly: true } });
    const begun = await begin(registry);
    const url = new URL(String(begun.headers.get('location')), registry.url);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await fetch(url, { method: 'PATCH', body: 'abc', headers })).status).toBe(502);
    expect((await send(registry, 'PATCH', begun, 'abc')).status).toBe(202);
  });

  it('knows no other projects, with 401 and an empty challenge', async () => {
    await using registry = await startRegistry({ quirks: { projects: ['library'] } });
    const answer = await fetch(`${registry.url}/v2/nope/app/manifests/1`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, '']);
    const said = await fetch(`${registry.url}/v2/nope/app/blobs/uploads/`, { method: 'POST' });
    expect(await errorOf(said)).toMatchObject({ code: 'UNAUTHORIZED', message: 'project nope not found' });
  });

  it.each<[number, RegistryQuirks]>([
    [403, { quota: 5 }],
    [413, { quota: 5, quotaStatus: 413 }],
    [500, { quota: 5, quotaStatus: 500 }],
  ])('refuses what goes beyond the quota with %d', async (status, quirks) => {
    await using registry = await startRegistry({ quirks });
    expect(
      (await send(registry, 'PUT', await begin(registry), 'abc', `&digest=${digestOf('abc')}`)).status,
    ).toBe(201);
    const more = await send(registry, 'PUT', await begin(registry), 'def', `&digest=${digestOf('def')}`);
    expect(more.status).toBe(status);
    expect(await errorOf(more)).toMatchObject({
      code: 'DENIED',
      message: expect.stringContaining('will exceed the configured upper limit'),
    });
  });

  it('sets a tag once, and refuses even the same content afterwards', async () => {
    await using registry = await startRegistry({ quirks: { immutableTags: true } });
    const image = await makeImage();
    registry.seedImage('app', '1', image);
    const put = (reference: string): Promise<Response> =>
      fetch(`${registry.url}/v2/app/manifests/${reference}`, {
        method: 'PUT',
        headers: { 'content-type': image.root.mediaType },
        body: Buffer.from(image.manifest),
      });
    const refused = await put('1');
    expect([refused.status, (await errorOf(refused))?.message]).toEqual([
      412,
      expect.stringContaining('immutable'),
    ]);
    expect([(await put('2')).status, (await put(image.root.digest)).status]).toEqual([201, 201]);
  });

  it('wants the subject first, and says OCI-Subject only where it has the referrers API', async () => {
    await using registry = await startRegistry({ referrers: false, quirks: { subjectFirst: true } });
    const subject = await makeImage();
    const signature = await makeImage({ subject: subject.root, artifactType: 'application/x-signature' });
    for (const { digest, content } of signature.blobs)
      await fetch(`${registry.url}/v2/app/blobs/uploads/?digest=${digest}`, {
        method: 'POST',
        headers: octets,
        body: Buffer.from(await readContent(content)),
      });
    const put = (): Promise<Response> =>
      fetch(`${registry.url}/v2/app/manifests/${signature.root.digest}`, {
        method: 'PUT',
        headers: { 'content-type': signature.root.mediaType },
        body: Buffer.from(signature.manifest),
      });
    expect((await put()).status).toBe(404);
    registry.seedImage('app', undefined, subject);
    const taken = await put();
    expect([taken.status, taken.headers.get('oci-subject')]).toEqual([201, null]);
  });

  it('does what it is asked and loses the answer', async () => {
    await using registry = await startRegistry();
    const begun = await begin(registry);
    registry.addFault({ match: ({ method }) => method === 'PATCH', do: { kind: 'lostAnswer' } });
    await expect(send(registry, 'PATCH', begun, 'abc')).rejects.toThrow();
    const asked = await fetch(new URL(String(begun.headers.get('location')), registry.url));
    expect(asked.headers.get('range')).toBe('0-2');
  });
});
