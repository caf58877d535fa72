import { describe, expect, it } from 'vitest';
import { discoverTree, type TreeDiscovery } from './discover-tree.ts';
import { treeOfTexts } from './testing/tree-of-texts.ts';

const discover = (...objects: string[]): TreeDiscovery =>
  discoverTree(treeOfTexts({ 'charts.yaml': objects.join('---\n') }));

const object = (kind: string, spec: string): string =>
  `apiVersion: helm.cattle.io/v1\nkind: ${kind}\nmetadata: {name: traefik, namespace: kube-system}\nspec: ${spec}\n`;

describe('a HelmChart of k3s', () => {
  it('installs a chart of a repository, with its values, those of its HelmChartConfig, and its parameters last', () => {
    const chart = object(
      'HelmChart',
      '{repo: "https://charts.example.org/", chart: traefik, version: 1.2.3, targetNamespace: edge, valuesContent: "a: 1", set: {image.tag: v2}}',
    );
    const config = object('HelmChartConfig', '{valuesContent: "a: 2"}');
    expect(discover(chart, config).references).toEqual([
      {
        kind: 'chart',
        source: { from: 'repository', url: 'https://charts.example.org', name: 'traefik' },
        version: '1.2.3',
        values: [
          { from: 'inline', content: 'a: 1' },
          { from: 'inline', content: 'a: 2' },
          { from: 'inline', content: '{"image":{"tag":"v2"}}' },
        ],
        release: 'traefik',
        namespace: 'edge',
        confidence: 'certain',
        place: { file: 'charts.yaml', object: 'HelmChart/traefik', path: 'spec' },
      },
    ]);
  });

  it('installs a chart of a registry, and is less sure where values are secret or a placeholder is left', () => {
    const secret = '{chart: "oci://r.example/charts/traefik", valuesSecrets: [{name: s}]}';
    expect(discover(object('HelmChart', secret)).references).toMatchObject([
      {
        source: { from: 'oci', ref: 'r.example/charts/traefik' },
        namespace: 'kube-system',
        confidence: 'likely',
        open: ['values of Secret s are not looked at'],
      },
    ]);
    const vague = `{repo: "https://c.example", chart: traefik, version: "\${VERSION}"}`;
    expect(discover(object('HelmChart', vague)).references).toMatchObject([{ confidence: 'possible' }]);
  });

  it.each([
    ['stands in it', '{chartContent: H4sI}', 'its chart stands in it'],
    ['is named nowhere', '{repo: "https://c.example"}', 'it names no chart'],
    [
      'is an archive',
      '{chart: "https://c.example/a-1.tgz"}',
      'its chart is the archive https://c.example/a-1.tgz',
    ],
    ['has no repository', '{chart: traefik}', 'nothing says where its chart traefik is'],
  ])('is told where its chart %s', (_what, spec, message) => {
    const { references, problems } = discover(object('HelmChart', spec));
    expect(references).toEqual([]);
    expect(problems).toMatchObject([{ message: expect.stringContaining(message) }]);
  });
});
