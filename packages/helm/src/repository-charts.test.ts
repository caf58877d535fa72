import { gzipSync } from 'node:zlib';
import { quietRun, type RepositoryChartPin, type RepositoryChartWish } from '@gapferry/core';
import { createHttpClient, type HttpClientOptions } from '@gapferry/http';
import {
  layerTar,
  makeChart,
  makeTlsIdentity,
  memoryBlobStore,
  readContent,
  startChartRepository,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { repositoryCharts } from './repository-charts.ts';

const run = quietRun();
const CREDENTIALS = { username: 'ada', password: 'secret' };

const wish = (url: string, version = '*', name = 'demo'): RepositoryChartWish => ({
  kind: 'chart',
  from: 'repository',
  url,
  name,
  version,
});

async function resolve(
  asked: RepositoryChartWish,
  options: HttpClientOptions = {},
): Promise<RepositoryChartPin> {
  const http = createHttpClient(options);
  try {
    return await repositoryCharts(http).resolve(asked, run);
  } finally {
    http.close();
  }
}

async function collect(asked: RepositoryChartWish, options: HttpClientOptions = {}): Promise<string> {
  const http = createHttpClient(options);
  try {
    const charts = repositoryCharts(http);
    return (await charts.fetch(await charts.resolve(asked, run), memoryBlobStore(), run)).archive.digest;
  } finally {
    http.close();
  }
}

describe('a classic repository that is not open to everybody', () => {
  it('is asked with the authority and the credentials of its host', async () => {
    const tls = await makeTlsIdentity();
    const chart = await makeChart({ name: 'demo', version: '1.0.0' });
    await using repository = await startChartRepository([chart], { tls, auth: CREDENTIALS });
    const hosts = new Map([[repository.host, { ca: tls.ca }]]);
    const asked = wish(repository.url);
    const credentials = async (host: string): Promise<typeof CREDENTIALS | undefined> =>
      host === repository.host ? CREDENTIALS : undefined;
    expect(await collect(asked, { hosts, credentials })).toBe(chart.digest);
    await expect(collect(asked, { hosts })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(collect(asked, { credentials })).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('is shown a client certificate where bundle.yaml names one for it', async () => {
    const [tls, client] = await Promise.all([makeTlsIdentity(), makeTlsIdentity(['staging'])]);
    const chart = await makeChart({ name: 'demo', version: '1.0.0' });
    await using repository = await startChartRepository([chart], { tls, clientCa: client.ca });
    const settings = { ca: tls.ca, cert: client.cert, key: client.key };
    expect(await collect(wish(repository.url), { hosts: new Map([[repository.host, settings]]) })).toBe(
      chart.digest,
    );
    await expect(
      collect(wish(repository.url), { hosts: new Map([[repository.host, { ca: tls.ca }]]) }),
    ).rejects.toMatchObject({ category: 'transport' });
  });

  it('does not give its credentials to the host where its archives lie', async () => {
    const chart = await makeChart({ name: 'demo', version: '1.0.0' });
    await using archives = await startChartRepository([chart]);
    await using repository = await startChartRepository([], { auth: CREDENTIALS });
    const text = `{version: 1.0.0, urls: ["${archives.url}/demo-1.0.0.tgz"]}`;
    repository.files.set('/index.yaml', `apiVersion: v1\nentries:\n  demo:\n  - ${text}\n`);
    const credentials = async (host: string): Promise<typeof CREDENTIALS | undefined> =>
      host === repository.host ? CREDENTIALS : undefined;
    expect(await collect(wish(repository.url), { credentials })).toBe(chart.digest);
    expect(archives.requests.length).toBeGreaterThan(0);
    for (const { headers } of archives.requests) expect(headers['authorization']).toBeUndefined();
  });
});

describe('versions in a classic repository', () => {
  it.each([
    ['*', '1.10.0'],
    ['^1.2', '1.10.0'],
    ['1.2.0', '1.2.0'],
    ['2.0.0-rc.1', '2.0.0-rc.1'],
    ['>=1-0', '2.0.0-rc.1'],
    ['~1.9', '1.9.0'],
  ])('%s is %s: a pre-release only for who asks for one', async (version, expected) => {
    const charts = await Promise.all(
      ['1.2.0', '1.10.0', '2.0.0-rc.1', '1.9.0', '1.2.0-beta'].map((one) =>
        makeChart({ name: 'demo', version: one }),
      ),
    );
    await using repository = await startChartRepository(charts);
    expect((await resolve(wish(repository.url, version))).version).toBe(expected);
  });

  it('that stand twice are one when they agree, and refused when they do not', async () => {
    const chart = await makeChart({ name: 'demo', version: '1.0.0' });
    await using repository = await startChartRepository([chart]);
    const entry = (digest: string): string =>
      `  - {version: 1.0.0, urls: [demo-1.0.0.tgz], digest: ${digest}}\n`;
    const index = (...digests: readonly string[]): string =>
      `apiVersion: v1\nentries:\n  demo:\n${digests.map(entry).join('')}`;
    repository.files.set('/index.yaml', index(chart.digest, chart.digest));
    expect(await collect(wish(repository.url))).toBe(chart.digest);
    repository.files.set('/index.yaml', index(chart.digest, `sha256:${'0'.repeat(64)}`));
    await expect(resolve(wish(repository.url))).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('demo 1.0.0 stands in it twice'),
    });
  });
});

describe('a large index', () => {
  const HEAD = 'apiVersion: v1\nentries:\n  demo:\n  - {version: 1.0.0, urls: [demo-1.0.0.tgz]}\n';
  const filler = (bytes: number): string => {
    const entry = '  - {version: 1.0.0, description: nothing much to say about this one, urls: [x.tgz]}\n';
    const charts: string[] = [];
    for (let size = HEAD.length, at = 0; size < bytes; at += 1) {
      charts.push(`  chart-${at}:\n${entry.repeat(100)}`);
      size += charts.at(-1)?.length ?? 0;
    }
    return HEAD + charts.join('');
  };

  it('of 50 MB is read', async () => {
    const chart = await makeChart({ name: 'demo', version: '1.0.0' });
    await using repository = await startChartRepository([chart]);
    repository.files.set('/index.yaml', filler(50_000_000));
    expect((await resolve(wish(repository.url))).archive).toBe(chart.digest);
  });

  it('of more than 50 MiB is refused, and no more of it is loaded', async () => {
    await using repository = await startChartRepository([]);
    repository.files.set('/index.yaml', { size: 10_000_000_000, seed: 'endless' });
    await expect(resolve(wish(repository.url))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('index.yaml'),
    });
  });

  it('is loaded again rather than kept beside two others', async () => {
    const chart = await makeChart({ name: 'demo', version: '1.0.0' });
    await using one = await startChartRepository([chart]);
    await using two = await startChartRepository([chart]);
    await using three = await startChartRepository([chart]);
    const text = filler(45_000_000);
    for (const { files } of [one, two, three]) files.set('/index.yaml', text);
    const http = createHttpClient();
    const charts = repositoryCharts(http);
    for (const { url } of [one, one, two, three, one]) await charts.resolve(wish(url), run);
    http.close();
    const loaded = [one, two, three].map(
      ({ requests }) => requests.filter(({ url }) => url.endsWith('index.yaml')).length,
    );
    expect(loaded).toEqual([2, 1, 1]);
  });
});

describe('hostile names', () => {
  it('in versions and addresses reach no terminal', async () => {
    await using repository = await startChartRepository([]);
    const index = (entry: string): string => `apiVersion: v1\nentries:\n  demo:\n  - ${entry}\n`;
    for (const entry of [
      '{version: "1.0.0\\e[2J\\u202e", urls: [x.tgz]}',
      '{version: 1.0.0, urls: ["ftp://x/\\e[2J\\u202e"]}',
    ]) {
      repository.files.set('/index.yaml', index(entry));
      const error = await resolve(wish(repository.url)).catch((thrown: unknown) => thrown);
      const { message, hint = '' } = error as { message: string; hint?: string };
      expect(`${message}${hint}`).toMatch(/\\u\{1b\}/);
      expect(`${message}${hint}`).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
    }
  });

  it.each(['../demo', '..', 'a/b', 'a\\b'])('of the chart, %s, are refused', async (name) => {
    const chart = await makeChart({ name: 'demo', version: '1.0.0' });
    const yaml = JSON.stringify({ ...chart.metadata, name });
    const archive = gzipSync(await readContent(await layerTar([{ path: 'demo/Chart.yaml', content: yaml }])));
    await using repository = await startChartRepository([]);
    repository.files.set('/x.tgz', archive);
    const entries = { [name]: [{ version: '1.0.0', urls: ['x.tgz'] }] };
    repository.files.set('/index.yaml', JSON.stringify({ apiVersion: 'v1', entries }));
    await expect(collect(wish(repository.url, '1.0.0', name))).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
    });
  });

  it('of the directory in the archive make no difference to the chart', async () => {
    const chart = await makeChart({ name: 'demo', version: '1.0.0' });
    const yaml = JSON.stringify(chart.metadata);
    const archive = gzipSync(
      await readContent(await layerTar([{ path: 'other/Chart.yaml', content: yaml }])),
    );
    await using repository = await startChartRepository([chart], { digests: false });
    repository.files.set('/demo-1.0.0.tgz', archive);
    expect(await resolve(wish(repository.url))).toMatchObject({ name: 'demo', version: '1.0.0' });
  });
});
