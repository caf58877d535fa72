import type { ReferenceFinding } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { discoverTree, type TreeDiscovery } from './discover-tree.ts';
import { pod, treeOfTexts } from './testing/tree-of-texts.ts';

const identity = { urls: ['https://git.example.org/plant/deploy.git'], revisions: ['main'] };
const OWN = 'git@git.example.org:plant/deploy';

const discover = (files: Record<string, string>): TreeDiscovery =>
  discoverTree(treeOfTexts(files), { identity });

const application = (spec: string): string =>
  `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: hist}\nspec:\n  destination: {namespace: plant}\n${spec}`;

/** Without place. */
const found = (files: Record<string, string>): Partial<ReferenceFinding>[] =>
  discover(files).references.map(({ place: _, ...rest }) => rest);

describe('an Application', () => {
  it('installs a chart of a repository with its values in order of strength', () => {
    const app = application(`  source:
    repoURL: https://charts.example.org/stable/
    chart: historian
    targetRevision: 4.1.*
    helm:
      releaseName: h
      valueFiles: [values-prod.yaml, "https://me:secret@example.org/v.yaml?token=secret"]
      valuesObject: {a: {b: 1}}
      values: "ignored: true"
      parameters: [{name: image.tag, value: "1.2", forceString: true}, {name: n, value: 3}, {name: "l[0]", value: x}]
      kubeVersion: v1.31.0
      apiVersions: [a/v1]
`);
    expect(discover({ 'app.yaml': app }).references).toEqual([
      {
        kind: 'chart',
        source: { from: 'repository', url: 'https://charts.example.org/stable', name: 'historian' },
        version: '4.1.*',
        values: [
          { from: 'chart', path: 'values-prod.yaml' },
          { from: 'inline', content: '{"a":{"b":1}}' },
          { from: 'inline', content: '{"image":{"tag":"1.2"}}' },
          { from: 'inline', content: '{"n":3}' },
        ],
        release: 'h',
        namespace: 'plant',
        kubeVersion: 'v1.31.0',
        apiVersions: ['a/v1'],
        confidence: 'likely',
        open: ['its values file lies at https://example.org/v.yaml', 'its parameter l[0] is not applied'],
        place: { file: 'app.yaml', object: 'Application/hist', path: 'spec.source' },
      },
    ]);
  });

  it('installs a chart of an OCI registry, which is written without a scheme', () => {
    const app = application(
      '  source: {repoURL: registry.example/charts, chart: web, targetRevision: 2.0.0}\n',
    );
    expect(found({ 'app.yaml': app })).toEqual([
      {
        kind: 'chart',
        source: { from: 'oci', ref: 'registry.example/charts/web' },
        version: '2.0.0',
        release: 'hist',
        namespace: 'plant',
        confidence: 'certain',
      },
    ]);
  });

  it('takes values from another of its sources, also from this tree', () => {
    const app = application(`  sources:
    - {repoURL: "https://c.example.org", chart: web, targetRevision: "1.0", helm: {valueFiles: [$here/values/web.yaml, $there/v.yaml, $nowhere/v.yaml]}}
    - {repoURL: "${OWN}", targetRevision: main, ref: here}
    - {repoURL: "https://git.example.org/other", targetRevision: v3, ref: there}
`);
    expect(found({ 'app.yaml': app, 'values/web.yaml': 'a: 1\n' })).toEqual([
      expect.objectContaining({
        values: [{ from: 'inline', content: 'a: 1\n' }],
        confidence: 'likely',
        open: [
          'its values file $nowhere/v.yaml is not to be found',
          'its values file v.yaml lies in https://git.example.org/other',
        ],
      }),
      {
        kind: 'git',
        url: 'https://git.example.org/other',
        revision: { as: 'name', text: 'v3' },
        confidence: 'certain',
      },
    ]);
  });

  it('takes a directory of another repository, with the images it overrides', () => {
    const app = application(`  source:
    repoURL: https://git.example.org/other.git
    path: overlays/prod
    targetRevision: HEAD
    kustomize: {images: ["web=registry.example/web:2", "side:3", "bare"]}
`);
    const url = 'https://git.example.org/other.git';
    const images = [
      { name: 'web', newName: 'registry.example/web', newTag: '2' },
      { name: 'side', newTag: '3' },
      { name: 'bare' },
    ];
    expect(found({ 'app.yaml': app })).toEqual([
      { kind: 'git', url, path: 'overlays/prod', manifests: 'here', images, confidence: 'certain' },
      { kind: 'image', reference: 'registry.example/web:2', confidence: 'likely' },
      { kind: 'image', reference: 'side:3', confidence: 'likely' },
    ]);
  });

  it('takes a chart of Git, an artifact, and says when a plugin makes its manifests', () => {
    const files = {
      'a.yaml': application(
        '  source: {repoURL: "https://g.example/o", path: c, helm: {valueFiles: [../v.yaml]}}\n',
      ),
      'b.yaml': application(
        '  source: {repoURL: "oci://registry.example/manifests", targetRevision: ^1.0, path: .}\n',
      ),
      'c.yaml': application('  source: {repoURL: "https://g.example/o", path: p, plugin: {name: x}}\n'),
    };
    expect(found(files)).toMatchObject([
      {
        kind: 'chart',
        source: { from: 'git', url: 'https://g.example/o', path: 'c' },
        values: [{ from: 'chart', path: '../v.yaml' }],
      },
      { kind: 'oci-artifact', ref: 'registry.example/manifests', semver: '^1.0' },
      { kind: 'git', path: 'p', confidence: 'likely', open: ['a plugin of Argo CD makes its manifests'] },
    ]);
  });

  it('of this tree decides what a kustomization becomes, a chart, or where nothing is', () => {
    const base = {
      'base/kustomization.yaml': 'resources: [web.yaml]\n',
      'base/web.yaml': pod('web', 'web:1'),
    };
    const source = (path: string, more = ''): string =>
      application(`  source: {repoURL: "${OWN}", targetRevision: main, path: ${path}${more}}\n`);
    const { images, references, problems } = discover({
      ...base,
      'apps/a.yaml': source('base', ', kustomize: {images: ["web:2"]}'),
      'apps/b.yaml': source('chart', ', helm: {valueFiles: [v.yaml]}'),
      'apps/c.yaml': source('none'),
      'chart/Chart.yaml': 'name: chart\n',
      'chart/templates/a.yaml': pod('templated', '{{ .Values.image }}'),
    });
    const certain = images.filter(({ confidence }) => confidence === 'certain');
    expect(certain.map(({ reference, place }) => [reference, place.file])).toEqual([
      ['web:2', 'base/kustomization.yaml'],
    ]);
    expect(references).toMatchObject([
      { source: { from: 'tree', path: 'chart' }, values: [{ from: 'tree', path: 'chart/v.yaml' }] },
    ]);
    expect(problems.map(({ message }) => message)).toEqual(['its path "none" is not in the tree']);
  });

  it('of another revision of this repository is another repository', () => {
    const app = application(`  source: {repoURL: "${OWN}", targetRevision: release-1, path: base}\n`);
    expect(found({ 'app.yaml': app })).toMatchObject([
      { kind: 'git', url: OWN, revision: { as: 'name', text: 'release-1' } },
    ]);
  });

  it('is found in what a kustomization builds, patched', () => {
    const files = {
      'base/kustomization.yaml': 'resources: [app.yaml]\n',
      'base/app.yaml': application(
        '  source: {repoURL: "https://c.example.org", chart: web, targetRevision: "1"}\n',
      ),
      'top/kustomization.yaml': `resources: [../base]
patches: [{target: {kind: Application}, patch: '[{"op":"replace","path":"/spec/source/targetRevision","value":"2"}]'}]
`,
    };
    expect(found(files)).toMatchObject([{ kind: 'chart', version: '2' }]);
  });
});

describe('an ApplicationSet', () => {
  const set = (generators: string, more = '', template = ''): string => `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all}
spec:
  ${more}
  generators:
${generators}
  template:
    metadata: {name: "{{name}}"}
    spec:
      source: {repoURL: "https://c.example.org", chart: "{{name}}", targetRevision: "{{version}}"${template}}
`;
  const charts = (text: string, files: Record<string, string> = {}): unknown[] =>
    discover({ 'set.yaml': text, ...files }).references.map((reference) =>
      reference.kind === 'chart' && reference.source.from === 'repository'
        ? [reference.source.name, reference.version]
        : reference,
    );

  it('lists', () => {
    const text = set(
      '    - list: {elements: [{name: a, version: 1.0.0}, {name: b, version: 2.0.0}]}\n    - list: {elementsYaml: "[{name: c, version: 3.0.0}]"}',
    );
    expect(charts(text)).toEqual([
      ['a', '1.0.0'],
      ['b', '2.0.0'],
      ['c', '3.0.0'],
    ]);
  });

  it('multiplies with matrix and changes with merge', () => {
    const matrix = set(
      '    - matrix: {generators: [{list: {elements: [{name: a}, {name: b}]}}, {list: {elements: [{version: "1"}, {version: "2"}]}}]}',
    );
    expect(charts(matrix)).toEqual([
      ['a', '1'],
      ['a', '2'],
      ['b', '1'],
      ['b', '2'],
    ]);
    const merge = set(
      '    - merge: {mergeKeys: [name], generators: [{list: {elements: [{name: a, version: "1"}, {name: b, version: "1"}]}}, {list: {elements: [{name: b, version: "9"}, {name: z, version: "9"}]}}]}',
    );
    expect(charts(merge)).toEqual([
      ['a', '1'],
      ['b', '9'],
    ]);
  });

  it('walks the directories of this tree, without those that are excluded', () => {
    const text = `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: dirs}
spec:
  goTemplate: true
  generators:
    - git: {repoURL: "${OWN}", revision: HEAD, directories: [{path: apps/*}, {path: apps/old, exclude: true}]}
  template:
    metadata: {name: "{{ .path.basename }}"}
    spec:
      destination: {namespace: "{{ index .path.segments 1 }}"}
      source: {repoURL: "${OWN}", targetRevision: main, path: "{{.path.path}}"}
`;
    const chart = (name: string): Record<string, string> => ({
      [`apps/${name}/Chart.yaml`]: `name: ${name}\n`,
    });
    expect(
      found({ 'set.yaml': text, ...chart('a'), ...chart('old'), ...chart('b'), 'other/Chart.yaml': '' }),
    ).toMatchObject([
      { source: { from: 'tree', path: 'apps/a' }, release: 'a', namespace: 'a' },
      { source: { from: 'tree', path: 'apps/b' }, release: 'b', namespace: 'b' },
    ]);
  });

  it('reads files of this tree', () => {
    const text = set(`    - git: {repoURL: "${OWN}", files: [{path: "sites/**/config.json"}]}`);
    const files = {
      'sites/a/config.json': '{"name":"a","version":"1"}',
      'sites/b/c/config.json': '{"name":"b","version":"2"}',
    };
    expect(charts(text, files)).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  it('says which generator is not static, and keeps what the template says anyway', () => {
    const { references, problems } = discover({
      'set.yaml': set('    - clusters: {}', 'templatePatch: "x"'),
    });
    expect(problems.map(({ place, message }) => [place.path, message])).toEqual([
      [
        'spec.generators[0]',
        'its generator "clusters" is not static: only a running Argo CD knows what it makes',
      ],
      ['spec.templatePatch', 'its templatePatch is not applied'],
    ]);
    expect(references).toMatchObject([
      { kind: 'chart', source: { name: '{{name}}' }, confidence: 'possible' },
    ]);
  });

  it('is not sure of what it installs with placeholders that are left', () => {
    const text = set('    - clusters: {}')
      .replace(
        'chart: "{{name}}", targetRevision: "{{version}}"',
        'chart: web, helm: {values: "a: {{site}}"}',
      )
      .replace('metadata: {name: "{{name}}"}', 'metadata: {name: web}');
    expect(discover({ 'set.yaml': text }).references).toMatchObject([
      {
        confidence: 'likely',
        open: ['placeholders of its ApplicationSet are left in what it is installed with'],
      },
    ]);
  });

  it('says that a repository is another one, and that a selector is not applied', () => {
    const text = set(
      '    - git: {repoURL: "https://git.example.org/other", directories: [{path: "*"}]}\n    - {list: {elements: [{name: a}]}, selector: {matchLabels: {x: y}}}',
    );
    expect(discover({ 'set.yaml': text }).problems.map(({ message }) => message)).toEqual([
      'its generator "git" looks into https://git.example.org/other, which is not this tree',
      'its selector is not applied',
    ]);
  });
});
