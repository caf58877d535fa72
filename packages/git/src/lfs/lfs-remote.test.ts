import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type BlobReader, quietRun, type SizedDigest } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type LfsServerOptions,
  memoryBlobStore,
  mustRun,
  startHttpServer,
  startLfsServer,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, MODEL, OLD, SMALL } from '../testing/lfs-world.ts';
import { type LfsRemote, lfsRemote } from './lfs-remote.ts';

const run = quietRun();
const CREDENTIALS = { username: 'ferry', password: 'Sesam-47' };
const blobOf = (bytes: Uint8Array): SizedDigest => ({ digest: digestOf(bytes), size: bytes.byteLength });
const hexOf = (bytes: Uint8Array): string => digestOf(bytes).slice(7);
const ALL = [MODEL, OLD, SMALL].map(blobOf);
let home: TemporaryDirectory;
let medium: BlobReader;
beforeAll(async () => {
  home = await temporaryDirectory();
  await mkdir(home.join('srv'));
  const store = memoryBlobStore();
  for (const content of [MODEL, OLD, SMALL]) await store.add('application/octet-stream', content, run);
  medium = store;
});
afterAll(() => home.remove());

async function forge(options: LfsServerOptions = {}, also: readonly string[] = []) {
  const server = await startLfsServer(home.join('srv'), { auth: CREDENTIALS, ...options });
  const wait = async (): Promise<void> => {};
  const http = createHttpClient({
    onlyHosts: [server.host, ...also],
    credentials: async (host) => (host === server.host ? CREDENTIALS : undefined),
    wait,
    random: () => 0,
    idleTimeoutMs: 500,
  });
  const remote: LfsRemote = lfsRemote({ http, wait });
  return Object.assign(server, { remote, repository: `${server.url}/ops/line-a.git` });
}
const puts = ({ requests }: { readonly requests: ReadonlyArray<{ method: string; url: string }> }) =>
  requests.filter(({ method }) => method === 'PUT').map(({ url }) => url.slice(-64));

describe('Git LFS at a host that is loaded into', () => {
  it('says what is missing without sending anything, and gets exactly that', async () => {
    await using host = await forge();
    host.add(OLD);
    expect(await host.remote.missing(host.repository, ALL, 'git ops/line-a', run)).toEqual(
      [MODEL, SMALL].map(blobOf),
    );
    expect(puts(host)).toEqual([]);
    expect(await host.remote.send(host.repository, ALL, medium, 'git ops/line-a', run)).toBe(
      MODEL.byteLength + SMALL.byteLength,
    );
    expect(puts(host).sort()).toEqual([MODEL, SMALL].map(hexOf).sort());
    expect(Buffer.compare(host.objects.get(hexOf(MODEL)) ?? Buffer.alloc(0), MODEL)).toBe(0);
    expect(host.requests.filter(({ url }) => url.endsWith('/verify'))).toHaveLength(2);
    expect(await host.remote.missing(host.repository, ALL, 'git ops/line-a', run)).toEqual([]);
    expect(await host.remote.send(host.repository, ALL, medium, 'git ops/line-a', run)).toBe(0);
  });

  it('goes on after an upload that was cut, and after an answer that was lost', async () => {
    await using host = await forge();
    const isPut = ({ method }: { readonly method: string }): boolean => method === 'PUT';
    host.addFault({ match: isPut, times: 1, do: { kind: 'cutUpload', afterBytes: 1000 } });
    host.addFault({ match: isPut, times: 1, do: { kind: 'lostAnswer' } });
    await host.remote.send(host.repository, [blobOf(MODEL)], medium, 'git ops/line-a', run);
    expect(Buffer.compare(host.objects.get(hexOf(MODEL)) ?? Buffer.alloc(0), MODEL)).toBe(0);
  });

  it('is given up with the words of the host when it refuses an object', async () => {
    const distort: LfsServerOptions['distort'] = (answer) => {
      for (const object of answer.objects) object.error = { code: 422, message: 'over the limit' };
      return answer;
    };
    await using host = await forge({ distort });
    await expect(host.remote.send(host.repository, ALL, medium, 'git ops/line-a', run)).rejects.toMatchObject(
      {
        code: 'TARGET_CONFLICT',
        message: expect.stringContaining('over the limit'),
      },
    );
    await expect(host.remote.missing(host.repository, ALL, 'git ops/line-a', run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
    });
  });

  it('that says an upload is incomplete is not believed to have it', async () => {
    await using host = await forge();
    host.addFault({ match: ({ path }) => path.endsWith('/verify'), do: { kind: 'status', status: 404 } });
    await expect(
      host.remote.send(host.repository, [blobOf(SMALL)], medium, 'git ops/line-a', run),
    ).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });

  it('without Git LFS says so: TARGET_CONFLICT', async () => {
    await using host = await forge();
    host.addFault({ match: ({ path }) => path.includes('/info/lfs'), do: { kind: 'status', status: 404 } });
    await expect(host.remote.missing(host.repository, ALL, 'git ops/line-a', run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringContaining('no Git LFS'),
    });
  });

  it('sends nothing to another host than the target names', async () => {
    await using other = await startHttpServer(() => ({ status: 200 }));
    const distort: LfsServerOptions['distort'] = (answer) => {
      for (const { actions } of answer.objects)
        if (actions?.['upload']) actions['upload'] = { href: `${other.url}/up` };
      return answer;
    };
    await using host = await forge({ distort });
    await expect(
      host.remote.send(host.repository, [blobOf(SMALL)], medium, 'git ops/line-a', run),
    ).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION', hint: expect.stringContaining('also') });
    expect(other.requests).toEqual([]);
  });

  it('sends to another host that the target names, without its credentials', async () => {
    await using other = await startHttpServer(async (request) => {
      for await (const _ of request.body);
      return { status: 200 };
    });
    const distort: LfsServerOptions['distort'] = (answer) => {
      for (const { actions } of answer.objects)
        if (actions?.['upload']) {
          actions['upload'] = { href: `${other.url}/up` };
          delete actions['verify'];
        }
      return answer;
    };
    await using host = await forge({ distort }, [other.host]);
    await host.remote.send(host.repository, [blobOf(SMALL)], medium, 'git ops/line-a', run);
    expect(other.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined]);
  });

  it('on this machine is the store of the bare repository, as git-lfs has it', async () => {
    const path = home.join('bare.git');
    await mustRun('git', ['init', '-q', '--bare', path]);
    const remote = lfsRemote({ http: createHttpClient() });
    const url = `file://${path}`;
    expect(await remote.missing(url, ALL, 'git ops/line-a', run)).toEqual(ALL);
    await remote.send(url, ALL, medium, 'git ops/line-a', run);
    expect(await remote.missing(url, ALL, 'git ops/line-a', run)).toEqual([]);
    const hex = hexOf(SMALL);
    const place = `${path}/lfs/objects/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex}`;
    expect(await readFile(place)).toEqual(SMALL);
    await writeFile(place, 'cut');
    expect(await remote.send(url, ALL, medium, 'git ops/line-a', run)).toBe(SMALL.byteLength);
  });

  it('gets no byte of a medium that is damaged as a whole object', async () => {
    const damaged = memoryBlobStore();
    await damaged.add('application/octet-stream', MODEL, run);
    const bytes = Buffer.from(MODEL);
    bytes[5] = (bytes[5] ?? 0) ^ 1;
    damaged.blobs.set(digestOf(MODEL), bytes);
    await using host = await forge();
    await expect(
      host.remote.send(host.repository, [blobOf(MODEL)], damaged, 'git ops/line-a', run),
    ).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(host.objects.has(hexOf(MODEL))).toBe(false);
  });
});
