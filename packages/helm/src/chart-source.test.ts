import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import {
  type ChartHolding,
  type ChartPin,
  type ChartWish,
  type Digest,
  digestOf,
  MEDIA_TYPES,
  quietRun,
  type RunEvent,
  wishDigest,
} from '@gapferry/core';
import { createHttpClient, type HttpClient } from '@gapferry/http';
import {
  chartArtifact,
  isMissing,
  type MemoryBlobStore,
  makeArtifact,
  makeChart,
  makeImage,
  memoryBlobStore,
  mustRun,
  startChartRepository,
  startRegistry,
  type TestRegistry,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chartSource } from './chart-source.ts';
import type { ChartAttachments, ChartRegistry } from './registry-charts.ts';

const run = quietRun();
let http: HttpClient;
let store: MemoryBlobStore;
beforeEach(() => {
  http = createHttpClient();
  store = memoryBlobStore();
});
afterEach(() => http.close());

/** What packages/oci offers, in the few lines that these tests need. */
function registryOver(server: TestRegistry): ChartRegistry {
  const at = (repository: string): string => `${server.url}/v2/${repository.slice(server.host.length + 1)}`;
  const accept = { Accept: MEDIA_TYPES.ociManifest };
  return {
    resolve: async (repository, tag) => {
      const { body, headers } = await http.request(
        {
          url: `${at(repository)}/manifests/${tag}`,
          item: tag,
          headers: { Accept: `${MEDIA_TYPES.ociManifest}, ${MEDIA_TYPES.ociIndex}` },
        },
        run,
      );
      return { mediaType: headers.get('content-type') ?? '', digest: digestOf(body), size: body.byteLength };
    },
    manifest: async (repository, { digest }) =>
      (
        await http.request(
          { url: `${at(repository)}/manifests/${digest}`, item: digest, headers: accept },
          run,
        )
      ).body,
    pull: (repository, blob, into) =>
      into.put(
        blob,
        (from) => http.body({ url: `${at(repository)}/blobs/${blob.digest}`, item: blob.digest }, from, run),
        run,
      ),
    tags: async (repository) =>
      (
        JSON.parse(
          Buffer.from(
            (await http.request({ url: `${at(repository)}/tags/list`, item: repository }, run)).body,
          ).toString(),
        ) as { tags: string[] }
      ).tags,
  };
}

const none: ChartRegistry = {
  resolve: () => Promise.reject(new Error('no registry')),
  manifest: () => Promise.reject(new Error('no registry')),
  pull: () => Promise.reject(new Error('no registry')),
  tags: () => Promise.reject(new Error('no registry')),
};

const unattached: ChartAttachments = {
  find: async () => [],
  fetch: () => Promise.reject(new Error('there are none')),
};

async function only<T>(pins: Promise<readonly T[]>): Promise<T> {
  const [pin, ...more] = await pins;
  if (pin === undefined || more.length > 0) throw new Error('expected one pin');
  return pin;
}

function stored(digest: Digest): Buffer {
  return Buffer.from(store.blobs.get(digest) ?? Buffer.alloc(0));
}

describe('a chart from a classic repository', () => {
  const wish = (url: string, version = '^1', name = 'demo'): ChartWish => ({
    kind: 'chart',
    from: 'repository',
    url,
    name,
    version,
  });
  const source = () => chartSource({ http, oci: none, attachments: unattached, baseDirectory: '/' });

  it('is pinned to the newest version the range takes, and becomes an OCI artifact around the same archive', async () => {
    const [old, wanted, next] = await Promise.all(
      ['1.0.0', '1.2.0', '2.0.0'].map((version) => makeChart({ name: 'demo', version })),
    );
    await using repository = await startChartRepository(
      [old, wanted, next].filter((chart) => chart !== undefined),
      { path: '/charts' },
    );
    const pin = await only(source().resolve(wish(repository.url), run));
    expect(pin).toEqual({
      kind: 'chart',
      from: 'repository',
      id: `${repository.host}/charts/demo:1.2.0`,
      wish: wishDigest(wish(repository.url)),
      name: 'demo',
      version: '1.2.0',
      url: `${repository.url}/demo-1.2.0.tgz`,
      archive: wanted?.digest,
    });
    const held = await source().fetch(pin, store, run);
    expect(held.archive).toMatchObject({ digest: wanted?.digest, mediaType: MEDIA_TYPES.helmChart });
    expect(stored(held.archive.digest)).toEqual(Buffer.from(wanted?.archive ?? []));
    const manifest = JSON.parse(stored(held.root.digest).toString());
    expect(manifest).toMatchObject({
      schemaVersion: 2,
      config: { mediaType: MEDIA_TYPES.helmConfig },
      layers: [{ digest: wanted?.digest }],
    });
    expect(JSON.parse(stored(manifest.config.digest).toString())).toMatchObject({
      name: 'demo',
      version: '1.2.0',
    });
    expect(held.blobs.map(({ digest }) => digest)).toEqual(
      [held.root.digest, manifest.config.digest, wanted?.digest].sort(),
    );
  });

  it('gives the same bytes every time, and the archive is asked for once', async () => {
    await using repository = await startChartRepository([
      await makeChart({ name: 'demo', version: '1.0.0' }),
    ]);
    const pin = await only(source().resolve(wish(repository.url), run));
    const first = await source().fetch(pin, store, run);
    const before = repository.requests.length;
    expect(await source().fetch(pin, store, run)).toEqual(first);
    expect(
      repository.requests.slice(before).filter(({ method, url }) => method === 'GET' && url.endsWith('.tgz')),
    ).toEqual([]);
    expect(await source().fetch(pin, memoryBlobStore(), run)).toEqual(first);
  });

  it('is downloaded to learn its digest when the index has none', async () => {
    const chart = await makeChart({ name: 'demo', version: '1.0.0' });
    await using repository = await startChartRepository([chart], { digests: false, urls: 'absolute' });
    expect(await only(source().resolve(wish(repository.url), run))).toMatchObject({
      archive: chart.digest,
      url: `${repository.url}/demo-1.0.0.tgz`,
    });
  });

  it('costs one download of the index for many charts', async () => {
    await using repository = await startChartRepository([
      await makeChart({ name: 'demo', version: '1.0.0' }),
      await makeChart({ name: 'other', version: '1.0.0' }),
    ]);
    const charts = source();
    await Promise.all([
      charts.resolve(wish(repository.url), run),
      charts.resolve(wish(repository.url, '*', 'other'), run),
    ]);
    expect(repository.requests).toHaveLength(1);
  });

  it('is refused when the archive is not the one of the index', async () => {
    await using repository = await startChartRepository([
      await makeChart({ name: 'demo', version: '1.0.0' }),
    ]);
    const pin = await only(source().resolve(wish(repository.url), run));
    repository.files.set(
      '/demo-1.0.0.tgz',
      (await makeChart({ name: 'demo', version: '1.0.0', description: 'changed' })).archive,
    );
    await expect(source().fetch(pin, store, run)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      origin: 'source',
    });
    expect(store.blobs.size).toBe(0);
  });

  it('is refused when it calls itself something else', async () => {
    const other = await makeChart({ name: 'other', version: '1.0.0' });
    await using repository = await startChartRepository([
      { ...other, name: 'demo', metadata: { ...other.metadata, name: 'demo' } },
    ]);
    const pin = await only(source().resolve(wish(repository.url), run));
    await expect(source().fetch(pin, store, run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('other 1.0.0'),
    });
  });

  it('brings its provenance file, and does not take a page for one', async () => {
    await using repository = await startChartRepository([
      await makeChart({ name: 'demo', version: '1.0.0' }),
    ]);
    const pin = await only(source().resolve(wish(repository.url), run));
    repository.files.set('/demo-1.0.0.tgz.prov', '-----BEGIN PGP SIGNED MESSAGE-----\n…');
    const held = await source().fetch(pin, store, run);
    expect(
      JSON.parse(stored(held.root.digest).toString())
        .layers.map(({ mediaType }: { mediaType: string }) => mediaType)
        .sort(),
    ).toEqual([MEDIA_TYPES.helmChart, MEDIA_TYPES.helmProvenance]);
    repository.files.set('/demo-1.0.0.tgz.prov', '<html>not found</html>');
    const events: RunEvent[] = [];
    const without = await source().fetch(pin, store, { ...run, emit: (event) => void events.push(event) });
    expect(without.blobs).toHaveLength(3);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'warning' }));
  });

  it('that does not exist is told from a repository that cannot be asked', async () => {
    await using repository = await startChartRepository([
      await makeChart({ name: 'demo', version: '1.0.0' }),
    ]);
    await expect(source().resolve(wish(repository.url, '^9'), run)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      hint: expect.stringContaining('1.0.0'),
    });
    await expect(source().resolve(wish(repository.url, '*', 'nothing'), run)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
    });
    repository.addFault({ match: () => true, do: { kind: 'status', status: 403 } });
    await expect(source().resolve(wish(repository.url), run)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it.each([
    'file:///etc/passwd',
    'ftp://example.org/a.tgz',
    'https://user:secret@example.org/a.tgz',
    'http://[',
  ])('is refused when its archive lies at %s', async (url) => {
    await using repository = await startChartRepository([]);
    repository.files.set(
      '/index.yaml',
      `apiVersion: v1\nentries:\n  demo:\n  - {version: 1.0.0, urls: ["${url}"]}\n`,
    );
    await expect(source().resolve(wish(repository.url), run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
    });
  });
});

describe('a chart from a registry', () => {
  const wish = (ref: string, version: string): ChartWish => ({ kind: 'chart', from: 'oci', ref, version });

  async function seeded(...versions: string[]) {
    const server = await startRegistry();
    for (const version of versions)
      server.seedImage(
        'charts/demo',
        version.replaceAll('+', '_'),
        chartArtifact(await makeChart({ name: 'demo', version })),
      );
    return {
      server,
      ref: `${server.host}/charts/demo`,
      source: chartSource({ http, oci: registryOver(server), attachments: unattached, baseDirectory: '/' }),
    };
  }

  it('is pinned by range, an underscore in a tag stands for a plus, and it is kept as it is', async () => {
    const { server, ref, source } = await seeded('1.0.0', '1.2.0+build.7', '2.0.0-rc.1');
    await using _ = server;
    const pin = await only(source.resolve(wish(ref, '>=1, <3'), run));
    expect(pin).toMatchObject({
      id: `${ref}:1.2.0+build.7`,
      name: 'demo',
      version: '1.2.0+build.7',
      root: { digest: server.tagged('charts/demo', '1.2.0_build.7') },
    });
    const held: ChartHolding = await source.fetch(pin as ChartPin, store, run);
    expect(held.root.digest).toBe(server.tagged('charts/demo', '1.2.0_build.7'));
    expect(held.blobs.map(({ digest }) => digest)).toEqual([...store.blobs.keys()].sort());
    expect(held.archive.mediaType).toBe(MEDIA_TYPES.helmChart);
  });

  it('is told of from its beginning to its end, and what was there as reused', async () => {
    const { server, ref, source } = await seeded('1.0.0');
    await using _ = server;
    const pin = await only(source.resolve(wish(ref, '1.0.0'), run));
    const fetched = async () => {
      const events: RunEvent[] = [];
      await source.fetch(pin, store, { ...run, emit: (event) => void events.push(event) });
      return events;
    };
    expect((await fetched()).at(-1)).toMatchObject({ kind: 'item-done', item: pin.id, outcome: 'done' });
    const again = await fetched();
    const told = again.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0);
    expect(again[0]).toEqual({ kind: 'item-started', item: pin.id, bytes: told });
    expect(again.at(-1)).toMatchObject({ kind: 'item-done', item: pin.id, outcome: 'reused' });
  });

  it('comes with what belongs to it', async () => {
    const { server, ref } = await seeded('1.0.0');
    await using _ = server;
    const root = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf('signature'), size: 9 };
    const asked: unknown[] = [];
    const attachments: ChartAttachments = {
      find: async (repository, { digest }, options) => {
        asked.push([repository, options]);
        return [{ subject: digest, root, artifactType: 'application/vnd.example.signature' }];
      },
      fetch: async (repository, attached, into, item) => {
        asked.push([repository, attached.length, item]);
        const { digest, size } = await into.add(root.mediaType, Buffer.from('signature'), run);
        return [{ digest, size }];
      },
    };
    const source = chartSource({ http, oci: registryOver(server), attachments, baseDirectory: '/' });
    const signed = { ...wish(ref, '1.0.0'), verify: [{ key: 'upstream.pub' }] } as ChartWish;
    await source.resolve(signed, run);
    const pin = await only(source.resolve(wish(ref, '1.0.0'), run));
    expect(pin).toMatchObject({ attachments: [{ root }] });
    const held = await source.fetch(pin, store, run);
    expect(held).toMatchObject({ attachments: [{ root }] });
    expect(held.blobs).toContainEqual({ digest: root.digest, size: root.size });
    const item = `${ref}:1.0.0`;
    expect(asked).toEqual([
      [ref, { item, again: true }],
      [ref, { item, again: false }],
      [ref, 1, item],
    ]);
  });

  it('keeps the provenance that was pushed with it', async () => {
    await using server = await startRegistry();
    const chart = await makeChart({ name: 'demo', version: '1.0.0' });
    const provenance = '-----BEGIN PGP SIGNED MESSAGE-----\n…';
    const artifact = makeArtifact({
      configType: MEDIA_TYPES.helmConfig,
      config: JSON.stringify(chart.metadata),
      layers: [
        { mediaType: MEDIA_TYPES.helmChart, bytes: chart.archive },
        { mediaType: MEDIA_TYPES.helmProvenance, bytes: Buffer.from(provenance) },
      ],
    });
    server.seedImage('charts/demo', '1.0.0', artifact);
    const ref = `${server.host}/charts/demo`;
    const source = chartSource({
      http,
      oci: registryOver(server),
      attachments: unattached,
      baseDirectory: '/',
    });
    const held = await source.fetch(await only(source.resolve(wish(ref, '1.0.0'), run)), store, run);
    expect(held.root.digest).toBe(server.tagged('charts/demo', '1.0.0'));
    expect(held.archive.digest).toBe(chart.digest);
    expect(stored(digestOf(provenance)).toString()).toBe(provenance);
  });

  it('is asked for by an exact version without listing the tags', async () => {
    const { server, ref, source } = await seeded('1.0.0');
    await using _ = server;
    await source.resolve(wish(ref, '1.0.0'), run);
    expect(server.requests.filter(({ url }) => url.includes('tags/list'))).toEqual([]);
    await expect(source.resolve(wish(ref, '1.0.1'), run)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    await expect(source.resolve(wish(ref, '^2'), run)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      hint: expect.stringContaining('1.0.0'),
    });
  });

  it('is refused when it is an image, or another chart than its name says', async () => {
    const { server, ref, source } = await seeded('1.0.0');
    await using _ = server;
    server.seedImage('charts/demo', '2.0.0', await makeImage());
    await expect(source.resolve(wish(ref, '2.0.0'), run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('not a Helm chart'),
    });
    server.seedImage(
      'charts/demo',
      '3.0.0',
      chartArtifact(await makeChart({ name: 'other', version: '3.0.0' })),
    );
    const pin = await only(source.resolve(wish(ref, '3.0.0'), run));
    await expect(source.fetch(pin, store, run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('other 3.0.0'),
    });
  });
});

describe.skipIf(isMissing('helm'))('helm itself', () => {
  const HARD = `# a comment
apiVersion: v2
name: demo
version: 1.2.3+build.4
appVersion: 1.10
description: "Tabs\\tand <angles> & umlauts äöü, a zero width \\u200b, and \\u2028"
home: https://example.org/?a=1&b=2
sources: [https://example.org/one, https://example.org/two]
keywords: [a, 1.5, yes]
maintainers:
- {name: Ada, email: ada@example.org, url: https://example.org}
- {email: only@example.org}
- name: Bob
icon: https://example.org/i.png
kubeVersion: ">=1.20.0-0"
deprecated: true
condition: x
tags: t
annotations: {"10": ten, "9": nine, example.org/number: 1234567.5, org.opencontainers.image.title: mine, org.opencontainers.image.licenses: Apache-2.0, on: off}
type: application
unknown: {a: b}
`;

  it('pushes the very artifact that gapferry makes of a classic chart', async () => {
    await using directory = await temporaryDirectory();
    await mkdir(directory.join('demo', 'templates'), { recursive: true });
    await writeFile(directory.join('demo', 'Chart.yaml'), HARD);
    const archive = directory.join('demo.tgz');
    await mustRun('tar', ['-czf', archive, '-C', directory.path, 'demo']);
    await utimes(archive, 0, 0);
    await using registry = await startRegistry();
    const env = { PATH: process.env['PATH'], HOME: directory.path, TZ: 'UTC' };
    await mustRun('helm', ['push', archive, `oci://${registry.host}/charts`, '--plain-http'], { env });
    await using repository = await startChartRepository([]);
    repository.files.set('/demo.tgz', await readFile(archive));
    repository.files.set(
      '/index.yaml',
      'apiVersion: v1\nentries:\n  demo:\n  - {version: 1.2.3+build.4, urls: [demo.tgz]}\n',
    );
    const source = chartSource({ http, oci: none, attachments: unattached, baseDirectory: '/' });
    const pin = await only(
      source.resolve(
        { kind: 'chart', from: 'repository', url: repository.url, name: 'demo', version: '^1' },
        run,
      ),
    );
    const held = await source.fetch(pin, store, run);
    const pushed = registry.tagged('charts/demo', '1.2.3_build.4');
    const theirs = await http.request(
      {
        url: `${registry.url}/v2/charts/demo/manifests/1.2.3_build.4`,
        item: 'x',
        headers: { Accept: MEDIA_TYPES.ociManifest },
      },
      run,
    );
    expect(stored(held.root.digest).toString()).toBe(Buffer.from(theirs.body).toString());
    expect(held.root.digest).toBe(pushed);
  });
});
