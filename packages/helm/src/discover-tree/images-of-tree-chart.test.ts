import { type ChartFinding, type ImageFinding, quietRun, type RunEvent } from '@gapferry/core';
import { makeChart } from '@gapferry/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { chartDiscovery } from '../chart-discovery.ts';
import { imagesOfTreeChart } from './images-of-tree-chart.ts';

const discovery = chartDiscovery({
  dependencies:
    () =>
    async ({ name }) => {
      if (name === 'remote') return (await makeChart({ name, version: '3.0.0', files: REMOTE })).archive;
      throw new Error('nothing is needed');
    },
});
const REMOTE = { 'values.yaml': 'image: r.example/remote:3\n', 'templates/pod.yaml': '' };
afterAll(() => discovery.close());

const POD = `apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}-{{ .Release.Namespace }}}
spec: {containers: [{name: a, image: {{ .Values.image | quote }}}]}
`;
const FILES = {
  'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
  'charts/web/values.yaml': 'image: r.example/web:1\n',
  'charts/web/prod.yaml': 'image: r.example/web:2\n',
  'charts/web/.helmignore': 'notes/\n',
  'charts/web/notes/templates.yaml': 'x',
  'charts/web/templates/pod.yaml': POD,
  'values/site.yaml': 'image: r.example/web:3\n',
  'other.yaml': 'a: 1',
};
const FINDING: ChartFinding = {
  kind: 'chart',
  source: { from: 'tree', path: 'charts/web' },
  confidence: 'certain',
  place: { file: 'apps/web.yaml', object: 'Application/web', path: 'spec.source' },
  release: 'front',
  namespace: 'ot',
};

function look(
  more: Partial<ChartFinding> = {},
  files: Record<string, string> = FILES,
  leftOut: string[] = [],
  warn: (message: string) => void = () => {},
) {
  const read = new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));
  const tree = { files: read, leftOut, item: 'ops/line-a', url: 'https://git.example.org/a.git' };
  const run = { ...quietRun(), emit: (event: RunEvent) => event.kind === 'warning' && warn(event.message) };
  return imagesOfTreeChart({ ...FINDING, ...more }, tree, discovery, run);
}

const certain = (images: readonly ImageFinding[]) =>
  images.filter(({ method }) => method === 'pod-template').map(({ reference }) => reference);

describe('a chart that lies in a Git tree', () => {
  it('is rendered as what installs it says, and its places are files of the tree', async () => {
    expect(await look()).toContainEqual({
      reference: 'r.example/web:1',
      method: 'pod-template',
      confidence: 'certain',
      place: {
        file: 'charts/web/templates/pod.yaml',
        object: 'Pod/front-ot',
        path: 'spec.containers[0].image',
      },
    });
  });

  it('takes values of the chart, of the tree and in line, the last one winning', async () => {
    const ofChart = { from: 'chart', path: 'prod.yaml' } as const;
    const ofTree = { from: 'tree', path: 'values/site.yaml' } as const;
    const inline = { from: 'inline', content: 'image: r.example/web:4' } as const;
    expect(certain(await look({ values: [ofChart] }))).toEqual(['r.example/web:2']);
    expect(certain(await look({ values: [ofChart, ofTree] }))).toEqual(['r.example/web:3']);
    expect(certain(await look({ values: [ofTree, inline] }))).toEqual(['r.example/web:4']);
  });

  it('takes parameters as Helm takes --set and --set-string', async () => {
    const set = (name: string, value: string, text = false) =>
      ({ from: 'parameter', name, value, text }) as const;
    const templates = {
      ...FILES,
      'charts/web/templates/pod.yaml': POD.replace(
        '.Values.image',
        'printf "r.example/%s:%v-%s" .Values.a.b .Values.n (kindOf .Values.n)',
      ),
    };
    const rendered = async (n: string, text: boolean) =>
      certain(await look({ values: [set('a.b', 'x'), set('n', n, text)] }, templates));
    expect(await rendered('true', false)).toEqual(['r.example/x:true-bool']);
    expect(await rendered('true', true)).toEqual(['r.example/x:true-string']);
    expect(await rendered('007', false)).toEqual(['r.example/x:007-string']);
    const inline = { from: 'inline', content: 'image: r.example/web:4' } as const;
    expect(certain(await look({ values: [inline, set('image', 'r.example/web:5')] }))).toEqual([
      'r.example/web:5',
    ]);
  });

  it('at the root of the tree has its places there', async () => {
    const { 'charts/web/Chart.yaml': chart, 'charts/web/values.yaml': values } = FILES;
    const files = { 'Chart.yaml': chart, 'values.yaml': values, 'templates/pod.yaml': POD };
    const [image] = await look({ source: { from: 'tree', path: '' } }, files);
    expect(image?.place.file).toBe('templates/pod.yaml');
  });

  it('about which something is open says nothing for certain', async () => {
    const images = await look({ confidence: 'likely', open: ['values of a Secret'] });
    expect(images.map(({ confidence }) => confidence)).not.toContain('certain');
    expect(images).toContainEqual(expect.objectContaining({ confidence: 'likely' }));
  });

  it.each<[string, Partial<ChartFinding>, string]>([
    [
      'values from elsewhere',
      { values: [{ from: 'url', url: 'https://x.example/v' }] },
      'https://x.example/v',
    ],
    [
      'a parameter in a list',
      { values: [{ from: 'parameter', name: 'images[0]', value: 'x', text: false }] },
      'the parameter images[0]',
    ],
    [
      'a long number as parameter',
      { values: [{ from: 'parameter', name: 'tag', value: '20240101', text: false }] },
      'the parameter tag',
    ],
    ['values that are not there', { values: [{ from: 'chart', path: '../no.yaml' }] }, '../no.yaml'],
    ['a placeholder', { confidence: 'possible' }, 'placeholder'],
    ['no Chart.yaml', { source: { from: 'tree', path: 'values' } }, 'no Chart.yaml'],
  ])('is not guessed with %s', async (_, more, message) => {
    await expect(look(more)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it.each(['templates/big.yaml', 'charts/cache-1.0.0.tgz', 'templates/notes', 'values.yaml', 'Chart.lock'])(
    'is not rendered without its %s, which was left out',
    async (file) => {
      await expect(look({}, FILES, [`charts/web/${file}`])).rejects.toMatchObject({
        message: expect.stringContaining(file),
      });
    },
  );

  it('does not need what was left out beside it, what it ignores, and a picture', async () => {
    const leftOut = ['charts/webs/big.yaml', 'charts/web/notes/big.yaml', 'charts/web/logo.png'];
    await expect(look({}, FILES, leftOut)).resolves.not.toEqual([]);
  });

  it('may do without values files of which it is said so', async () => {
    const files = [
      { from: 'chart', path: 'none.yaml', optional: true },
      { from: 'chart', path: 'prod.yaml', optional: true },
    ] as const;
    expect(certain(await look({ values: files }))).toEqual(['r.example/web:2']);
  });

  it('has the images that a kustomization around it makes of them, at the places of the chart', async () => {
    const images = [
      { name: 'r.example/web', newName: 'mirror.example/web' },
      { name: 'mirror.example/web', newTag: '9' },
    ];
    const found = await look({ images });
    expect(certain(found)).toEqual(['mirror.example/web:9']);
    expect(found[0]?.place.file).toBe('charts/web/templates/pod.yaml');
    await expect(look({ images: [{ name: 'a(' }] })).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });
});

describe('a chart in a tree that names others by file://', () => {
  const needs = (chart: string, ...repositories: string[]) => {
    const list = repositories.map((repository) => {
      const name = repository.split('/').at(-1);
      return `  - {name: ${name}, version: ">=0", repository: "${repository}"}\n`;
    });
    return `apiVersion: v2\nname: ${chart}\nversion: 1.0.0\ndependencies:\n${list.join('')}`;
  };
  const chart = (name: string, ...repositories: string[]) => ({
    [`libs/${name}/Chart.yaml`]: repositories.length
      ? needs(name, ...repositories)
      : `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`,
    [`libs/${name}/values.yaml`]: `image: r.example/${name}:1\n`,
    [`libs/${name}/templates/pod.yaml`]: POD,
  });
  const web = (...repositories: string[]) => ({
    ...FILES,
    'charts/web/Chart.yaml': needs('web', ...repositories),
  });

  it('is rendered with them and with what they name, some of it from elsewhere', async () => {
    const files = {
      ...web('file://../../libs/cache'),
      ...chart('cache', 'file://../base', 'https://charts.example.org/remote'),
      ...chart('base'),
    };
    const told: string[] = [];
    const found = await look({}, files, [], (message) => told.push(message));
    expect(certain(found).sort()).toEqual(['r.example/base:1', 'r.example/cache:1', 'r.example/web:1']);
    expect(found.map(({ reference }) => reference)).toContain('r.example/remote:3');
    expect(told).toEqual([]);
  });

  it.each([
    ['file://../../../outside', 'leaves the tree'],
    ['file:///etc', 'leaves the tree'],
    ['file://../nothing', 'is no chart of the tree'],
    ['file://../../values', 'is no chart of the tree'],
  ])('is refused with %s', async (repository, why) => {
    await expect(look({}, web(repository))).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining(`"${repository}" ${why}`),
    });
  });

  it('is refused where they name each other', async () => {
    const files = {
      ...web('file://../../libs/a'),
      ...chart('a', 'file://../b'),
      ...chart('b', 'file://../a'),
    };
    await expect(look({}, files)).rejects.toThrow('in a circle');
  });
});
