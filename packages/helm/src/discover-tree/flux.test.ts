import type { ReferenceFinding } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { discoverTree, type TreeDiscovery } from './discover-tree.ts';
import { pod, treeOfTexts } from './testing/tree-of-texts.ts';

const discover = (files: Record<string, string>): TreeDiscovery =>
  discoverTree(treeOfTexts(files), { identity: { urls: ['ssh://git@git.example.org/plant/fleet.git'] } });

/** Without place. */
const found = (...objects: string[]): Partial<ReferenceFinding>[] =>
  discover({ 'flux.yaml': objects.join('---\n') }).references.map(({ place: _, ...rest }) => rest);

const object = (kind: string, name: string, spec: string, namespace = 'flux-system'): string => {
  const group = { HelmRelease: 'helm', Kustomization: 'kustomize' }[kind] ?? 'source';
  return `apiVersion: ${group}.toolkit.fluxcd.io/v1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n`;
};
const fleet = object(
  'GitRepository',
  'fleet',
  '{url: "https://git.example.org/plant/fleet", ref: {branch: main}}',
);
const other = object(
  'GitRepository',
  'other',
  '{url: "https://git.example.org/other", ref: {branch: main, tag: v1}}',
);

describe('a HelmRelease', () => {
  const release = (chart: string, more = '', namespace = 'flux-system'): string =>
    object('HelmRelease', 'hist', `{${chart}${more}}`, namespace);

  it('installs a chart of a repository with values in their order', () => {
    const repository = object('HelmRepository', 'charts', '{url: "https://charts.example.org/"}');
    const values =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v, namespace: flux-system}\ndata: {values.yaml: "c: 3", tag: "7"}\n';
    const text = release(
      'chart: {spec: {chart: historian, version: "4.x", valuesFiles: [values.yaml, prod.yaml], sourceRef: {kind: HelmRepository, name: charts}}}',
      ', targetNamespace: plant, values: {a: 1}, valuesFrom: [{kind: ConfigMap, name: v, valuesKey: tag, targetPath: image.tag}, {kind: ConfigMap, name: v}, {kind: Secret, name: s}]',
    );
    expect(discover({ 'flux.yaml': [repository, values, text].join('---\n') }).references).toEqual([
      {
        kind: 'chart',
        source: { from: 'repository', url: 'https://charts.example.org', name: 'historian' },
        version: '4.x',
        values: [
          { from: 'chart', path: 'values.yaml' },
          { from: 'chart', path: 'prod.yaml' },
          { from: 'inline', content: 'c: 3' },
          { from: 'inline', content: '{"a":1}' },
          { from: 'inline', content: '{"image":{"tag":7}}' },
        ],
        release: 'plant-hist',
        namespace: 'plant',
        confidence: 'likely',
        open: ['values of Secret s are not looked at'],
        place: { file: 'flux.yaml', object: 'HelmRelease/hist', path: 'spec.chart.spec' },
      },
    ]);
  });

  it('installs a chart of a registry, of a HelmRepository in another namespace', () => {
    const repository = object(
      'HelmRepository',
      'oci',
      '{type: oci, url: "oci://registry.example/charts"}',
      'infra',
    );
    const text = release(
      'chart: {spec: {chart: web, sourceRef: {kind: HelmRepository, name: oci, namespace: infra}}}',
      '',
      'apps',
    );
    expect(found(repository, text)).toEqual([
      {
        kind: 'chart',
        source: { from: 'oci', ref: 'registry.example/charts/web' },
        release: 'hist',
        namespace: 'apps',
        confidence: 'certain',
      },
    ]);
  });

  it('installs a chart of Git, of this tree or another', () => {
    const chart = (name: string): string =>
      release(
        `chart: {spec: {chart: ./charts/web, valuesFiles: [v.yaml], sourceRef: {kind: GitRepository, name: ${name}}}}`,
      );
    expect(found(fleet, chart('fleet'))).toMatchObject([
      { source: { from: 'tree', path: 'charts/web' }, values: [{ from: 'tree', path: 'v.yaml' }] },
    ]);
    expect(found(other, chart('other'))[1]).toMatchObject({
      source: {
        from: 'git',
        url: 'https://git.example.org/other',
        revision: { as: 'tag', text: 'v1' },
        path: 'charts/web',
      },
      values: [{ from: 'chart', path: '../../v.yaml' }],
    });
  });

  it('follows chartRef to an OCIRepository, which is no artifact then, and to a HelmChart', () => {
    const oci = object(
      'OCIRepository',
      'web',
      '{url: "oci://registry.example/charts/web", ref: {semver: ">=1.0.0"}}',
    );
    expect(found(oci, release('chartRef: {kind: OCIRepository, name: web}'))).toMatchObject([
      { kind: 'chart', source: { from: 'oci', ref: 'registry.example/charts/web' }, version: '>=1.0.0' },
    ]);
    const repository = object('HelmRepository', 'charts', '{url: "https://charts.example.org"}');
    const chart = object(
      'HelmChart',
      'web',
      '{chart: web, version: "2.0.0", sourceRef: {kind: HelmRepository, name: charts}}',
    );
    expect(found(repository, chart, release('chartRef: {kind: HelmChart, name: web}'))).toMatchObject([
      { kind: 'chart', version: '2.0.0', release: 'hist', confidence: 'certain' },
    ]);
    expect(found(repository, chart)).toMatchObject([
      { kind: 'chart', version: '2.0.0', confidence: 'possible', open: ['nothing installs it'] },
    ]);
  });

  it.each([
    [
      'whose source is missing',
      'chart: {spec: {chart: a, sourceRef: {kind: HelmRepository, name: none}}}',
      'its source, HelmRepository none, is not in the tree',
    ],
    [
      'of a Bucket',
      'chart: {spec: {chart: a, sourceRef: {kind: Bucket, name: b}}}',
      'its source, Bucket b, cannot be carried: only HelmRepository and GitRepository are followed',
    ],
    [
      'whose chartRef is missing',
      'chartRef: {kind: OCIRepository, name: none}',
      'its chart, OCIRepository none, is not in the tree',
    ],
    ['without a chart', 'values: {}', 'it names no chart'],
  ])('%s is told', (_what, chart, message) => {
    const bucket = object('Bucket', 'b', '{bucketName: x}');
    const { problems } = discover({ 'flux.yaml': [bucket, release(chart)].join('---\n') });
    expect(problems.map((problem) => problem.message)).toContain(message);
  });
});

describe('a HelmRelease with placeholders of a substitution in its values', () => {
  it.each([
    [`\${TAG}`, 'likely'],
    [`v$\${TAG}`, 'certain'],
    ['$(TAG)', 'certain'],
  ])('like %s is %s', (tag, confidence) => {
    const repository = object('HelmRepository', 'charts', '{url: "https://charts.example.org/"}');
    const release = object(
      'HelmRelease',
      'hist',
      `{chart: {spec: {chart: web, sourceRef: {kind: HelmRepository, name: charts}}}, values: {tag: "${tag}"}}`,
    );
    expect(found(repository, release)).toMatchObject([{ confidence }]);
  });
});

describe('what changes images after a HelmRelease is rendered', () => {
  const release = (renderers: string): string =>
    object(
      'HelmRelease',
      'hist',
      `{chart: {spec: {chart: web, sourceRef: {kind: HelmRepository, name: charts}}}, postRenderers: [${renderers}]}`,
    );
  const repository = object('HelmRepository', 'charts', '{url: "https://charts.example.org/"}');

  it('comes along where it is images of kustomize, and is open where it is more', () => {
    const images = '{kustomize: {images: [{name: web, newTag: "2"}]}}';
    const patch = '{kustomize: {patches: [{target: {kind: Pod}, patch: "[]"}]}}';
    const names = [{ name: 'web', newTag: '2' }];
    expect(found(repository, release(images))).toMatchObject([{ images: names, confidence: 'certain' }]);
    expect(found(repository, release(`${images}, ${patch}`))).toMatchObject([
      { images: names, confidence: 'likely', open: ['its postRenderers may change images'] },
    ]);
  });
});

describe('a Kustomization of Flux', () => {
  const kustomization = (spec: string): string =>
    object('Kustomization', 'apps', `{sourceRef: {kind: GitRepository, name: fleet}, ${spec}}`);

  it('changes images of a kustomization in this tree, patches it, and reports substitutions', () => {
    const { images, problems } = discover({
      'clusters/a.yaml': `${fleet}---\n${kustomization(
        `path: ./apps, images: [{name: web, newTag: "2"}], postBuild: {substitute: {A: b}, substituteFrom: [{kind: Secret, name: s}]},
  patches: [{target: {kind: Pod, name: other}, patch: '[{"op":"replace","path":"/spec/containers/0/image","value":"other:9"}]'}]`,
      )}`,
      'apps/kustomization.yaml': 'resources: [web.yaml, other.yaml]\nimages: [{name: web, newTag: "1"}]\n',
      'apps/web.yaml': pod('web', 'web:0'),
      'apps/other.yaml': pod('other', 'other:0'),
    });
    expect(images.map(({ reference }) => reference)).toEqual(['web:2', 'other:9']);
    expect(problems.map(({ message }) => message)).toEqual([
      'its substitutions are not made in image names: A, Secret s',
    ]);
  });

  it('changes images of plain manifests, in all directories below', () => {
    const { images } = discover({
      'clusters/a.yaml': `${fleet}---\n${kustomization('path: apps, images: [{name: web, newTag: "2"}]')}`,
      'apps/deep/web.yaml': pod('web', 'web:0'),
      'apps/own/kustomization.yaml': 'resources: [own.yaml]\n',
      'apps/own/own.yaml': pod('own', 'web:0'),
      'other/web.yaml': pod('web', 'web:0'),
    });
    expect(images.map(({ reference, place }) => [reference, place.file])).toEqual([
      ['web:2', 'apps/kustomization.yaml'],
      ['web:2', 'apps/kustomization.yaml'],
      ['web:0', 'other/web.yaml'],
    ]);
  });

  it('of other sources is a directory of those', () => {
    const elsewhere = object(
      'Kustomization',
      'x',
      '{sourceRef: {kind: GitRepository, name: other}, path: ./deploy, images: [{name: a, newTag: "2"}]}',
    );
    const patched = object(
      'Kustomization',
      'z',
      "{sourceRef: {kind: GitRepository, name: other}, patches: [{target: {kind: Pod}, patch: '[]'}]}",
    );
    const artifact = object(
      'OCIRepository',
      'manifests',
      `{url: "oci://registry.example/manifests", ref: {tag: v1, digest: "sha256:${'a'.repeat(64)}"}}`,
    );
    const ofArtifact = object(
      'Kustomization',
      'y',
      '{sourceRef: {kind: OCIRepository, name: manifests}, path: ./x}',
    );
    const git = {
      kind: 'git',
      url: 'https://git.example.org/other',
      revision: { as: 'tag', text: 'v1' },
      confidence: 'certain',
    };
    const oci = {
      kind: 'oci-artifact',
      ref: 'registry.example/manifests',
      digest: `sha256:${'a'.repeat(64)}`,
      confidence: 'certain',
    };
    expect(found(other, elsewhere, artifact, ofArtifact, patched)).toEqual([
      git,
      { ...git, path: 'deploy', manifests: 'generated', images: [{ name: 'a', newTag: '2' }] },
      oci,
      { ...oci, path: 'x', manifests: 'generated' },
      {
        ...git,
        path: '.',
        manifests: 'generated',
        confidence: 'likely',
        open: ['its patches and components are not applied there'],
      },
    ]);
  });

  it.each([
    [
      'whose source is missing',
      'its source, GitRepository fleet, is not in the tree',
      kustomization('path: a'),
    ],
    [
      'whose path leaves the repository',
      'its path "../a" leaves the repository',
      `${fleet}---\n${kustomization('path: ../a')}`,
    ],
    [
      'whose path is missing',
      'its path "none" is not in the tree',
      `${fleet}---\n${kustomization('path: none')}`,
    ],
  ])('%s is told', (_what, message, text) => {
    expect(discover({ 'flux.yaml': text }).problems.map((problem) => problem.message)).toEqual([message]);
  });

  it('that is called kustomization.yaml is a manifest and no kustomization', () => {
    const { references, problems } = discover({
      'kustomization.yaml': `${other}---\n${kustomization('path: a')}`,
    });
    expect(references).toMatchObject([{ kind: 'git' }]);
    expect(problems).toHaveLength(1);
  });
});
