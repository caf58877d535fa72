import { type ChartFinding, type ImageFinding, quietRun } from '@gapferry/core';
import { afterAll, describe, expect, it } from 'vitest';
import { chartDiscovery } from '../chart-discovery.ts';
import { imagesOfTreeChart } from './images-of-tree-chart.ts';

const discovery = chartDiscovery({
  dependencies: () => async () => {
    throw new Error('nothing is needed');
  },
});
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
) {
  const read = new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));
  const tree = { files: read, leftOut, item: 'ops/line-a', url: 'https://git.example.org/a.git' };
  return imagesOfTreeChart({ ...FINDING, ...more }, tree, discovery, quietRun());
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
    ['images that are changed afterwards', { images: [{ name: 'a', newTag: '2' }] }, 'changes images'],
    ['a placeholder', { confidence: 'possible' }, 'placeholder'],
    ['no Chart.yaml', { source: { from: 'tree', path: 'values' } }, 'no Chart.yaml'],
  ])('is not guessed with %s', async (_, more, message) => {
    await expect(look(more)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('is not rendered with a file missing that was left out', async () => {
    await expect(look({}, FILES, ['charts/web/templates/big.yaml'])).rejects.toMatchObject({
      message: expect.stringContaining('big.yaml'),
    });
    await expect(look({}, FILES, ['charts/webs/big.yaml'])).resolves.not.toEqual([]);
  });
});
