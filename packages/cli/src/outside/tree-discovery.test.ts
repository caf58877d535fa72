import { gzipSync } from 'node:zlib';
import {
  type ArtifactFinding,
  type ChartFinding,
  type CommitTree,
  digestOf,
  type GitFinding,
  type GitPin,
  type GitRevision,
  quietRun,
  type TreeChoice,
  type TreeEntry,
  type TreeFindings,
} from '@gapferry/core';
import { gitSource } from '@gapferry/git';
import { chartDiscovery } from '@gapferry/helm';
import { createRepository, type TemporaryDirectory, tarBytes, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { treeDiscovery } from './tree-discovery.ts';

const charts = chartDiscovery({
  dependencies: () => async () => {
    throw new Error('nothing is needed');
  },
});
afterAll(() => charts.close());

const URL = 'https://git.example.org/ops/line-a';
const PLACE = { file: 'fleet.yaml', object: 'Application/x', path: 'spec.source' };
const MAIN = '1'.repeat(40);
const OLD = '2'.repeat(40);

const pin: GitPin = {
  kind: 'git',
  id: 'git.example.org/ops/line-a',
  wish: digestOf('wish'),
  url: URL,
  objectFormat: 'sha1',
  refs: [
    { name: 'refs/heads/main', oid: MAIN },
    { name: 'refs/tags/v1', oid: OLD },
  ],
  head: 'refs/heads/main',
};

type Texts = Readonly<Record<string, string>>;

const NOTHING = {
  async *readTrees() {},
  readSubmodules: async () => ({ references: [], problems: [], unreached: [] }),
};
const SUBMODULE: GitFinding = {
  kind: 'git',
  url: 'https://git.example/lib',
  revision: { as: 'commit', text: MAIN },
  place: { file: '.gitmodules', object: 'submodule "lib"', path: 'lib' },
  confidence: 'certain',
  submodule: {},
};

/** Trees of `refs/heads/main` and `refs/tags/v1`; what was asked for is noted. */
function discovery(main: Texts, old: Texts = {}, leftOut: CommitTree['leftOut'] = []) {
  const asked: Array<TreeChoice | undefined> = [];
  const tree = (ref: string, commit: string, texts: Texts): CommitTree => ({
    refs: [ref],
    commits: [commit],
    files: new Map(Object.entries(texts).map(([path, text]) => [path, Buffer.from(text)])),
    leftOut,
  });
  const trees = [tree('refs/heads/main', MAIN, main), tree('refs/tags/v1', OLD, old)];
  const reader = {
    async *readTrees(_pin: GitPin, _run: unknown, only?: TreeChoice) {
      asked.push(only);
      for (const one of trees) {
        const { refs, commits } = one;
        const isMeant = only?.refs.includes(refs[0] ?? '') || only?.commits.includes(commits[0] ?? '');
        if (one.files.size > 0 && (only === undefined || isMeant)) yield one;
      }
    },
    readSubmodules: async (_pin: GitPin, _run: unknown, commits: readonly string[] = []) => ({
      references: commits.includes(OLD) ? [SUBMODULE] : [],
      problems: [],
      unreached: [],
    }),
  };
  const discover = (entries?: readonly TreeEntry[]): Promise<TreeFindings> =>
    treeDiscovery(reader, charts).discover(pin, quietRun(), entries);
  return { discover, asked };
}

const entry = (path: string, revision?: GitRevision, more: Partial<GitFinding> = {}): GitFinding => ({
  kind: 'git',
  url: URL,
  ...(revision && { revision }),
  path,
  manifests: 'here',
  confidence: 'certain',
  place: PLACE,
  ...more,
});
const V1 = { as: 'tag', text: 'v1' } as const;

const pod = (image: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, image: ${image}}]}\n`;
const told = ({ images }: TreeFindings): string[] =>
  images.map(({ confidence, reference, place }) => `${confidence} ${reference} ${place.file}`);

const CHART: Texts = {
  'web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
  'web/templates/pod.yaml': pod('{{ required "an image, please" .Values.image }}'),
};
const application = (more: string): string =>
  `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec: {source: {repoURL: "${URL}", path: web, targetRevision: main${more}}}\n`;

describe('a repository that is looked into as a whole', () => {
  it('is looked into in every tree, and places say in which', async () => {
    const { discover, asked } = discovery({ 'a.yaml': pod('a:2') }, { 'a.yaml': pod('a:1') });
    expect(told(await discover())).toEqual(['certain a:2 main:a.yaml', 'certain a:1 v1:a.yaml']);
    expect(told(await discovery({ 'a.yaml': pod('a:2') }).discover())).toEqual(['certain a:2 a.yaml']);
    expect(asked).toEqual([undefined]);
  });

  it('renders the charts that it installs', async () => {
    const files = { ...CHART, 'app.yaml': application(', helm: {valuesObject: {image: "web:1"}}') };
    expect(told(await discovery(files).discover())).toContain('certain web:1 web/templates/pod.yaml');
  });

  it('fails where a chart that it certainly installs does not render', async () => {
    const { discover } = discovery({ ...CHART, 'app.yaml': application('') });
    await expect(discover()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(
        /^the chart web, which app\.yaml: Application\/web: spec\.source installs, does not render: .*web\/templates\/pod\.yaml.*an image, please/s,
      ),
    });
  });

  it('tells of a chart that does not render where something is open', async () => {
    const url = ', helm: {valueFiles: ["https://example.org/values.yaml"]}';
    const { problems } = await discovery({ ...CHART, 'app.yaml': application(url) }).discover();
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^the chart web is not looked into: .*an image, please/s),
    ]);
  });
});

describe('a repository that is pointed into', () => {
  it('is looked into at the entries alone, each in its revision', async () => {
    const files = { 'a/a.yaml': pod('a:2'), 'b/b.yaml': pod('b:2') };
    const { discover, asked } = discovery(files, { 'a/a.yaml': pod('a:1') });
    expect(told(await discover([entry('a')]))).toEqual(['certain a:2 main:a/a.yaml']);
    expect(told(await discover([entry('a', V1), entry('b')]))).toEqual([
      'certain b:2 main:b/b.yaml',
      'certain a:1 v1:a/a.yaml',
    ]);
    expect(told(await discover([entry('a', { as: 'commit', text: OLD })]))).toEqual([
      'certain a:1 v1:a/a.yaml',
    ]);
    expect(told(await discover([]))).toEqual([]);
    expect(asked).toEqual([
      { refs: ['refs/heads/main'], commits: [] },
      { refs: ['refs/tags/v1', 'refs/heads/main'], commits: [] },
      { refs: [], commits: [OLD] },
      { refs: [], commits: [] },
    ]);
  });

  it('has charts, rendered as the entry says', async () => {
    const source = { from: 'git', url: URL, path: 'web' } as const;
    const content = 'image: r.example/web:1';
    const chart: ChartFinding = {
      kind: 'chart',
      source,
      values: [{ from: 'inline', content }],
      images: [{ name: 'r.example/web', newTag: '2' }],
      confidence: 'certain',
      place: PLACE,
    };
    const { discover } = discovery(CHART);
    expect(told(await discover([chart]))).toEqual(['certain r.example/web:2 main:web/templates/pod.yaml']);
    const { values: _, ...bare } = chart;
    await expect(discover([bare])).rejects.toMatchObject({
      message: expect.stringContaining(
        'the chart web, which fleet.yaml: Application/x: spec.source installs',
      ),
    });
  });

  it('has nothing surer than what points into it', async () => {
    const app =
      'apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: c}\nspec: {source: {repoURL: "https://c.example", chart: c}}\n';
    const { discover } = discovery({ 'a/a.yaml': `${pod('a:1')}---\n${app}`, 'b/b.yaml': pod('b:1') });
    const found = await discover([entry('a', undefined, { confidence: 'likely' }), entry('b')]);
    expect(told(found)).toEqual(['likely a:1 main:a/a.yaml', 'certain b:1 main:b/b.yaml']);
    expect(found.references.map(({ confidence }) => confidence)).toEqual(['likely']);
  });

  it('tells of what was left out only where it was looked', async () => {
    const leftOut = ['a/big.yaml', 'b/big.yaml'].map((path) => ({ path, reason: 'it is big' }));
    const { discover } = discovery({ 'a/a.yaml': pod('a:1'), 'b/b.yaml': pod('b:1') }, {}, leftOut);
    expect((await discover()).problems.map(({ place }) => place.file)).toEqual(['a/big.yaml', 'b/big.yaml']);
    expect((await discover([entry('a')])).problems).toEqual([
      { place: { file: 'main:a/big.yaml', path: '' }, message: 'it is big' },
    ]);
  });

  it.each<[string, GitFinding, string]>([
    ['path', entry('none', V1), 'git git.example.org/ops/line-a has no directory "none" at v1; fleet'],
    ['ref', entry('a', { as: 'branch', text: 'x' }), `(${URL}) at x, "a": it is not pinned at it; fleet`],
    ['file', entry('a', { as: 'commit', text: '3'.repeat(40) }), ', "a": there are no files; fleet'],
  ])('is not looked into where the %s is not there', async (_, one, message) => {
    const { discover } = discovery({ 'a/a.yaml': pod('a:1') }, { 'a/a.yaml': pod('a:1') });
    await expect(discover([entry('a'), one])).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining(message),
    });
  });
});

describe('the submodules of a tree', () => {
  it('come along from where an entry leads, likely: who deploys it may not check them out', async () => {
    const file = { 'a/pod.yaml': 'kind: Pod' };
    const { discover } = discovery(file, file);
    const entries = [entry('a', { as: 'tag', text: 'v1' }, { manifests: 'below' })];
    const { references } = await discover(entries);
    expect(references).toEqual([
      { ...SUBMODULE, confidence: 'likely', place: { ...SUBMODULE.place, file: 'v1:.gitmodules' } },
    ]);
    expect((await discover()).references).toEqual([]);
  });
});

describe('an artifact', () => {
  const discover = async (files: Texts, entries?: readonly ArtifactFinding[]): Promise<TreeFindings> => {
    const { discoverArtifact } = treeDiscovery(NOTHING, charts);
    const archive = gzipSync(tarBytes(Object.entries(files).map(([name, body]) => ({ name, body }))));
    return discoverArtifact({ id: 'r.example/manifests', archive }, quietRun(), entries);
  };
  const artifact = (path: string, more: Partial<ArtifactFinding> = {}): ArtifactFinding => ({
    kind: 'oci-artifact',
    ref: 'r.example/manifests',
    tag: 'v1',
    path,
    manifests: 'generated',
    confidence: 'certain',
    place: PLACE,
    ...more,
  });
  const files = {
    './apps/web/pod.yaml': pod('web:1'),
    './other/pod.yaml': pod('other:1'),
    'web/Chart.yaml': CHART['web/Chart.yaml'] ?? '',
  };

  it('is looked into as a repository is', async () => {
    expect(told(await discover(files))).toEqual([
      'certain web:1 apps/web/pod.yaml',
      'certain other:1 other/pod.yaml',
    ]);
    expect(told(await discover(files, [artifact('./apps')]))).toEqual(['certain web:1 apps/web/pod.yaml']);
    const changed = artifact('apps', { images: [{ name: 'web', newTag: '2' }], confidence: 'likely' });
    expect(told(await discover(files, [changed]))).toEqual(['likely web:2 apps/kustomization.yaml']);
  });

  it('must have the directory that is deployed', async () => {
    await expect(discover(files, [artifact('none')])).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('image r.example/manifests has no directory "none" at v1; fleet.yaml'),
    });
  });
});

describe('a repository of git', () => {
  let directory: TemporaryDirectory;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  it('is looked into at commits that its pinned refs reach', async () => {
    const upstream = await createRepository(directory.join('srv', 'line-a'), [
      { message: 'one', files: { 'a/a.yaml': pod('a:1') } },
      { message: 'two', files: { 'a/a.yaml': pod('a:2') } },
    ]);
    const [old, lost] = [
      await upstream.git('rev-parse', 'main~1'),
      await upstream.commit({ message: 'lost', branch: 'side', files: { 'a/a.yaml': pod('a:3') } }),
    ];
    const source = gitSource({ workDirectory: directory.join('work'), wait: async () => {} });
    const wish = { kind: 'git', url: `file://${upstream.path}`, refs: ['main'] } as const;
    const [found] = await source.resolve(wish, quietRun());
    const discover = (text: string): Promise<TreeFindings> =>
      treeDiscovery(source, charts).discover(found as GitPin, quietRun(), [entry('a', { as: 'name', text })]);
    expect(told(await discover('main'))).toEqual(['certain a:2 a/a.yaml']);
    expect(told(await discover(old))).toEqual([`certain a:1 ${old.slice(0, 12)}:a/a.yaml`]);
    expect(told(await discover(old.slice(0, 8)))).toEqual([`certain a:1 ${old.slice(0, 12)}:a/a.yaml`]);
    await expect(discover(lost)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringMatching(
        new RegExp(`line-a.* at ${lost}, "a": .*reached by none of its pinned refs; fleet.yaml`),
      ),
    });
  });
});
