import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { discoverTree, treeOfFiles } from '@gapferry/helm';
import { mustRun, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KUSTOMIZE_SHAPES, type KustomizeShape } from './support/kustomize-shapes.ts';
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

async function build({ name, top, files }: KustomizeShape): Promise<string> {
  const directory = join(home.path, name.replace(/\W+/g, '-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  const env = { PATH: process.env['PATH'], HOME: home.path };
  return mustRun(tool('kustomize'), ['build', join(directory, top)], { env });
}

function ours({ files }: KustomizeShape): string[] {
  const bytes = Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)] as const);
  const { images, problems } = discoverTree(treeOfFiles(new Map(bytes)));
  expect(problems).toEqual([]);
  const named = images.filter(({ confidence }) => confidence !== 'possible');
  return [...new Set(named.map(({ reference }) => reference))].sort();
}

/** Kustomize writes one member a line; the shapes have no other `image` and `reference`. */
function imagesIn(text: string): string[] {
  const found = text.matchAll(/^[ -]*(?:image|reference): ["']?([^"'\s]+)["']?$/gm);
  return [...new Set([...found].map(([, image = '']) => image))].sort();
}
