import { type Bytes, MEDIA_TYPES, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { jsonReply, makeImage, makeTlsIdentity, startHttpServer, startRegistry } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createOciClient } from './oci-client.ts';

const image = await makeImage();
const http = createHttpClient({ wait: async () => {} });
const client = createOciClient(http);

async function read(bytes: Bytes): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk.slice());
  return Buffer.concat(chunks);
}

describe('an OCI client', () => {
  it('finds Docker Hub under its API name, with its token and certificate', async () => {
    const tls = await makeTlsIdentity(['registry-1.docker.io', '127.0.0.1']);
    const login = { username: 'u', password: 'p' };
    await using registry = await startRegistry({
      tls,
      auth: { kind: 'bearer', ...login, anonymousPull: true },
    });
    registry.seedImage('library/app', '1', image);
    const secure = createHttpClient({
      ca: tls.ca,
      connectTo: new Map([['registry-1.docker.io:443', registry.host]]),
    });
    const hub = createOciClient(secure);
    expect(await hub.resolve('docker.io/library/app', '1', quietRun())).toEqual(image.root);
    expect(
      Buffer.compare(await hub.manifest('docker.io/library/app', image.root, quietRun()), image.manifest),
    ).toBe(0);
    expect(registry.requests[0]?.headers['host']).toBe('registry-1.docker.io');
    secure.close();
  });

  it.each([400, 405, 501])('resolves by GET where HEAD is answered with %d', async (status) => {
    await using registry = await startRegistry({
      faults: [{ match: ({ method }) => method === 'HEAD', do: { kind: 'status', status } }],
    });
    registry.seedImage('app', '1', image);
    expect(await client.resolve(`${registry.host}/app`, '1', quietRun())).toEqual(image.root);
  });

  it('resolves by GET where the headers do not tell everything', async () => {
    await using server = await startHttpServer(() => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: image.manifest,
    }));
    expect(await client.resolve(`${server.host}/app`, '1', quietRun())).toEqual(image.root);
    expect(await client.resolve(`${server.host}/app`, image.root.digest, quietRun())).toEqual(image.root);
    await expect(
      client.resolve(`${server.host}/app`, `sha256:${'0'.repeat(64)}`, quietRun()),
    ).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('notices a registry that announces another digest than the one asked for', async () => {
    await using registry = await startRegistry({
      faults: [{ match: () => true, do: { kind: 'wrongDigestHeader' } }],
    });
    registry.seedImage('app', '1', image);
    await expect(client.resolve(`${registry.host}/app`, image.root.digest, quietRun())).rejects.toMatchObject(
      { code: 'DIGEST_MISMATCH', message: expect.stringContaining(image.root.digest) },
    );
  });

  it.each([
    ['size', { ...image.root, size: image.root.size + 1 }, 'SIZE_MISMATCH'],
    ['media type', { ...image.root, mediaType: MEDIA_TYPES.dockerManifest }, 'CONTENT_INVALID'],
    ['size beyond the limit', { ...image.root, size: (4 << 20) + 1 }, 'LIMIT_EXCEEDED'],
  ])('refuses a manifest with another %s', async (_, descriptor, code) => {
    await using registry = await startRegistry();
    registry.seedImage('app', '1', image);
    await expect(client.manifest(`${registry.host}/app`, descriptor, quietRun())).rejects.toMatchObject({
      code,
    });
  });

  it('reads a blob from any offset', async () => {
    await using registry = await startRegistry();
    registry.seedImage('app', '1', image);
    const [config] = image.blobs;
    if (config === undefined) throw new Error('no config');
    const [place, ...more] = client.blob(`${registry.host}/app`, config, quietRun());
    if (place === undefined) throw new Error('no place');
    const whole = await read(place.bytes(0));
    expect(whole.byteLength).toBe(config.size);
    expect(Buffer.compare(await read(place.bytes(10)), whole.subarray(10))).toBe(0);
    expect(more).toEqual([]);
  });

  it('lists the tags of all pages', async () => {
    await using registry = await startRegistry({ tagsPerPage: 2 });
    const names = ['1.0', '1.1', '1.2', '2.0', 'latest'];
    for (const tag of names) registry.seedImage('app', tag, image);
    expect([...(await client.tags(`${registry.host}/app`, quietRun()))].sort()).toEqual(names);
    expect(registry.requests).toHaveLength(3);
    await expect(client.tags(`${registry.host}/none`, quietRun())).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
    });
  });

  it.each([
    ['another host', '<http://elsewhere.example/v2/app/tags/list>; rel="next"', 'PROTOCOL_VIOLATION'],
    ['itself for ever', '</v2/app/tags/list?n=1000>; rel="next"', 'LIMIT_EXCEEDED'],
  ])('follows no pages to %s', async (_, link, code) => {
    await using server = await startHttpServer(() => jsonReply(200, { name: 'app', tags: ['a'] }, { link }));
    await expect(client.tags(`${server.host}/app`, quietRun())).rejects.toMatchObject({ code });
  });

  it('reads a list without tags, and leaves out what is no tag', async () => {
    await using empty = await startHttpServer(() => jsonReply(200, { name: 'app', tags: null }));
    expect(await client.tags(`${empty.host}/app`, quietRun())).toEqual([]);
    await using odd = await startHttpServer(() => jsonReply(200, { tags: ['ok', '../x', '', 'a b'] }));
    expect(await client.tags(`${odd.host}/app`, quietRun())).toEqual(['ok']);
  });

  it.each(['app', '/app', 'host/'])('refuses %s as a repository', async (repository) => {
    await expect(client.tags(repository, quietRun())).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
  });
});
