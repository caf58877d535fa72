import { digestOf, MEDIA_TYPES, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { memoryBlobStore, startHttpServer, type TestServer } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { createRegistryWriter, type RegistryWriter } from './registry-writer.ts';

const run = quietRun();
const BLOB = Buffer.from('a layer');
const blob = { digest: digestOf(BLOB), size: BLOB.byteLength };
const manifest = { mediaType: MEDIA_TYPES.ociManifest, ...blob };
const PAGE = { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<p>Sign in</p>' };

/** What stands before many registries: whoever is not known is sent to a page, and whoever asks with HEAD is not told how long it is. */
const gateway = (): Promise<TestServer> =>
  startHttpServer(({ path, method }, response) => {
    if (path !== '/login') return { status: 302, headers: { location: '/login' } };
    if (method !== 'HEAD') return PAGE;
    response.writeHead(200, { ...PAGE.headers, 'transfer-encoding': 'chunked' }).end();
    return undefined;
  });

it.each<[string, (writer: RegistryWriter, repository: string) => Promise<unknown>]>([
  ['a blob', (writer, repository) => writer.hasBlob(repository, blob, run)],
  ['a tag', (writer, repository) => writer.manifest(repository, '1.0', run)],
  ['a manifest by its digest', (writer, repository) => writer.readManifest(repository, manifest, run)],
  [
    'a blob that was pushed',
    async (writer, repository) => {
      const store = memoryBlobStore();
      await store.add('application/octet-stream', BLOB, run);
      return await writer.pushBlob(repository, blob, store, { item: 'app' }, run);
    },
  ],
])('a page to sign in is not taken for %s', async (_, act) => {
  await using server = await gateway();
  const http = createHttpClient({ wait: async () => {} });
  const writer = createRegistryWriter(http, { wait: async () => {} });
  await expect(act(writer, `${server.host}/team/app`)).rejects.toMatchObject({
    code: 'PROTOCOL_VIOLATION',
    origin: 'target',
    message: expect.stringContaining('a web page'),
  });
  http.close();
});

it('a blob that is a web page itself is no page to sign in', async () => {
  const headers = { ...PAGE.headers, 'docker-content-digest': blob.digest };
  await using server = await startHttpServer(() => ({ status: 200, headers, body: BLOB }));
  const http = createHttpClient({ wait: async () => {} });
  const writer = createRegistryWriter(http, { wait: async () => {} });
  expect(await writer.hasBlob(`${server.host}/team/docs`, blob, run)).toBe(true);
  http.close();
});

it('a manifest that another digest is said of is not the one that was asked for', async () => {
  const other = digestOf(Buffer.from('another'));
  await using server = await startHttpServer(() => ({
    status: 200,
    headers: { 'content-type': MEDIA_TYPES.ociManifest, 'docker-content-digest': other },
    body: BLOB,
  }));
  const http = createHttpClient({ wait: async () => {} });
  const writer = createRegistryWriter(http, { wait: async () => {} });
  const repository = `${server.host}/team/app`;
  const wanted = digestOf(Buffer.from('wanted'));
  await expect(writer.manifest(repository, wanted, run)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(await writer.manifest(repository, blob.digest, run)).toMatchObject(blob);
  expect(await writer.manifest(repository, '1.0', run)).toMatchObject({ digest: other });
  http.close();
});
