import type { ArtifactFinding, ChartFinding, GitFinding } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { discoverTree, type TreeDiscovery } from './discover-tree.ts';
import { pod, treeOfTexts } from './testing/tree-of-texts.ts';

const identity = { urls: ['https://git.example.org/plant/deploy.git'], revisions: ['main'] };
const place = { file: 'fleet.yaml', object: 'Application/x', path: 'spec.source' };

const at = (path: string, more: Partial<GitFinding> = {}): GitFinding => ({
  kind: 'git',
  url: 'https://git.example.org/plant/deploy',
  revision: { as: 'tag', text: 'v1' },
  path,
  confidence: 'certain',
  place,
  ...more,
});

const FILES = {
  'base/kustomization.yaml': 'resources: [web.yaml]\nimages: [{name: web, newName: r.example/web}]\n',
  'base/web.yaml': pod('web', 'web:1'),
  'base/unused.yaml': pod('unused', 'unused:1'),
  'other/kustomization.yaml': 'resources: [../base]\nimages: [{name: r.example/web, newTag: other}]\n',
  'plain/a.yaml': pod('a', 'a:1'),
  'plain/deep/b.json':
    '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"},"spec":{"containers":[{"image":"b:1"}]}}',
  'plain/own/kustomization.yaml': 'resources: [own.yaml]\nimages: [{name: own, newTag: "2"}]\n',
  'plain/own/own.yaml': pod('own', 'own:1'),
  'plain/values.yaml': 'image: no:1\n',
  'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
  'chart/templates/pod.yaml': pod('t', '{{ .Values.image }}'),
};

function enter(
  entries: readonly (GitFinding | ChartFinding | ArtifactFinding)[],
  files: Record<string, string> = FILES,
): TreeDiscovery {
  return discoverTree(treeOfTexts(files), { identity, entries: { all: entries, item: 'git plant/deploy' } });
}

const images = (...entries: GitFinding[]) =>
  enter(entries).images.map(({ reference, place: { file } }) => `${reference} ${file}`);

describe('an entry into a tree', () => {
  it('is a kustomization, and nothing else of the tree', () => {
    expect(images(at('base'))).toEqual(['r.example/web:1 base/kustomization.yaml']);
    expect(images(at('./other/'))).toEqual(['r.example/web:other other/kustomization.yaml']);
    expect(images()).toEqual([]);
  });

  it('that is a base is changed by the images around it one after the other', () => {
    const around = [
      { name: 'web', newTag: 'unseen' },
      { name: 'r.example/web', newTag: '2' },
      { name: 'r.example/web', newName: 'mirror/web' },
    ];
    expect(images(at('base', { images: around }))).toEqual(['mirror/web:2 base/kustomization.yaml']);
  });

  it('of Argo CD and Flux takes their images as if the kustomization said so itself', () => {
    const overlay = [{ name: 'web', newTag: '3' }];
    for (const manifests of ['here', 'generated'] as const)
      expect(images(at('base', { manifests, images: overlay }))).toEqual(['web:3 base/kustomization.yaml']);
  });

  it('takes manifests of a directory as Argo CD and Flux do, and leaves those of charts', () => {
    expect(images(at('plain', { manifests: 'here' }))).toEqual(['a:1 plain/a.yaml']);
    expect(images(at('plain', { manifests: 'below' }))).toEqual([
      'a:1 plain/a.yaml',
      'b:1 plain/deep/b.json',
      'own:1 plain/own/own.yaml',
    ]);
    expect(images(at('plain', { manifests: 'generated' }))).toEqual([
      'a:1 plain/a.yaml',
      'own:2 plain/own/kustomization.yaml',
    ]);
    const all = images(at('.', { manifests: 'below' }));
    expect(all.join()).not.toContain('Values.image');
    expect(all).toHaveLength(5);
  });

  it('is looked at once for each way in which it is deployed', () => {
    const twice = [at('base', { images: [{ name: 'r.example/web', newTag: '8' }] }), at('base')];
    expect(images(...twice, ...twice)).toEqual([
      'r.example/web:8 base/kustomization.yaml',
      'r.example/web:1 base/kustomization.yaml',
    ]);
  });

  it('without a path deploys nothing', () => {
    const { path: _, ...whole } = at('');
    expect(enter([whole])).toMatchObject({
      images: [],
      references: [],
      charts: [],
      problems: [],
      within: [],
    });
  });

  it('may be a chart, by what it is or by what lies there', () => {
    const source = { from: 'git', url: 'https://git.example.org/plant/deploy', path: 'chart' } as const;
    const inline = { from: 'inline', content: 'image: x:1' } as const;
    const chart: ChartFinding = { kind: 'chart', source, values: [inline], confidence: 'certain', place };
    const found = enter([chart, at('chart', { manifests: 'here' })]);
    expect(found.charts).toEqual([
      { ...chart, source: { from: 'tree', path: 'chart' } },
      { kind: 'chart', source: { from: 'tree', path: 'chart' }, confidence: 'certain', place },
    ]);
    expect(found.references).toEqual([]);
    expect(found.within).toEqual(['chart']);
  });

  it.each<[string, GitFinding | ChartFinding | ArtifactFinding, string]>([
    ['a path that is not there', at('none'), 'has no directory "none" at v1'],
    ['a path that leaves the tree', at('../x'), 'has no directory "../x" at v1'],
    ['a file', at('base/web.yaml'), 'has no directory "base/web.yaml" at v1'],
    ['a base without kustomization', at('plain'), 'has no kustomization "plain" at v1'],
    [
      'a chart that is none',
      {
        kind: 'chart',
        source: { from: 'git', url: 'https://git.example.org/plant/deploy', path: 'plain' },
        confidence: 'certain',
        place,
      },
      'has no chart "plain" at HEAD',
    ],
    [
      'an artifact without it',
      { kind: 'oci-artifact', ref: 'r.example/a', tag: 'v9', path: 'none', confidence: 'certain', place },
      'has no directory "none" at v9',
    ],
  ])('is not there with %s', (_, entry, message) => {
    expect(() => enter([at('base'), entry])).toThrow(
      expect.objectContaining({
        code: 'SOURCE_NOT_FOUND',
        message: `git plant/deploy ${message}; fleet.yaml: Application/x: spec.source points there`,
      }),
    );
  });
});

describe('what an entry deploys', () => {
  const application = (path: string, more = '') =>
    `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec: {source: {repoURL: "${identity.urls[0]}", targetRevision: main, path: ${path}${more}}}\n`;

  it('is followed to directories and charts of the tree, and to other places', () => {
    const files = {
      ...FILES,
      'apps/a.yaml': application('plain'),
      'apps/b.yaml': application('chart', ', helm: {parameters: [{name: image, value: "x:1"}]}'),
      'apps/c.yaml': application('deep', ', directory: {recurse: true}'),
      'deep/er/d.yaml': `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: d}\nspec: {source: {repoURL: "https://c.example.org", chart: db}}\n`,
      'unrelated.yaml': application('base'),
    };
    const found = enter([at('apps', { manifests: 'here' })], files);
    expect(found.images.map(({ reference }) => reference)).toEqual(['a:1']);
    expect(found.references).toMatchObject([
      { kind: 'chart', source: { from: 'tree', path: 'chart' } },
      { kind: 'chart', source: { from: 'repository', name: 'db' } },
    ]);
    expect(found.charts).toEqual([found.references[0]]);
    expect(found.problems).toEqual([]);
    expect(found.within).toEqual(['apps', 'chart', 'deep', 'plain']);
  });

  it('is told file by file where it cannot be read', () => {
    const files = { 'a/bad.yaml': 'apiVersion: v1\nkind: Pod\n a: [\n', 'a/good.yaml': pod('g', 'g:1') };
    const found = enter([at('a', { manifests: 'here' })], files);
    expect(found.images.map(({ reference }) => reference)).toEqual(['g:1']);
    expect(found.problems.map((problem) => problem.place.file)).toEqual(['a/bad.yaml']);
  });
});
