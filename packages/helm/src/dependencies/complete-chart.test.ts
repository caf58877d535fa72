import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { GapferryError, quietRun, type RunEvent } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  isMissing,
  layerTar,
  makeChart,
  mustRun,
  readContent,
  startChartRepository,
  type TestChart,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { readChartFiles } from '../chart-archive.ts';
import type { ChartRegistry } from '../registry-charts.ts';
import { completeChart, type FetchDependency } from './complete-chart.ts';
import { dependencyFetcher } from './fetch-dependency.ts';

const run = quietRun();
const http = createHttpClient();
afterAll(() => http.close());

interface Needed {
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  readonly alias?: string;
}

const need = (name: string, version: string, repository = 'https://charts.example.org'): Needed => ({
  name,
  version,
  repository,
});
const chart = (name: string, version: string, ...dependencies: readonly Needed[]): Promise<TestChart> =>
  makeChart({ name, version, dependencies });

/** Serves charts by name; the newest that was put in last. */
function shelf(...charts: readonly TestChart[]): { fetch: FetchDependency; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    fetch: async ({ name, version }) => {
      asked.push(`${name} ${version}`);
      const found = charts.find((one) => one.name === name && one.version === version);
      const any = found ?? charts.find((one) => one.name === name);
      if (any !== undefined) return any.archive;
      throw new GapferryError({
        code: 'SOURCE_NOT_FOUND',
        message: `no chart ${name}`,
        hint: 'check the name',
      });
    },
  };
}

const unused: ChartRegistry = {
  resolve: () => Promise.reject(new Error('no registry')),
  manifest: () => Promise.reject(new Error('no registry')),
  pull: () => Promise.reject(new Error('no registry')),
  tags: () => Promise.reject(new Error('no registry')),
};

async function namesIn(archive: Uint8Array): Promise<string[]> {
  return [...(await readChartFiles(archive, 'it', run)).files.keys()].filter((path) =>
    path.startsWith('charts/'),
  );
}

describe('a chart without its dependencies', () => {
  it('is completed in a copy, once for every chart that is wanted, recursively, and always alike', async () => {
    const redis = await chart('redis', '18.1.0');
    const database = await chart('db', '2.0.0', need('redis', '^18'));
    const app = await chart('app', '1.0.0', need('db', '2.0.0'), need('redis', '^18'));
    const { fetch, asked } = shelf(redis, database);
    const complete = await completeChart(app.archive, fetch, run);
    expect(await namesIn(complete)).toEqual(['charts/db-2.0.0.tgz', 'charts/redis-18.1.0.tgz']);
    const { files } = await readChartFiles(complete, 'it', run);
    expect(await namesIn(files.get('charts/db-2.0.0.tgz') ?? new Uint8Array())).toEqual([
      'charts/redis-18.1.0.tgz',
    ]);
    expect(asked.toSorted()).toEqual(['db 2.0.0', 'redis ^18']);
    expect(await completeChart(app.archive, fetch, run)).toEqual(complete);
  });

  it('is told of once, for the archive travels without them', async () => {
    const told: RunEvent[] = [];
    const app = await chart('app', '1.0.0', need('db', '2.0.0'));
    const { fetch } = shelf(await chart('redis', '18.1.0'), await chart('db', '2.0.0', need('redis', '^18')));
    await completeChart(app.archive, fetch, { ...run, emit: (event) => void told.push(event) });
    expect(told).toEqual([
      { kind: 'warning', message: expect.stringContaining('app 1.0.0 does not bring its dependencies (db)') },
    ]);
  });

  it('stays the same bytes when it has them, as archives or as folders', async () => {
    const { fetch, asked } = shelf();
    const app = await makeChart({
      name: 'app',
      version: '1.0.0',
      dependencies: [need('redis', '^18'), need('db', '1')],
      subcharts: [await chart('redis', '18.0.0')],
      files: { 'charts/any/Chart.yaml': 'apiVersion: v2\nname: db\nversion: 1.0.0\n' },
    });
    expect(await completeChart(app.archive, fetch, run)).toBe(app.archive);
    expect(asked).toEqual([]);
  });

  it('gets the versions of its lock', async () => {
    const dependencies = [need('redis', '^18')];
    const lock = { dependencies: [{ ...need('redis', '18.0.5') }], digest: 'sha256:x' };
    const app = await makeChart({
      name: 'app',
      version: '1.0.0',
      dependencies,
      files: { 'Chart.lock': JSON.stringify(lock) },
    });
    const { fetch, asked } = shelf(await chart('redis', '18.9.0'), await chart('redis', '18.0.5'));
    expect(await namesIn(await completeChart(app.archive, fetch, run))).toEqual(['charts/redis-18.0.5.tgz']);
    expect(asked).toEqual(['redis 18.0.5']);
  });

  it.each([
    [
      'a lock that is out of step',
      { 'Chart.lock': '{"dependencies":[{"name":"redis","version":"17.0.0"}]}' },
    ],
    ['a lock that does not have it', { 'Chart.lock': '{"dependencies":[]}' }],
  ])('is refused with %s', async (_, files) => {
    const app = await makeChart({
      name: 'app',
      version: '1.0.0',
      dependencies: [need('redis', '^18')],
      files,
    });
    const { fetch, asked } = shelf(await chart('redis', '18.0.0'));
    await expect(completeChart(app.archive, fetch, run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('redis ^18 ← app 1.0.0'),
      hint: expect.stringContaining('Chart.lock'),
    });
    expect(asked).toEqual([]);
  });

  it('is refused in a circle, with the chain', async () => {
    const a = await chart('a', '1.0.0', need('b', '^1'));
    const b = await chart('b', '1.5.0', need('a', '*'));
    await expect(completeChart(a.archive, shelf(a, b).fetch, run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('a 1.0.0 ← b 1.5.0 ← a 1.0.0'),
    });
  });

  it('is refused when charts nest without end', async () => {
    const endless: FetchDependency = async ({ version }) =>
      (await chart('a', version, need('a', `1.0.${Number(version.slice(4)) + 1}`))).archive;
    const a = await chart('a', '1.0.0', need('a', '1.0.1'));
    await expect(completeChart(a.archive, endless, run)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('a 1.0.1 ← a 1.0.0'),
    });
  });

  it('is refused when one does not exist, or is another than asked for, with the chain', async () => {
    const database = await chart('db', '2.0.0', need('redis', '^18'));
    const app = await chart('app', '1.0.0', need('db', '2'));
    await expect(completeChart(app.archive, shelf(database).fetch, run)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: 'the dependency redis ^18 ← db 2.0.0 ← app 1.0.0: no chart redis',
      hint: 'check the name',
    });
    await expect(
      completeChart(app.archive, shelf(await chart('db', '3.0.0')).fetch, run),
    ).rejects.toMatchObject({ code: 'CONTENT_INVALID', message: expect.stringContaining('db 3.0.0') });
    const other = await chart('other', '2.0.0');
    await expect(completeChart(app.archive, async () => other.archive, run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('other 2.0.0'),
    });
  });

  it.each([
    ['@stable', 'is a name on the machine'],
    ['alias:stable', 'is a name on the machine'],
    ['', 'neither in charts/ nor'],
    ['ftp://charts.example.org', 'scheme ftp:'],
    ['https://user:secret@charts.example.org', 'without credentials'],
    ['charts.example.org', 'no address'],
  ])('is refused when its repository is "%s"', async (repository, why) => {
    const app = await chart('app', '1.0.0', need('db\u001b[2J', '2', repository));
    const { fetch, asked } = shelf();
    const error = await completeChart(app.archive, fetch, run).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONTENT_INVALID', message: expect.stringContaining(why) });
    expect((error as Error).message).toContain('← app 1.0.0');
    expect((error as Error).message).not.toContain('\u001b');
    expect((error as Error).message).not.toContain('secret');
    expect(asked).toEqual([]);
  });

  it('is refused when what lies in charts/, or what is fetched, is hostile', async () => {
    const packed = async (path: string, content: string | Uint8Array): Promise<Uint8Array> => {
      const entries = [
        { path: 'db/Chart.yaml', content: '{apiVersion: v2, name: db, version: 1.0.0}' },
        { path, content },
      ];
      return gzipSync(await readContent(await layerTar(entries)));
    };
    const escaping = await packed('db/../../evil', 'x');
    const bomb = await packed('db/values.yaml', Buffer.alloc(50_000_000));
    for (const [evil, code] of [
      [escaping, 'CONTENT_INVALID'],
      [bomb, 'LIMIT_EXCEEDED'],
      [Buffer.from('<html>'), 'CONTENT_INVALID'],
    ] as const) {
      const app = await chart('app', '1.0.0', need('db', '1'));
      await expect(completeChart(app.archive, async () => evil, run)).rejects.toMatchObject({ code });
      const vendoring = await makeChart({
        name: 'app',
        version: '1.0.0',
        dependencies: [need('db', '1')],
        files: { 'charts/db.tgz': evil },
      });
      await expect(completeChart(vendoring.archive, shelf().fetch, run)).rejects.toMatchObject({ code });
    }
  });

  it('is stopped when the run is', async () => {
    const stop = new AbortController();
    const app = await chart('app', '1.0.0', need('db', '1'));
    const fetch: FetchDependency = async () => {
      stop.abort();
      return (await chart('db', '1.0.0')).archive;
    };
    await expect(completeChart(app.archive, fetch, quietRun(stop.signal))).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });

  it('is refused when a range is none', async () => {
    const app = await chart('app', '1.0.0', need('db', 'newest please'));
    await expect(
      completeChart(app.archive, shelf(await chart('db', '1.0.0')).fetch, run),
    ).rejects.toMatchObject({ code: 'CONTENT_INVALID', message: expect.stringContaining('app 1.0.0') });
  });
});

describe('dependencies from where they lie', () => {
  const lay = async (root: string, files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
  };
  const yaml = (name: string, ...dependencies: readonly Needed[]): string =>
    JSON.stringify({ apiVersion: 'v2', name, version: '1.0.0', dependencies });

  it.skipIf(isMissing('helm'))(
    'make a copy that helm renders as it does after helm dependency build: repositories, folders, aliases, conditions',
    async () => {
      await using home = await temporaryDirectory();
      await using repository = await startChartRepository([
        await makeChart({ name: 'redis', version: '18.0.0', values: 'on: true\n' }),
        await makeChart({ name: 'redis', version: '18.2.0' }),
        await makeChart({ name: 'extra', version: '1.0.0' }),
      ]);
      await lay(home.path, {
        'common/Chart.yaml': yaml('common'),
        'common/templates/a.yaml': 'kind: Common\nmetadata: {name: {{ .Release.Name }}}\n',
        'app/values.yaml': 'extra: {enabled: false}\n',
        'app/templates/a.yaml': 'kind: App\n',
        'app/Chart.yaml': yaml(
          'app',
          // Which of two fitting charts Helm takes is chance.
          need('redis', '^18.1', repository.url),
          { ...need('redis', '~18.0', repository.url), alias: 'cache' },
          { ...need('extra', '1', repository.url), condition: 'extra.enabled' } as Needed,
          need('common', '>=1', 'file://../common'),
        ),
      });
      const fetcher = dependencyFetcher({ http, oci: unused, baseDirectory: home.path });
      const { packChartDirectory } = await import('../local/read-chart-directory.ts');
      const archive = await packChartDirectory(home.join('app'), 'app', run);
      await writeFile(home.join('ours.tgz'), await completeChart(archive, fetcher('app'), run));
      const helm = (...args: readonly string[]): Promise<string> =>
        mustRun('helm', args, { cwd: home.path, env: { HOME: home.path, PATH: process.env['PATH'] } });
      await helm('dependency', 'update', 'app');
      const theirs = await helm('template', 'x', 'app');
      expect(theirs).toContain('app/charts/cache/templates');
      expect(theirs).not.toContain('charts/extra');
      expect(await helm('template', 'x', 'ours.tgz')).toBe(theirs);
    },
  );

  it('are not taken from this machine for a chart that came from elsewhere, or that is an archive', async () => {
    await using home = await temporaryDirectory();
    const app = await chart('app', '1.0.0', need('common', '1', 'file:///common'));
    await writeFile(home.join('app.tgz'), app.archive);
    const fetcher = dependencyFetcher({ http, oci: unused, baseDirectory: home.path });
    for (const fetch of [fetcher(), fetcher('app.tgz')])
      await expect(completeChart(app.archive, fetch, run)).rejects.toMatchObject({
        code: 'CONTENT_INVALID',
        message: expect.stringContaining('on the machine of whoever packed the chart'),
      });
    const outer = await chart('outer', '1.0.0', need('app', '1'));
    await expect(completeChart(outer.archive, shelf(app).fetch, run)).rejects.toMatchObject({
      message: expect.stringContaining('common 1 ← app 1.0.0 ← outer 1.0.0'),
    });
  });

  it('lead from folder to folder, each from where it is', async () => {
    await using home = await temporaryDirectory();
    await lay(home.path, {
      'a/Chart.yaml': yaml('a', need('b', '1', 'file://../libs/b')),
      'libs/b/Chart.yaml': yaml('b', need('c', '1', 'file://../c')),
      'libs/c/Chart.yaml': yaml('c'),
    });
    const { packChartDirectory } = await import('../local/read-chart-directory.ts');
    const archive = await packChartDirectory(home.join('a'), 'a', run);
    const fetch = dependencyFetcher({ http, oci: unused, baseDirectory: home.path })('a');
    const { files } = await readChartFiles(await completeChart(archive, fetch, run), 'a', run);
    expect(await namesIn(files.get('charts/b-1.0.0.tgz') ?? new Uint8Array())).toEqual([
      'charts/c-1.0.0.tgz',
    ]);
    await lay(home.path, { 'libs/c/Chart.yaml': yaml('c', need('b', '1', 'file://../b')) });
    await expect(completeChart(archive, fetch, run)).rejects.toMatchObject({
      message: expect.stringContaining('b 1.0.0 ← c 1.0.0 ← b 1.0.0 ← a 1.0.0'),
    });
  });
});
