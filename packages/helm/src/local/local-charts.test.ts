import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { digestOf, type LocalChartWish, MEDIA_TYPES, quietRun, wishDigest } from '@gapferry/core';
import {
  isMissing,
  type MemoryBlobStore,
  makeChart,
  memoryBlobStore,
  mustRun,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readChartArchive } from '../chart-archive.ts';
import { localCharts } from './local-charts.ts';

const run = quietRun();
const CHART = 'apiVersion: v2\nname: demo\nversion: 1.2.0\n';
let home: TemporaryDirectory;
let store: MemoryBlobStore;
beforeEach(async () => {
  home = await temporaryDirectory();
  store = memoryBlobStore();
});
afterEach(() => home[Symbol.asyncDispose]());

const wish = (path: string, ref = 'charts.example.org/line/demo'): LocalChartWish => ({
  kind: 'chart',
  from: 'local',
  path,
  ref,
});

async function lay(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(home.join(path)), { recursive: true });
    await writeFile(home.join(path), content);
  }
}

async function listed(archive: Uint8Array): Promise<string[]> {
  await writeFile(home.join('out.tgz'), archive);
  return (await mustRun('tar', ['-tzf', home.join('out.tgz')])).trim().split('\n');
}

async function packed(path: string): Promise<Uint8Array> {
  const charts = localCharts(home.path);
  const pin = await charts.resolve(wish(path), run);
  const { archive } = await charts.fetch(pin, store, run);
  return store.blobs.get(archive.digest) ?? new Uint8Array();
}

describe('an archive on this machine', () => {
  it('is pinned by its digest under the name it is given, and travels as it is, with its provenance', async () => {
    const chart = await makeChart({ name: 'demo', version: '1.2.0' });
    const provenance = '-----BEGIN PGP SIGNED MESSAGE-----\n…';
    await lay({ 'drop/x.tgz': chart.archive, 'drop/x.tgz.prov': provenance });
    const charts = localCharts(home.path);
    const pin = await charts.resolve(wish('drop/x.tgz'), run);
    expect(pin).toEqual({
      kind: 'chart',
      from: 'local',
      id: 'charts.example.org/line/demo:1.2.0',
      wish: wishDigest(wish('drop/x.tgz')),
      name: 'demo',
      version: '1.2.0',
      path: 'drop/x.tgz',
      archive: chart.digest,
    });
    const held = await charts.fetch(pin, store, run);
    expect(digestOf(store.blobs.get(held.archive.digest) ?? '')).toBe(chart.digest);
    const manifest = JSON.parse(Buffer.from(store.blobs.get(held.root.digest) ?? []).toString());
    const types = manifest.layers.map(({ mediaType }: { mediaType: string }) => mediaType).sort();
    expect(types).toEqual([MEDIA_TYPES.helmChart, MEDIA_TYPES.helmProvenance]);
  });

  it('that was changed since it was pinned is refused', async () => {
    await lay({ 'x.tgz': (await makeChart({ name: 'demo', version: '1.2.0' })).archive });
    const charts = localCharts(home.path);
    const pin = await charts.resolve(wish('x.tgz'), run);
    await lay({
      'x.tgz': (await makeChart({ name: 'demo', version: '1.2.0', description: 'other' })).archive,
    });
    await expect(charts.fetch(pin, store, run)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining('x.tgz was changed'),
    });
    expect(store.blobs.size).toBe(0);
  });

  it('is refused under a name that Helm would not find it by', async () => {
    await lay({ 'x.tgz': (await makeChart({ name: 'demo', version: '1.2.0' })).archive });
    await expect(
      localCharts(home.path).resolve(wish('x.tgz', 'charts.example.org/line'), run),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringContaining('line/demo') });
  });

  it('that is not there, is too large, or is something else is told apart', async () => {
    const charts = localCharts(home.path);
    await lay({
      'text.tgz': 'hello',
      'x.tgz': (await makeChart({ name: 'demo', version: '1.2.0' })).archive,
    });
    await lay({ 'large.tgz': Buffer.alloc(33_554_433), 'x.tgz.prov': '<html>' });
    await mustRun('mkfifo', [home.join('pipe.tgz')]);
    const codes = {
      'no.tgz': 'SOURCE_NOT_FOUND',
      'text.tgz': 'CONTENT_INVALID',
      'large.tgz': 'LIMIT_EXCEEDED',
    };
    for (const [path, code] of Object.entries({
      ...codes,
      'pipe.tgz': 'CONTENT_INVALID',
      'x.tgz': 'CONTENT_INVALID',
    }))
      await expect(charts.resolve(wish(path), run)).rejects.toMatchObject({ code, origin: 'source' });
  });
});

describe('a directory on this machine', () => {
  const files = {
    'chart/values.yaml': '{}\n',
    'chart/Chart.yaml': CHART,
    'chart/README.md': 'read\n',
    'chart/charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 0.1.0\n',
    'chart/templates/b.yaml': 'kind: B\n',
    'chart/templates/a.yaml': 'kind: A\n',
    'chart/templates/.hidden': 'x',
    'chart/crds/c.yaml': 'kind: C\n',
    'chart/Chart.lock': 'dependencies: []\n',
    'chart/.helmignore': '*.bak\n/secret/\n',
    'chart/values.bak': 'x',
    'chart/secret/key': 'x',
    'chart/crds/secret/d.yaml': 'kind: D\n',
  };

  it.skipIf(isMissing('tar'))(
    'is packed in the order of helm package, whatever its name, without what .helmignore names',
    async () => {
      await lay(files);
      expect(await listed(await packed('chart'))).toEqual(
        [
          ...['Chart.yaml', 'Chart.lock', 'values.yaml', 'templates/a.yaml', 'templates/b.yaml'],
          ...['.helmignore', 'README.md', 'crds/c.yaml', 'crds/secret/d.yaml', 'charts/sub/Chart.yaml'],
        ].map((path) => `demo/${path}`),
      );
    },
  );

  it.skipIf(isMissing('helm', 'tar'))(
    'is packed as helm packs it: the same files in the same order',
    async () => {
      await lay({
        ...files,
        'chart/charts/sub/values.yaml': '{}\n',
        'chart/charts/sub/templates/a.yaml': 'kind: S\n',
        'chart/files/a/x': '1',
        'chart/files/a-b': '2',
        'chart/files/ä': '3',
        'chart/values.schema.json': '{}',
      });
      const env = { HOME: home.path, PATH: process.env['PATH'] };
      await mustRun('helm', ['package', 'chart'], { cwd: home.path, env });
      const theirs = await mustRun('tar', ['-tzf', home.join('demo-1.2.0.tgz')]);
      expect(await listed(await packed('chart'))).toEqual(theirs.trim().split('\n'));
      const { name, version } = await readChartArchive(
        await readFile(home.join('demo-1.2.0.tgz')),
        'it',
        run,
      );
      expect(await localCharts(home.path).resolve(wish('chart'), run)).toMatchObject({ name, version });
    },
  );

  it('gives the same bytes after every file was written anew', async () => {
    await lay(files);
    const first = await packed('chart');
    await lay(Object.fromEntries(Object.entries(files).reverse()));
    expect(await packed('chart')).toEqual(first);
    expect(Buffer.from(first).readUInt32LE(4)).toBe(0);
  });

  it.skipIf(isMissing('tar'))('keeps files of any length byte for byte', async () => {
    const large = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
    await lay({ ...files, 'chart/files/large.bin': large, 'chart/files/empty': '' });
    await writeFile(home.join('out.tgz'), await packed('chart'));
    await mustRun('tar', ['-xzf', home.join('out.tgz'), '-C', home.path]);
    expect(await readFile(home.join('demo/files/large.bin'))).toEqual(large);
    expect(await readFile(home.join('demo/files/empty'))).toHaveLength(0);
  });

  it.each([
    ['a link to a file', 'chart/values-prod.yaml', '/etc/passwd'],
    ['a link to a folder', 'chart/templates/more', '/etc'],
    ['a link that leads nowhere', 'chart/nowhere', '/nowhere'],
    ['a Chart.yaml that is a link', 'chart/Chart.yaml', '../Chart.yaml'],
    ['a .helmignore that is a link', 'chart/.helmignore', '../.helmignore'],
  ])('with %s is refused', async (_, path, target) => {
    const { [path as keyof typeof files]: _left, ...others } = files;
    await lay({ ...others, 'Chart.yaml': CHART, '.helmignore': '' });
    await symlink(target, home.join(path));
    await expect(localCharts(home.path).resolve(wish('chart'), run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining(path),
    });
  });

  it('is taken with a link that .helmignore leaves out, and through a link that the operator wrote', async () => {
    await lay(files);
    await symlink('/etc', home.join('chart/secret/etc'));
    await symlink('chart', home.join('current'));
    expect((await localCharts(home.path).resolve(wish('current'), run)).version).toBe('1.2.0');
  });

  it.each([
    ['no Chart.yaml', { 'bad/values.yaml': '{}' }, 'CONTENT_INVALID'],
    ['a name that leads elsewhere', { 'bad/Chart.yaml': CHART.replace('demo', '../x') }, 'CONTENT_INVALID'],
    ['a file name for terminals', { 'bad/Chart.yaml': CHART, 'bad/a\u001b[2J': 'x' }, 'CONTENT_INVALID'],
    ['a file name with a backslash', { 'bad/Chart.yaml': CHART, 'bad/..\\a': 'x' }, 'CONTENT_INVALID'],
    ['a rule that is none', { 'bad/Chart.yaml': CHART, 'bad/.helmignore': '[a-' }, 'CONTENT_INVALID'],
    ['folders without end', { [`bad/${'d/'.repeat(70)}f`]: 'x' }, 'LIMIT_EXCEEDED'],
    ['too many bytes', { 'bad/a': Buffer.alloc(2e7), 'bad/b': Buffer.alloc(2e7) }, 'LIMIT_EXCEEDED'],
  ])('with %s is refused', async (_, bad, code) => {
    await lay(bad as Record<string, string>);
    const refusal = await localCharts(home.path)
      .resolve(wish('bad'), run)
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code });
    expect((refusal as Error).message).not.toContain('\u001b');
  });
});
