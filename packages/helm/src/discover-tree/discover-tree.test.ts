import { describe, expect, it } from 'vitest';
import { discoverTree } from './discover-tree.ts';
import { pod, treeOfTexts } from './testing/tree-of-texts.ts';

const places = (files: Record<string, string>): Array<[string, string]> =>
  discoverTree(treeOfTexts(files)).images.map(({ reference, place }) => [reference, place.file]);

describe('a tree', () => {
  it('has the images of plain manifests: YAML streams, JSON, Lists', () => {
    const list = `{"apiVersion":"v1","kind":"List","items":[${JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'l' }, spec: { containers: [{ name: 'l', image: 'list:1' }] } })}]}`;
    expect(
      places({
        'a.yml': `# comment\n---\n${pod('a', 'a:1')}--- # next\n${pod('b', 'b:1')}---\n`,
        'deep/er/c.json': list,
        'values.yaml': 'image: nginx:1\n',
        'package.json': '{"kind": "x", "image": "no:1"}',
        'notes.txt': pod('t', 'text:1'),
      }),
    ).toEqual([
      ['a:1', 'a.yml'],
      ['b:1', 'a.yml'],
      ['list:1', 'deep/er/c.json'],
    ]);
  });

  it('has the images of overlays, not those of the bases they are made from', () => {
    expect(
      places({
        'base/kustomization.yaml': 'resources: [web.yaml]\n',
        'base/web.yaml': pod('web', 'web:0'),
        'stage/kustomization.yaml': 'resources: [../base]\nimages: [{name: web, newTag: stage}]\n',
        'prod/kustomization.yaml': 'resources: [../base]\nimages: [{name: web, newTag: prod}]\n',
        'prod/unused.yaml': pod('unused', 'unused:1'),
      }),
    ).toEqual([
      ['web:prod', 'prod/kustomization.yaml'],
      ['web:stage', 'stage/kustomization.yaml'],
      ['unused:1', 'prod/unused.yaml'],
    ]);
  });

  it('takes files of a kustomization for no plain manifests: patches, generators, configurations', () => {
    const patch =
      'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: "web:2"}]}\n';
    expect(
      places({
        'kustomization.yaml':
          'resources: [web.yaml]\npatches: [{path: patch.yaml}]\nsecretGenerator: [{name: s, files: [secret.yaml]}]\ntransformers: [t.yaml]\n',
        'web.yaml': pod('web', 'web:1'),
        'patch.yaml': patch,
        'secret.yaml': pod('s', 'secret:1'),
        't.yaml': pod('t', 'transformer:1'),
      }),
    ).toEqual([['web:2', 'kustomization.yaml']]);
  });

  it('looks at components that nobody uses', () => {
    const component = 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n';
    const patch =
      '{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [{name: x, image: "quay.io/x/side:1"}]}}';
    const { images, problems } = discoverTree(
      treeOfTexts({
        'c/kustomization.yaml': `${component}resources: [pod.yaml]\npatches: [{patch: '${patch}'}]\n`,
        'c/pod.yaml': pod('c', 'c:1'),
      }),
    );
    expect(images.map(({ reference, confidence }) => [reference, confidence])).toEqual([
      ['c:1', 'certain'],
      ['quay.io/x/side:1', 'likely'],
    ]);
    expect(problems).toEqual([]);
  });

  it('leaves the templates of charts alone, also where a chart is the whole tree', () => {
    const template = pod('t', '{{ .Values.image }}');
    expect(
      places({
        'charts/web/Chart.yaml': 'name: web\n',
        'charts/web/templates/a.yaml': template,
        'a.yaml': pod('a', 'a:1'),
      }),
    ).toEqual([['a:1', 'a.yaml']]);
    expect(places({ 'Chart.yaml': 'name: web\n', 'templates/a.yaml': template })).toEqual([]);
  });

  it('tells of charts that nothing in it installs', () => {
    const chart = 'apiVersion: v2\nname: c\nversion: 1.0.0\n';
    const { problems, charts } = discoverTree(
      treeOfTexts({
        'idle/Chart.yaml': `${chart}dependencies: [{name: base, version: "1", repository: "file://../base"}]\n`,
        'idle/charts/part/Chart.yaml': chart,
        'base/Chart.yaml': chart,
        'library/Chart.yaml': `${chart}type: library\n`,
        'deploy/charts/web/Chart.yaml': chart,
        'deploy/kustomization.yaml': 'helmCharts: [{name: web}]\n',
      }),
    );
    expect(problems).toEqual([
      {
        place: { file: 'idle/Chart.yaml', path: '' },
        message: 'nothing here installs this chart: its images are not looked for',
      },
    ]);
    expect(charts).toMatchObject([{ source: { from: 'tree', path: 'deploy/charts/web' } }]);
  });

  it('with nothing in it has nothing', () => {
    expect(discoverTree(treeOfTexts({}))).toEqual({ images: [], references: [], charts: [], problems: [] });
  });
});
