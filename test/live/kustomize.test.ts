import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ImageFinding, quietRun } from '@gapferry/core';
import { chartDiscovery, discoverTree, type FileTree, imagesOfTreeChart, treeOfFiles } from '@gapferry/helm';
import { mustRun, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KUSTOMIZE_SHAPES, type KustomizeShape } from './support/kustomize-shapes.ts';
import { CHART_SHAPES } from './support/kustomized-chart-shapes.ts';
import { lacks, tool } from './support/tools.ts';

let home: TemporaryDirectory;
beforeAll(async () => {
  home = await temporaryDirectory();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

describe.skipIf(lacks('kustomize'))('images of a kustomization', () => {
  it.each(KUSTOMIZE_SHAPES)('are those of `kustomize build`: $name', async (shape) => {
    const theirs = imagesIn(await build(shape));
    expect(theirs.length).toBeGreaterThan(0);
    expect(ours(shape)).toEqual(theirs);
  });
});

describe.skipIf(lacks('kustomize'))('images of a kustomization that another one has as its base', () => {
  const images = [
    { name: 'nginx', newTag: '9.9' },
    { name: 'registry.example:5000/tools/init', newName: 'mirror.example/init' },
    { name: 'mirror.example/init', newTag: 'x' },
  ];

  it.each(KUSTOMIZE_SHAPES)('are those of `kustomize build` around it: $name', async (shape) => {
    const around = JSON.stringify({ resources: [`../base/${shape.top}`], images });
    const base = Object.entries(shape.files).map(([path, text]) => [`base/${path}`, text]);
    const files = { ...Object.fromEntries(base), 'around/kustomization.yaml': around };
    const theirs = imagesIn(await build({ name: `around ${shape.name}`, top: 'around', files }));
    const place = { file: 'kustomization.yaml', path: 'resources' };
    const entry = { kind: 'git', url: 'x', path: shape.top, images, confidence: 'certain', place } as const;
    const found = discoverTree(treeOf(shape.files), { entries: { all: [entry], item: 'git x' } });
    expect(found.problems).toEqual([]);
    expect(named(found.images)).toEqual(theirs);
  });
});

describe.skipIf(lacks('kustomize', 'helm-4'))('images of a chart that a kustomization inflates', () => {
  const charts = chartDiscovery({
    dependencies: () => async () => {
      throw new Error('nothing is needed');
    },
  });
  afterAll(() => charts.close());

  it.each(CHART_SHAPES)('are those of `kustomize build --enable-helm`: $name', async (shape) => {
    const helm = ['--enable-helm', '--helm-command', tool('helm-4')];
    const theirs = imagesIn(await build(shape, helm));
    expect(theirs.length).toBeGreaterThan(0);
    const found = discoverTree(treeOf(shape.files));
    const files = new Map(bytesOf(shape.files));
    const tree = { files, leftOut: [], item: 'x', url: 'https://git.example.org/x' };
    const rendered = await Promise.all(
      found.charts.map((chart) => imagesOfTreeChart(chart, tree, charts, quietRun())),
    );
    expect(found.problems).toEqual([]);
    expect(named([...found.images, ...rendered.flat()])).toEqual(theirs);
  });
});

async function build({ name, top, files }: KustomizeShape, more: readonly string[] = []): Promise<string> {
  const directory = join(home.path, name.replace(/\W+/g, '-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  const env = { PATH: process.env['PATH'], HOME: home.path };
  return mustRun(tool('kustomize'), ['build', ...more, join(directory, top)], { env });
}

function ours({ files }: KustomizeShape): string[] {
  const { images, problems } = discoverTree(treeOf(files));
  expect(problems).toEqual([]);
  return named(images);
}

function treeOf(files: KustomizeShape['files']): FileTree {
  return treeOfFiles(new Map(bytesOf(files)));
}

function bytesOf(files: KustomizeShape['files']): (readonly [string, Uint8Array])[] {
  return Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)] as const);
}

function named(images: readonly ImageFinding[]): string[] {
  const sure = images.filter(({ confidence }) => confidence !== 'possible');
  return [...new Set(sure.map(({ reference }) => reference))].sort();
}

/** Kustomize writes one member a line; the shapes have no other `image` and `reference`. */
function imagesIn(text: string): string[] {
  const found = text.matchAll(/^[ -]*(?:image|reference): ["']?([^"'\s]+)["']?$/gm);
  return [...new Set([...found].map(([, image = '']) => image))].sort();
}
