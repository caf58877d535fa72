import { createHash } from 'node:crypto';
import { digestOf, quietRun, type ReleaseFileWish, type UrlFilePin, wishDigest } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { memoryBlobStore, rangeReply, startHttpServer, type TestRequest, toContent } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileSourceOptions, fileSource } from '../file-source.ts';
import { seenKey } from '../resolve-url.ts';
import type { ReleaseApi } from './read-releases.ts';

const run = quietRun();
const http = createHttpClient({ wait: async () => {}, random: () => 0 });
let server: Awaited<ReturnType<typeof startHttpServer>>;
let files: Map<string, string>;
let releases: unknown[];
let listed: string;

beforeEach(async () => {
  files = new Map();
  releases = [];
  listed = '';
  server = await startHttpServer(answer);
});
afterEach(() => server.close());

function answer(request: TestRequest) {
  if (request.path === '/api/releases') {
    const [page, size] = [/[?&]page=(\d+)/, /[?&](?:per_page|limit)=(\d+)/].map((of) =>
      Number(of.exec(request.url)?.[1]),
    );
    const [at = 1, count = 50] = [page, size];
    return {
      status: 200,
      body: Buffer.from(listed || JSON.stringify(releases.slice((at - 1) * count, at * count))),
    };
  }
  const text = files.get(request.path);
  return text === undefined ? { status: 404 } : rangeReply(request, toContent(text), {});
}

const urlOf = (tag: string, name: string) => `${server.url}/ops/edge/releases/download/${tag}/${name}`;
const put = (tag: string, name: string, text: string) =>
  files.set(`/ops/edge/releases/download/${tag}/${name}`, text);

/** As the API tells of a release. */
function release(api: ReleaseApi, tag: string, names: readonly string[], more: object = {}): unknown {
  const urls = names.map((name) => urlOf(tag, name));
  const assets =
    api === 'gitlab'
      ? {
          links: urls.map((url) => ({
            name: 'a label',
            url: 'https://elsewhere.example/x',
            direct_asset_url: url,
          })),
        }
      : urls.map((url) => ({ name: 'a label', browser_download_url: url }));
  return { tag_name: tag, assets, ...more };
}

const wishOf = (
  more: Partial<ReleaseFileWish> & { version?: string; assets?: string[] } = {},
): ReleaseFileWish => {
  const { version = '^1', assets = ['edge-*'], ...rest } = more;
  return {
    kind: 'file',
    release: { url: `${server.url}/ops/edge`, version, assets },
    as: 'edge/{version}/{name}',
    check: 'first-seen',
    ...rest,
  };
};

function sourceOf(wish: ReleaseFileWish, api: ReleaseApi = 'github', options: FileSourceOptions = {}) {
  const askRepository = async () => ({ api, url: `${server.url}/api`, headers: { 'x-api': api } });
  return fileSource(http, { wishes: [wish], askRepository, ...options });
}

const resolve = async (wish: ReleaseFileWish, api?: ReleaseApi, options?: FileSourceOptions) =>
  (await sourceOf(wish, api, options).resolve(wish, run)) as readonly UrlFilePin[];

describe('assets of a release', () => {
  it.each(['github', 'gitea', 'gitlab'] as const)(
    'of the highest version in a range are taken from %s',
    async (api) => {
      releases = [
        release(api, 'v2.0.0', ['edge-amd64']),
        release(api, 'v1.10.0', ['edge-arm64', 'edge-amd64', 'notes.txt']),
        release(api, 'v1.9.0', ['edge-amd64']),
        release(api, 'nightly', ['edge-amd64']),
      ];
      for (const name of ['edge-amd64', 'edge-arm64']) put('v1.10.0', name, `${name} 1.10`);
      const wish = wishOf();
      const pins = await resolve(wish, api);
      expect(pins).toEqual(
        ['edge-amd64', 'edge-arm64'].map((name) => ({
          kind: 'file',
          id: `edge/1.10.0/${name}`,
          wish: wishDigest(wish),
          url: urlOf('v1.10.0', name),
          sha256: digestOf(`${name} 1.10`),
          size: 15,
          version: '1.10.0',
        })),
      );
      expect(server.requests.find(({ url }) => url.startsWith('/api'))?.headers['x-api']).toBe(api);
      // The lock is enough for another day.
      const store = memoryBlobStore();
      const [pin] = pins;
      const asked = server.requests.length;
      const holding = await sourceOf(wish, api).fetch(pin as UrlFilePin, store, run);
      expect(holding).toMatchObject({ checked: ['first-seen'] });
      expect(server.requests.slice(asked).some(({ url }) => url.startsWith('/api'))).toBe(false);
    },
  );

  it('are found on later pages', async () => {
    releases = Array.from({ length: 120 }, (_, i) => release('github', `v2.0.${i}`, ['edge-amd64']));
    releases.push(release('github', 'v1.0.0', ['edge-amd64']));
    put('v1.0.0', 'edge-amd64', 'old');
    expect(await resolve(wishOf())).toMatchObject([{ version: '1.0.0' }]);
    releases.pop();
    await expect(resolve(wishOf(), 'gitea')).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  it('of drafts, of what is to come and of pre-releases are left out, unless the range names these', async () => {
    releases = [
      release('github', 'v1.4.0', ['edge-a'], { draft: true }),
      release('github', 'v1.3.0', ['edge-a'], { upcoming_release: true }),
      release('github', 'v1.2.0', ['edge-a'], { prerelease: true }),
      release('github', 'v1.5.0-rc.1', ['edge-a'], { prerelease: true }),
      release('github', 'v1.1.0+k3s1', ['edge-a']),
      release('github', 'v1.1.0+k3s2', ['edge-a']),
    ];
    for (const tag of ['v1.1.0+k3s2', 'v1.5.0-rc.1']) put(tag, 'edge-a', tag);
    expect(await resolve(wishOf())).toMatchObject([{ version: '1.1.0+k3s2', id: 'edge/1.1.0+k3s2/edge-a' }]);
    expect(await resolve(wishOf({ version: '>=1.5.0-rc.0' }))).toMatchObject([{ version: '1.5.0-rc.1' }]);
  });

  it('are held against the list of checksums beside them', async () => {
    releases = [release('github', 'v1.0.0', ['edge-a', 'edge_1.0.0_sums'])];
    put('v1.0.0', 'edge-a', 'a');
    put('v1.0.0', 'edge_1.0.0_sums', `${createHash('sha256').update('a').digest('hex')}  edge-a\n`);
    const wish = wishOf({ checksums: { asset: 'edge_{version}_sums' } });
    const { check: _, ...checked } = wish;
    const source = sourceOf(checked);
    const [pin] = await source.resolve(checked, run);
    expect(await source.fetch(pin as UrlFilePin, memoryBlobStore(), run)).toMatchObject({
      checked: ['checksums'],
    });
    put('v1.0.0', 'edge-a', 'b');
    await expect(source.fetch(pin as UrlFilePin, memoryBlobStore(), run)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('that changed since they were first seen are refused; those of another version are new', async () => {
    releases = [release('github', 'v1.0.0', ['edge-a'])];
    put('v1.0.0', 'edge-a', 'a');
    const wish = wishOf();
    const [pin] = await resolve(wish);
    const seen = new Map([[seenKey(pin as UrlFilePin), (pin as UrlFilePin).sha256]]);
    put('v1.0.0', 'edge-a', 'b');
    await expect(resolve(wish, 'github', { seen })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      hint: expect.stringContaining('--accept edge/1.0.0/edge-a'),
    });
    releases.push(release('github', 'v1.1.0', ['edge-a']));
    put('v1.1.0', 'edge-a', 'c');
    expect(await resolve(wish, 'github', { seen })).toMatchObject([{ sha256: digestOf('c') }]);
  });

  it('say what there is where nothing fits', async () => {
    releases = [release('github', 'v1.0.0', ['edge-a', 'notes.txt'])];
    await expect(resolve(wishOf({ version: '~2.1' }))).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringMatching(/no release that fits ~2\.1; the newest are v1\.0\.0/),
    });
    await expect(resolve(wishOf({ assets: ['edge-a', 'edge-b'] }))).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringMatching(/v1\.0\.0.*no asset that fits edge-b; it has edge-a, notes\.txt/),
    });
  });

  it('are not asked for where nobody says which API the host has', async () => {
    const wish = wishOf();
    await expect(fileSource(http, {}).resolve(wish, run)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringContaining('api: github'),
    });
  });

  it.each(['https://elsewhere.example/edge-a', 'http://169.254.169.254/edge-a', 'file:///edge-a'])(
    'are not taken from %s because a host says so',
    async (url) => {
      releases = [{ tag_name: 'v1.0.0', assets: [{ browser_download_url: url }] }];
      await expect(resolve(wishOf())).rejects.toMatchObject({
        code: 'PROTOCOL_VIOLATION',
        message: expect.stringContaining('not at its own place'),
      });
    },
  );

  it.each(['edge-..%2f..%2fpasswd', 'edge-a.', 'edge-u%CC%88', 'edge-%0a'])(
    'are not called %s inside because a host says so',
    async (name) => {
      releases = [release('github', 'v1.0.0', [name])];
      await expect(resolve(wishOf({ assets: ['*'] }))).rejects.toMatchObject({
        code: expect.stringMatching(/NAME_UNSAFE|SOURCE_NOT_FOUND/),
      });
    },
  );

  it('are not called by the name of a device either', async () => {
    releases = [release('github', 'v1.0.0', ['nul.txt'])];
    await expect(resolve(wishOf({ assets: ['*'] }))).rejects.toMatchObject({ code: 'NAME_UNSAFE' });
  });

  it.each(['{}', '[', '[1, null, {"tag_name": 7}]', '[{"tag_name":"v1.0.0","assets":{"links":"x"}}]'])(
    'are none where the answer is %s',
    async (text) => {
      listed = text;
      const failed = await resolve(wishOf()).catch((error: { code: string }) => error.code);
      expect(['PROTOCOL_VIOLATION', 'JSON_INVALID', 'SOURCE_NOT_FOUND']).toContain(failed);
    },
  );
});
