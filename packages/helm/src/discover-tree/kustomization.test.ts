import { describePlace } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { discoverTree } from './discover-tree.ts';
import { imagesInKustomization } from './images-in-kustomization.ts';
import { pod, treeOfTexts } from './testing/tree-of-texts.ts';

const images = (files: Record<string, string>, directory = ''): string[] =>
  imagesInKustomization(treeOfTexts(files), directory).map(({ reference }) => reference);

describe('the images of a kustomization', () => {
  it('have the file as their place that wrote them, and say how they were found', () => {
    const files = {
      'base/kustomization.yaml': 'resources: [a.yaml]\n',
      'base/a.yaml': `${pod('a', 'a:1')}---\n${pod('b', 'b:1')}`,
      'top/kustomization.yaml': 'resources: [../base]\nnamePrefix: x-\nimages: [{name: a, newTag: "2"}]\n',
    };
    const found = imagesInKustomization(treeOfTexts(files), 'top');
    expect(found.map(({ method, confidence, place }) => [method, confidence, describePlace(place)])).toEqual([
      ['kustomization', 'certain', 'top/kustomization.yaml: Pod/x-a: spec.containers[0].image'],
      ['pod-template', 'certain', 'base/a.yaml: Pod/x-b: spec.containers[0].image'],
    ]);
  });

  it('are also in ConfigMaps that it generates from files, env files and literals', () => {
    const files = {
      'kustomization.yaml': `configMapGenerator:
  - {name: a, files: [agent.yaml, x=other.txt], envs: [it.env], literals: ["SIDECAR_IMAGE='quay.io/x/literal:1'"]}
`,
      'agent.yaml': pod('in-map', 'quay.io/x/file:1'),
      'other.txt': 'text',
      'it.env': '# comment\nAGENT_IMAGE=quay.io/x/env:1\n',
    };
    expect(images(files).sort()).toEqual(['quay.io/x/env:1', 'quay.io/x/file:1', 'quay.io/x/literal:1']);
  });

  it('follow `behavior: merge` of a generator in an overlay', () => {
    const files = {
      'base/kustomization.yaml':
        'configMapGenerator: [{name: a, literals: ["A_IMAGE=quay.io/x/a:1", "B_IMAGE=quay.io/x/b:1"]}]\n',
      'top/kustomization.yaml':
        'resources: [../base]\nconfigMapGenerator: [{name: a, behavior: merge, literals: ["A_IMAGE=quay.io/x/a:2"]}]\n',
    };
    expect(images(files, 'top').sort()).toEqual(['quay.io/x/a:2', 'quay.io/x/b:1']);
  });
});

describe('a kustomization is refused', () => {
  const web = pod('web', 'web:1');
  it.each<[string, Record<string, string>, string]>([
    ['that is its own base', { 'a/kustomization.yaml': 'resources: [../a]\n' }, 'a cycle'],
    [
      'in a cycle of several',
      { 'a/kustomization.yaml': 'resources: [../b]\n', 'b/kustomization.yaml': 'resources: [../a]\n' },
      'a cycle',
    ],
    [
      'whose base lies above it',
      { 'kustomization.yaml': 'resources: [a]\n', 'a/kustomization.yaml': 'resources: [..]\n' },
      'a cycle',
    ],
    [
      'that leaves the tree',
      { 'a/kustomization.yaml': 'resources: [../../etc/passwd]\n' },
      'leaves the tree',
    ],
    ['with an absolute path', { 'a/kustomization.yaml': 'resources: [/etc/passwd]\n' }, 'leaves the tree'],
    [
      'with a link, which is in no tree',
      { 'a/kustomization.yaml': 'resources: [link.yaml]\n' },
      'not in the tree',
    ],
    [
      'whose generator leaves the tree',
      { 'a/kustomization.yaml': 'configMapGenerator: [{name: a, files: [../../x]}]\n' },
      'leaves the tree',
    ],
    ['whose component is missing', { 'a/kustomization.yaml': 'components: [../none]\n' }, 'not in the tree'],
    [
      'with two files',
      { 'a/kustomization.yaml': 'resources: []\n', 'a/Kustomization': 'resources: []\n' },
      'there is a Kustomization beside it',
    ],
    [
      'with a tag that is a number',
      { 'a/kustomization.yaml': 'images: [{name: a, newTag: 1.10}]\n' },
      'is not text',
    ],
    [
      'whose resources are no list',
      { 'a/kustomization.yaml': 'resources: x\n' },
      '"resources" is not a list',
    ],
    ['that is a list', { 'a/kustomization.yaml': '[]\n' }, 'not a kustomization'],
    ['of another kind', { 'a/kustomization.yaml': 'kind: Pod\n' }, 'its kind is "Pod"'],
    [
      'that patches what it does not have',
      {
        'a/kustomization.yaml':
          'resources: [web.yaml]\npatches: [{patch: "{apiVersion: v1, kind: Pod, metadata: {name: other}}"}]\n',
        'a/web.yaml': web,
      },
      'patches Pod/other, which it does not have',
    ],
    [
      'with a JSON patch without target',
      { 'a/kustomization.yaml': 'patches: [{patch: \'[{"op":"remove","path":"/a"}]\'}]\n' },
      'a JSON patch has no target',
    ],
    [
      'whose patch is a file that is missing',
      { 'a/kustomization.yaml': 'patches: [{path: p.yaml}]\n' },
      'not in the tree',
    ],
  ])('%s', (_what, files, why) => {
    expect(() => images(files, 'a')).toThrow(
      expect.objectContaining({ code: 'CONTENT_INVALID', message: expect.stringContaining(why) }),
    );
    expect(
      discoverTree(treeOfTexts(files))
        .problems.map(({ message }) => message)
        .join('\n'),
    ).toContain(why);
  });
});

describe('what a kustomization names outside the tree', () => {
  const file = { file: 'kustomization.yaml', path: 'resources' };
  it('becomes a reference, and what may be changed there is told with less confidence', () => {
    const {
      images: found,
      references,
      problems,
    } = discoverTree(
      treeOfTexts({
        'kustomization.yaml': `resources:
  - https://github.com/org/repo//deploy?ref=v1.2
  - https://example.org/install.yaml
images: [{name: controller, newName: quay.io/x/controller, newTag: v9}]
patches:
  - patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: remote}
      spec: {template: {spec: {containers: [{name: side, image: "quay.io/x/side:1"}]}}}
`,
      }),
    );
    const controller = { name: 'controller', newName: 'quay.io/x/controller', newTag: 'v9' };
    expect(problems).toEqual([]);
    expect(references).toEqual([
      {
        kind: 'git',
        url: 'https://github.com/org/repo',
        revision: { as: 'name', text: 'v1.2' },
        path: 'deploy',
        images: [controller],
        place: file,
        confidence: 'likely',
        open: ['patches of kustomization.yaml may change its images'],
      },
      { kind: 'file', url: 'https://example.org/install.yaml', place: file, confidence: 'certain' },
    ]);
    expect(found.map(({ reference, confidence, method }) => [reference, confidence, method])).toEqual([
      ['quay.io/x/side:1', 'likely', 'kustomization'],
      ['quay.io/x/controller:v9', 'possible', 'kustomization'],
    ]);
  });

  it('becomes a chart with its values, and outer images and namespaces reach it', () => {
    const { references } = discoverTree(
      treeOfTexts({
        'base/kustomization.yaml': `helmCharts:
  - {name: db, repo: "https://charts.example.org/", version: 1.2.3, releaseName: main, valuesFile: values.yaml, valuesInline: {a: 1}, apiVersions: [x/v1]}
  - {name: web, repo: "oci://registry.example/charts", version: "2.0", namespace: own}
  - {name: local}
`,
        'base/values.yaml': 'b: 2\n',
        'base/charts/local/Chart.yaml': 'name: local\n',
        'top/kustomization.yaml':
          'resources: [../base]\nnamespace: prod\nimages: [{name: db, newTag: "5"}]\n',
      }),
    );
    const images = [{ name: 'db', newTag: '5' }];
    expect(references).toEqual([
      expect.objectContaining({
        source: { from: 'repository', url: 'https://charts.example.org', name: 'db' },
        version: '1.2.3',
        release: 'main',
        namespace: 'prod',
        values: [
          { from: 'inline', content: 'b: 2\n' },
          { from: 'inline', content: '{"a":1}' },
        ],
        apiVersions: ['x/v1'],
        images,
        place: { file: 'base/kustomization.yaml', path: 'helmCharts[0]' },
        confidence: 'certain',
      }),
      expect.objectContaining({
        source: { from: 'oci', ref: 'registry.example/charts/web' },
        version: '2.0',
        namespace: 'own',
      }),
      expect.objectContaining({ source: { from: 'tree', path: 'base/charts/local' }, images }),
    ]);
  });

  it.each<[string, string, boolean]>([
    [
      'an image by target',
      'target: {kind: Deployment}, patch: \'[{"op":"replace","path":"/spec/image","value":"x"}]\'',
      true,
    ],
    ['an image in a file', 'target: {kind: Deployment}, path: patch.yaml', true],
    [
      'something else',
      'target: {kind: Deployment}, patch: \'[{"op":"remove","path":"/spec/replicas"}]\'',
      false,
    ],
    [
      'an image of an object that is here',
      'patch: "{apiVersion: v1, kind: Pod, metadata: {name: here}, spec: {containers: [{name: here, image: h:2}]}}"',
      false,
    ],
  ])('may be changed by a patch of %s', (_, patch, isOpen) => {
    const { references } = discoverTree(
      treeOfTexts({
        'kustomization.yaml': `helmCharts: [{name: db, repo: "https://charts.example.org"}]\nresources: [here.yaml]\npatches: [{${patch}}]\n`,
        'here.yaml': pod('here', 'h:1'),
        'patch.yaml': '- {op: replace, path: /spec/image, value: x}\n',
      }),
    );
    const open = ['patches of kustomization.yaml may change its images'];
    expect(references).toMatchObject([isOpen ? { confidence: 'likely', open } : { confidence: 'certain' }]);
  });

  it('is told where it cannot be followed', () => {
    const { problems } = discoverTree(
      treeOfTexts({ 'kustomization.yaml': 'transformers: [t.yaml]\nvars: [{name: a}]\n' }),
    );
    expect(problems.map(({ message }) => message)).toEqual([
      'its "vars" are not resolved; they may write image names',
      'its "transformers" are not run; they may write image names',
    ]);
  });
});
