import { createHash } from 'node:crypto';
import { digestOf, quietRun, type ReleaseFileWish, type UrlFilePin } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type LinkKind,
  memoryBlobStore,
  type ReleaseHost,
  startFileServer,
  startReleaseHost,
} from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { fileSource } from '../file-source.ts';
import { assetAddresses } from './asset-addresses.ts';
import { gitlabApiUrl } from './gitlab-api-url.ts';

const run = quietRun();
const TOKEN = 'token-of-the-staging-side';
const http = createHttpClient({
  wait: async () => {},
  random: () => 0,
  // What the Docker config has for every host here: nothing of it may reach another one.
  credentials: async () => undefined,
});
let host: ReleaseHost;
afterEach(async () => host[Symbol.asyncDispose]());

const wishOf = (more: Partial<ReleaseFileWish> = {}): ReleaseFileWish => ({
  kind: 'file',
  release: { url: host.repository, version: '^1', assets: ['edge-*'] },
  as: 'edge/{name}',
  check: 'first-seen',
  ...more,
});

/** As the cli asks with a token, and without one. */
function sourceOf(wish: ReleaseFileWish, api: 'github' | 'gitlab', token: string | undefined = TOKEN) {
  const headers = { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  return fileSource(http, {
    wishes: [wish],
    askRepository: async () => ({ api, url: host.question, headers }),
  });
}

const asked = (part: string) => host.requests.filter(({ url }) => url.includes(part));

describe.each<[api: 'github' | 'gitlab', as: LinkKind]>([
  ['github', 'package'],
  ['gitlab', 'package'],
  ['gitlab', 'job'],
  ['gitlab', 'upload'],
  ['gitlab', 'elsewhere'],
])('an asset of a private repository at %s (%s)', (api, as) => {
  it('comes by the API with a token, which goes nowhere else', async () => {
    host = await startReleaseHost({ api, token: TOKEN });
    const url = host.publish('tool/v1.2.0', 'edge-a', 'the tool', as);
    const sums = `${createHash('sha256').update('the tool').digest('hex')}  edge-a\n`;
    host.publish('tool/v1.2.0', 'SUMS', sums, as);
    const { check: _, ...listed } = wishOf({ checksums: { asset: 'SUMS' } });
    for (const wish of [wishOf(), listed]) {
      const [pin] = (await sourceOf(wish, api).resolve(wish, run)) as readonly UrlFilePin[];
      expect(pin).toMatchObject({ url, sha256: digestOf('the tool'), version: '1.2.0' });
      // Another day: the lock is all there is.
      const store = memoryBlobStore();
      await sourceOf(wish, api).fetch(pin as UrlFilePin, store, run);
      expect(store.blobs.has(digestOf('the tool'))).toBe(true);
    }
    expect(host.storage.requests.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);
    expect(host.storage.requests.length > 0).toBe(api === 'github' || as === 'elsewhere');
    expect(JSON.stringify(host.requests)).not.toContain(TOKEN);
  });

  it('is asked for once for each release, and named where it is gone', async () => {
    host = await startReleaseHost({ api, token: TOKEN });
    for (const name of ['edge-a', 'edge-b', 'edge-c']) host.publish('v1.0.0', name, name, as);
    const source = sourceOf(wishOf(), api);
    const pins = (await source.resolve(wishOf(), run)) as readonly UrlFilePin[];
    for (const pin of pins) await source.fetch(pin, memoryBlobStore(), run);
    expect(
      asked(api === 'github' ? '/releases/tags/v1.0.0' : '/releases/v1.0.0').filter(
        ({ url }) => !url.includes('/downloads/'),
      ),
    ).toHaveLength(1);
    host.remove('v1.0.0', 'edge-b');
    await expect(
      sourceOf(wishOf(), api).fetch(pins[1] as UrlFilePin, memoryBlobStore(), run),
    ).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('edge-b any more'),
    });
  });

  it('goes on by Range after a cut', async () => {
    host = await startReleaseHost({ api, token: TOKEN });
    const text = 'line of the tool\n'.repeat(200_000);
    host.publish('v1.0.0', 'edge-a', text, as);
    const wish = wishOf();
    const source = sourceOf(wish, api);
    const isBody = ({ method, url }: { method: string; url: string }) =>
      method === 'GET' && !/releases/.test(url);
    for (const server of [host, host.storage])
      server.addFault({ match: isBody, times: 1, do: { kind: 'cut', afterBytes: 1_500_000 } });
    const [pin] = (await source.resolve(wish, run)) as readonly UrlFilePin[];
    expect(pin?.sha256).toBe(digestOf(text));
    const ranges = [...host.requests, ...host.storage.requests].map(({ headers }) => headers['range']);
    expect(ranges).toContain('bytes=1500000-');
  });
});

describe('a release of a private repository', () => {
  it.each(['github', 'gitlab'] as const)('is nothing at %s to those without a token', async (api) => {
    host = await startReleaseHost({ api, token: TOKEN });
    host.publish('v1.0.0', 'edge-a', 'a');
    const wish = wishOf();
    await expect(sourceOf(wish, api, '').resolve(wish, run)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
    });
  });

  it('is not the page where people sign in', async () => {
    host = await startReleaseHost({ api: 'gitlab', token: TOKEN });
    const url = host.publish('v1.0.0', 'edge-a', 'a');
    const wish = { kind: 'file', url, as: 'a', check: 'first-seen' } as const;
    await expect(fileSource(http, {}).resolve(wish, run)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('where people sign in'),
    });
  });
});

describe('a token', () => {
  it('is nothing for a mirror, which has the asset under its path', async () => {
    host = await startReleaseHost({ api: 'github', token: TOKEN });
    const url = host.publish('v1.0.0', 'edge-a', 'a');
    await using mirror = await startFileServer(new Map([[`/raw${new URL(url).pathname}`, 'a']]));
    const wish = wishOf();
    const headers = { authorization: `Bearer ${TOKEN}` };
    const source = fileSource(http, {
      wishes: [wish],
      mirrors: new Map([[host.host, [`${mirror.host}/raw`]]]),
      askRepository: async () => ({ api: 'github', url: host.question, headers }),
    });
    const [pin] = (await source.resolve(wish, run)) as readonly UrlFilePin[];
    await source.fetch(pin as UrlFilePin, memoryBlobStore(), run);
    expect(pin).toMatchObject({ url, mirror: `${mirror.host}/raw` });
    expect(mirror.requests.every(({ headers: sent }) => sent['authorization'] === undefined)).toBe(true);
    expect([mirror.requests.length > 0, host.storage.requests.length]).toEqual([true, 0]);
  });

  it('is for the API alone: what lies elsewhere, or is no asset, is asked for without it', async () => {
    host = await startReleaseHost({ api: 'github', token: TOKEN });
    const question = {
      api: 'github',
      url: host.question,
      headers: { authorization: `Bearer ${TOKEN}` },
    } as const;
    const addressOf = assetAddresses(http, question, `${host.repository}.git`);
    const [path] = [host.publish('v1.0.0', 'edge-a', 'a')].map((url) => new URL(url).pathname);
    for (const url of [
      `${host.storage.url}${path}`,
      `${host.url}/other/edge/releases/download/v1.0.0/edge-a`,
    ])
      expect(await addressOf(url, run)).toEqual({ url });
    expect(await addressOf(`${host.url}${path}`, run)).toMatchObject({
      url: `${host.question}/releases/assets/1`,
    });
  });
});

describe('what GitLab has for a token', () => {
  const API = 'https://git.example/api/v4/projects/g%2Fp';
  it.each([
    ['/g/p/-/jobs/7/artifacts/raw/out/a%20b?inline=false', '/jobs/7/artifacts/out/a%20b?inline=false'],
    ['/g/p/-/jobs/7/artifacts/file/out/a', '/jobs/7/artifacts/out/a'],
    ['/g/p/-/jobs/7/artifacts/download', '/jobs/7/artifacts'],
    ['/g/p/-/jobs/artifacts/v1%2F2/raw/out/a?job=build', '/jobs/artifacts/v1%2F2/raw/out/a?job=build'],
    ['/g/p/-/jobs/artifacts/main/download?job=build', '/jobs/artifacts/main/download?job=build'],
    ['/g/p/uploads/5ec/a', '/uploads/5ec/a'],
    ['/-/project/12/uploads/5ec/a', '/uploads/5ec/a'],
  ])('instead of %s is %s', (path, there) => {
    expect(gitlabApiUrl(API, '/g/p', `https://git.example${path}`)).toBe(`${API}${there}`);
  });

  it.each(['variables', 'repository/files/secret/raw?ref=main', 'packages/../variables', 'jobs/7/trace'])(
    'is nothing but files: %s is refused',
    (path) => {
      expect(() => gitlabApiUrl(API, '/g/p', `https://git.example/api/v4/projects/99/${path}`)).toThrow(
        expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }),
      );
      expect(() => gitlabApiUrl(API, '/g/p', 'https://git.example/api/v4/user')).toThrow('no file');
    },
  );

  it('is what the API has already, and nothing of another project', () => {
    const generic = 'https://git.example/api/v4/projects/12/packages/generic/p/1/a';
    expect(gitlabApiUrl(API, '/g/p', generic)).toBe(generic);
    for (const path of [
      '/g/pq/uploads/5ec/a',
      '/other/-/jobs/7/artifacts/download',
      '/g/p/-/package_files/9/download',
    ])
      expect(gitlabApiUrl(API, '/g/p', `https://git.example${path}`)).toBeUndefined();
  });
});
