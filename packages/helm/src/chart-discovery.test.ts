import {
  type ChartPin,
  describePlace,
  digestOf,
  GapferryError,
  type ImageOverride,
  quietRun,
  type RenderingInput,
} from '@gapferry/core';
import { makeChart, type TestChart } from '@gapferry/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { chartDiscovery } from './chart-discovery.ts';

const POD = `apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}}
spec:
  containers:
    - {name: a, image: {{ .Values.image | quote }}}
`;

const asked: Array<string | undefined> = [];
const discovery = chartDiscovery({
  dependencies: (path) => {
    asked.push(path);
    return async ({ name }) => {
      if (name === 'cache') return (await cache()).archive;
      throw new GapferryError({ code: 'SOURCE_NOT_FOUND', message: `there is no ${name}` });
    };
  },
});
afterAll(() => discovery.close());

function cache(): Promise<TestChart> {
  return makeChart({
    name: 'cache',
    version: '7.0.0',
    files: {
      'values.yaml': 'image: redis:7\nmetrics: {enabled: false, image: exporter:1}\n',
      'templates/pod.yaml': POD,
    },
  });
}

function historian(more: Partial<Parameters<typeof makeChart>[0]> = {}): Promise<TestChart> {
  return makeChart({
    name: 'historian',
    version: '4.0.0',
    files: { 'values.yaml': 'image: historian:4\n', 'templates/pod.yaml': POD },
    ...more,
  });
}

async function found(
  chart: TestChart,
  rendering: RenderingInput = {},
  more: object = {},
  overrides?: readonly ImageOverride[],
): Promise<string[]> {
  const pin = {
    kind: 'chart',
    from: 'repository',
    id: `charts.example/${chart.name}:${chart.version}`,
    wish: digestOf('wish'),
    name: chart.name,
    version: chart.version,
    url: 'https://charts.example/c.tgz',
    archive: digestOf(chart.archive),
    ...more,
  } as ChartPin;
  const contents = { pin, archive: chart.archive, rendering, ...(overrides && { overrides }) };
  const findings = await discovery.discover(contents, quietRun());
  return findings.map(
    ({ confidence, reference, place }) => `${confidence} ${reference} ${describePlace(place)}`,
  );
}

describe('the images of a chart', () => {
  it('are what it renders with the values it is given', async () => {
    const values = [{ name: 'v.yaml', content: 'image: historian:5' }];
    expect(await found(await historian(), { values, release: 'plant' })).toEqual([
      'certain historian:5 historian/templates/pod.yaml: Pod/plant: spec.containers[0].image',
      expect.stringMatching(/^possible .*historian:4 historian\/values\.yaml: image$/),
    ]);
  });

  it('include those of charts that it brings in archives, and what is switched off there', async () => {
    const chart = await historian({ subcharts: [await cache()] });
    expect(await found(chart)).toEqual(
      expect.arrayContaining([
        'certain redis:7 historian/charts/cache/templates/pod.yaml: Pod/release-name: spec.containers[0].image',
        expect.stringMatching(
          /^possible .*exporter:1 historian\/charts\/cache\/values\.yaml: metrics\.image$/,
        ),
      ]),
    );
  });

  it('include those of dependencies that it does not bring, fetched for it alone', async () => {
    const dependencies = [{ name: 'cache', version: '7.0.0', repository: 'https://charts.example' }];
    const chart = await historian({ dependencies });
    expect(await found(chart, {}, { from: 'local', path: '../historian' })).toEqual(
      expect.arrayContaining([expect.stringMatching(/^certain redis:7 historian\/charts\/cache/)]),
    );
    expect(asked.at(-1)).toBe('../historian');
  });

  it('are what it renders with values files that it brings itself', async () => {
    const files = {
      'values.yaml': 'image: historian:4\n',
      'ci/edge.yaml': 'image: historian:4-edge\n',
      'templates/pod.yaml': POD,
    };
    const chart = await historian({ files });
    expect(await found(chart, { values: [{ chartFile: 'ci/edge.yaml' }] })).toContain(
      'certain historian:4-edge historian/templates/pod.yaml: Pod/release-name: spec.containers[0].image',
    );
    await expect(found(chart, { values: [{ chartFile: 'ci/none.yaml' }] })).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('ci/none.yaml'),
    });
  });

  it('are those that kustomize makes of what it renders, also in Lists, with the places of the chart', async () => {
    const list = `apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: [{image: historian:4}]}}
`;
    const chart = await historian({
      files: {
        'values.yaml': 'image: historian:4\n',
        'templates/pod.yaml': POD,
        'templates/list.yaml': list,
      },
    });
    const overrides = [
      { name: 'historian', newName: 'mirror.example/h' },
      { name: 'mirror.example/h', tagSuffix: '-x' },
    ];
    const lines = await found(chart, {}, {}, overrides);
    const certain = lines.filter((line) => line.startsWith('certain')).sort();
    expect(certain).toEqual([
      'certain mirror.example/h:4-x-x historian/templates/list.yaml: Pod/b: items[0].spec.containers[0].image',
      'certain mirror.example/h:4-x-x historian/templates/pod.yaml: Pod/release-name: spec.containers[0].image',
    ]);
  });

  it('are never guessed where it does not render', async () => {
    const chart = await historian({ files: { 'templates/x.yaml': 'a: {{ fail "no values" }}' } });
    await expect(found(chart)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
