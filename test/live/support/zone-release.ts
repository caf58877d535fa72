import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf } from '@gapferry/core';
import {
  createRepository,
  makeImage,
  makeIndex,
  mustRun,
  seededBuffer,
  type TemporaryDirectory,
  type TestGitRepository,
  type TestImage,
} from '@gapferry/testkit';
import type { Distribution } from './distribution.ts';
import type { GitLfs } from './git-lfs.ts';
import { writeOciLayout } from './oci-layout.ts';
import { createSkopeo } from './skopeo.ts';
import { tool } from './tools.ts';

export const REGISTRY = 'registry.upstream.example';
const GIT = 'git.upstream.example';
export const IMAGES: readonly string[] = Array.from({ length: 12 }, (_, i) => `line-a/app-${i}`);
export const CHARTS = ['historian', 'mqtt'] as const;
export const REPOSITORIES = ['deploy', 'models'] as const;
const FILES = 120;

/** What the commit of `deploy` names, as a cluster's manifests would: images by tag, and the digest that it wants there; objects by key below the release's. */
export interface Named {
  readonly images: ReadonlyArray<{ readonly name: string; readonly tag: string; readonly digest: string }>;
  readonly objects: Readonly<Record<string, string>>;
}

/** An upstream of real servers' and clients' making: a dozen images, two charts that helm pushed, two repositories, one with Git LFS, and a directory of files. */
export interface ZoneUpstream {
  readonly deploy: TestGitRepository;
  readonly models: TestGitRepository;
  /** Archive of a chart, as helm packed it. */
  chart(name: string): string;
  /** Makes a version: every image under its old tag, other files, and the commit that names them. */
  make(version: number): Promise<Named>;
}

/** `files`: the directory that the bundle names as `../../kit`. */
export async function makeZoneUpstream(
  home: TemporaryDirectory,
  registry: Distribution,
  lfs: GitLfs,
  files: string,
): Promise<ZoneUpstream> {
  const deploy = await createRepository(home.join('deploy'), [
    { message: 'Begin', files: { 'README.md': 'line A\n' }, tags: ['v0.1'] },
  ]);
  const models = await createRepository(home.join('models'), [
    { message: 'Begin', files: { 'README.md': 'models\n' } },
  ]);
  await lfs.git(models.path, 'lfs', 'install', '--local');
  await lfs.git(models.path, 'lfs', 'track', '*.bin');
  for (const name of CHARTS) await pushChart(home, registry, name);
  return {
    deploy,
    models,
    chart: (name) => home.join(`${name}-1.0.0.tgz`),
    make: async (version) => {
      const images = await pushImages(home, registry, version);
      const objects = await writeFiles(files, version);
      await writeFile(join(models.path, 'model.bin'), seededBuffer(1_500_000, `model ${version}`));
      await lfs.git(models.path, 'add', '--all');
      await lfs.git(models.path, 'commit', '-q', '-m', `Version ${version}`);
      const named = { images, objects };
      await deploy.commit({
        message: `Version ${version}`,
        files: { 'named.json': JSON.stringify(named) },
        tags: [`v${version}`],
      });
      return named;
    },
  };
}

/** Text of bundle.yaml. */
export function zoneBundle({ deploy, models }: Pick<ZoneUpstream, 'deploy' | 'models'>): string {
  const repositories = Object.entries({ deploy, models }).map(
    ([name, { path }]) => `  - {url: "file://${path}", as: ${GIT}/ops/${name}}\n`,
  );
  return `format: gapferry.bundle/1
name: line-a
insecure: [${REGISTRY}]
images:
${IMAGES.map((name) => `  - ${REGISTRY}/${name}:1.0\n`).join('')}charts:
${CHARTS.map((name) => `  - {oci: oci://${REGISTRY}/charts/${name}, version: 1.0.0, images: none}\n`).join('')}git:
${repositories.join('')}files:
  - {path: ../../kit, as: kit}
`;
}

async function pushImages(
  home: TemporaryDirectory,
  registry: Distribution,
  version: number,
): Promise<Named['images']> {
  const skopeo = createSkopeo(home);
  const pushed = IMAGES.map(async (name, i) => {
    const layout = home.join(`made-${version}-${i}`);
    const image = await imageOf(`${name} ${version}`, i);
    await writeOciLayout(layout, { '1.0': image });
    await skopeo.push(`${layout}:1.0`, `${name}:1.0`, registry);
    return { name: `${REGISTRY}/${name}`, tag: '1.0', digest: image.root.digest };
  });
  return await Promise.all(pushed);
}

/** Every third one is for two platforms. */
async function imageOf(seed: string, i: number): Promise<TestImage> {
  const one = (platform: string): Promise<TestImage> =>
    makeImage({
      platform,
      seed: `${seed} ${platform}`,
      layers: [
        { size: 400_000, seed: 'base' },
        { size: 250_000 + 100_000 * i, seed: `${seed} ${platform}` },
      ],
    });
  if (i % 3 > 0) return await one('linux/amd64');
  return makeIndex([await one('linux/amd64'), await one('linux/arm64')]);
}

async function writeFiles(directory: string, version: number): Promise<Record<string, string>> {
  const objects: Record<string, string> = {};
  for (let i = 0; i < FILES; i += 1) {
    const path = `${i % 7}/file ${i}.bin`;
    // Most stay what they are from version to version.
    const bytes = seededBuffer((i * 997) % 30_000, i % 5 === 0 ? `${i} ${version}` : `${i}`);
    await mkdir(join(directory, dirname(path)), { recursive: true });
    await writeFile(join(directory, path), bytes);
    objects[`kit/${path}`] = digestOf(bytes).slice('sha256:'.length);
  }
  return objects;
}

async function pushChart(home: TemporaryDirectory, registry: Distribution, name: string): Promise<void> {
  const templates = home.join('charts', name, 'templates');
  await mkdir(templates, { recursive: true });
  const chart = `apiVersion: v2\nname: ${name}\nversion: 1.0.0\ndescription: "<values> & more, äöü"\n`;
  await writeFile(home.join('charts', name, 'Chart.yaml'), chart);
  const template = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
  await writeFile(join(templates, 'config-map.yaml'), template);
  const helm = (...args: readonly string[]): Promise<string> =>
    mustRun(tool('helm'), args, { cwd: home.path, env: { PATH: process.env['PATH'], HOME: home.path } });
  await helm('package', join('charts', name));
  await utimes(home.join(`${name}-1.0.0.tgz`), 0, 0);
  await helm('push', `${name}-1.0.0.tgz`, `oci://${registry.host}/charts`, '--plain-http');
}
