import { setImmediate as turn } from 'node:timers/promises';
import { type BlobReader, type GapferryError, quietRun, type SizedDigest } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type BatchAnswer,
  makeTlsIdentity,
  memoryBlobStore,
  startHttpServer,
  type TestServer,
} from '@gapferry/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf, OLD, SMALL } from '../testing/lfs-world.ts';
import { lfsRemote } from './lfs-remote.ts';

const run = quietRun();
const NAME = 'git.plant.test';
const SECRET = 'Basic ZmVycnk6U2VzYW0tNDc=';
const blobOf = (bytes: Uint8Array): SizedDigest => ({ digest: digestOf(bytes), size: bytes.byteLength });
let medium: BlobReader;
beforeAll(async () => {
  const store = memoryBlobStore();
  for (const content of [OLD, SMALL]) await store.add('application/octet-stream', content, run);
  medium = store;
});

type Answers = (asked: { operation: string; objects: BatchAnswer['objects'] }) => BatchAnswer['objects'];

/** A host over TLS whose API answers so, and takes whatever is put. */
async function hostOf(answers: Answers): Promise<TestServer & { readonly ca: string }> {
  const tls = await makeTlsIdentity([NAME]);
  const server = await startHttpServer(
    async ({ path, body }) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      if (!path.endsWith('/objects/batch')) return { status: 200 };
      const objects = answers(JSON.parse(Buffer.concat(chunks).toString()));
      const headers = { 'content-type': 'application/vnd.git-lfs+json' };
      return { status: 200, headers, body: JSON.stringify({ objects }) };
    },
    { tls },
  );
  return Object.assign(server, { ca: tls.ca });
}

/** Ports of the name, and the servers that answer there. */
function remoteAt(ca: string, places: Readonly<Record<number, TestServer>>, also: readonly string[] = []) {
  const connectTo = new Map(Object.entries(places).map(([port, { host }]) => [`${NAME}:${port}`, host]));
  const wait = async (): Promise<void> => {};
  const http = createHttpClient({ onlyHosts: [NAME, ...also], ca, connectTo, wait });
  return lfsRemote({ http, wait });
}
const repository = `https://${NAME}/ops/line-a.git`;
const uploadTo =
  (href: string): Answers =>
  ({ objects }) =>
    objects.map((object) => ({
      ...object,
      actions: { upload: { href, header: { Authorization: SECRET } } },
    }));

describe('a host whose Git LFS is set up badly, or lies', () => {
  it('and names an address of plain HTTP of its own is sent to over TLS all the same: what is behind a proxy does not know better', async () => {
    await using plain = await startHttpServer(() => ({ status: 200 }));
    await using host = await hostOf(uploadTo(`http://${NAME}/ops/line-a.git/info/lfs/objects/1?x=%2F`));
    const remote = remoteAt(host.ca, { 443: host, 80: plain });
    expect(await remote.send(repository, [blobOf(SMALL)], medium, 'git ops/line-a', run)).toBe(
      SMALL.byteLength,
    );
    expect(plain.requests).toEqual([]);
    expect(host.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /ops/line-a.git/info/lfs/objects/batch',
      'PUT /ops/line-a.git/info/lfs/objects/1?x=%2F',
    ]);
  });

  it('and names a port of its own that it is reached by behind a proxy is sent to over TLS as well', async () => {
    await using host = await hostOf(uploadTo(`http://${NAME}:3000/Ops/line-a.git/info/lfs/objects/1`));
    const remote = remoteAt(host.ca, { 443: host });
    await remote.send(repository, [blobOf(SMALL)], medium, 'git ops/line-a', run);
    expect(host.requests.at(-1)).toMatchObject({ url: '/Ops/line-a.git/info/lfs/objects/1' });
  });

  it('and names plain HTTP of something else on its machine does not get what is meant for that', async () => {
    await using host = await hostOf(uploadTo(`http://${NAME}:9000/lfs/1?X-Amz-Signature=47`));
    const remote = remoteAt(host.ca, { 443: host });
    const sending = remote.send(repository, [blobOf(SMALL)], medium, 'git ops/line-a', run);
    await expect(sending).rejects.toThrow(`sends from https to plain HTTP (${NAME}:9000)`);
    expect(host.requests).toHaveLength(1);
  });

  it('and names plain HTTP of another host gets nothing, and neither does that one', async () => {
    await using plain = await startHttpServer(() => ({ status: 200 }));
    await using host = await hostOf(uploadTo(`http://${plain.host}/up`));
    const remote = remoteAt(host.ca, { 443: host }, [plain.host]);
    const sending = remote.send(repository, [blobOf(SMALL)], medium, 'git ops/line-a', run);
    await expect(sending).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
      message: expect.stringContaining('plain HTTP'),
    });
    expect(await sending.catch((error: GapferryError) => error.message)).not.toContain('/up');
    expect(plain.requests).toEqual([]);
  });

  it('and does not say how an object is to be had, has not got it', async () => {
    await using host = await hostOf(({ objects }) => objects);
    const remote = remoteAt(host.ca, { 443: host });
    const all = [OLD, SMALL].map(blobOf);
    expect(await remote.missing(repository, all, 'git ops/line-a', run)).toEqual(all);
  });

  it('and refuses one object is sent no other behind the back of who asked', async () => {
    await using host = await hostOf(({ objects }) =>
      objects.map((object, i) =>
        i === 0
          ? { ...object, error: { code: 422, message: 'over the limit' } }
          : { ...object, actions: { upload: { href: `https://${NAME}/up/${i}` } } },
      ),
    );
    const store = memoryBlobStore();
    const contents = Array.from({ length: 12 }, (_, i) => Buffer.from(`object ${i}`));
    for (const content of contents) await store.add('application/octet-stream', content, run);
    const remote = remoteAt(host.ca, { 443: host });
    const sending = remote.send(repository, contents.map(blobOf), store, 'git ops/line-a', run);
    await expect(sending).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    const puts = (): number => host.requests.filter(({ method }) => method === 'PUT').length;
    const then = puts();
    for (let i = 0; i < 50; i += 1) await turn();
    await host.close();
    expect(puts()).toBe(then);
    expect(then).toBeLessThan(contents.length - 1);
  });
});
