import { writeFile } from 'node:fs/promises';
import { gitEnvironment, mustRun, temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { argoCdManifests } from './argo-cd.ts';
import { fluxManifests } from './flux.ts';
import { gitRewrites } from './git-rewrites.ts';
import type { InsideRepository } from './inside-repository.ts';

const infra: InsideRepository = {
  upstream: 'git.example:8443/line/infra',
  source: 'https://git.example:8443/line/infra.git',
  url: 'https://forge.plant.example/git.example-8443/line-infra.git',
  branch: 'main',
  commit: '0123456789abcdef0123456789abcdef01234567',
};
const other: InsideRepository = {
  ...infra,
  upstream: 'elsewhere.example/line/infra',
  url: 'https://forge.plant.example/e/line-infra.git',
};

it.each([
  ['https://git.example:8443/line/infra.git'],
  ['https://git.example:8443/line/infra'],
  ['ssh://git@git.example:8443/line/infra.git'],
  ['git@git.example:line/infra.git'],
])('git itself goes inside for %s', async (url) => {
  await using home = await temporaryDirectory();
  await writeFile(home.join('config'), gitRewrites([infra, other]));
  const env = { ...gitEnvironment(), GIT_CONFIG_GLOBAL: home.join('config') };
  const seen = await mustRun('git', ['ls-remote', '--get-url', url], { env, cwd: home.path });
  expect(seen.trim().replace(/\.git$/, '')).toBe('https://forge.plant.example/git.example-8443/line-infra');
});

it('Argo CD gets a repository and a pinned application for each, under names that differ', () => {
  const text = argoCdManifests([infra, other]);
  expect(text.match(/^kind: Secret$/gm)).toHaveLength(2);
  expect(text.match(/^ {2}name: .*$/gm)).toEqual([
    '  name: "repo-line-infra"',
    '  name: "line-infra"',
    '  name: "repo-line-infra-2"',
    '  name: "line-infra-2"',
  ]);
  expect(text).toContain(`targetRevision: "${infra.commit}"`);
  expect(text).not.toMatch(/^ {2}password:/m);
});

it('Flux gets a pinned source for each', () => {
  const text = fluxManifests([infra]);
  expect(text).toContain('kind: GitRepository');
  expect(text).toContain(`url: "${infra.url}"`);
  expect(text).toContain('branch: "main"');
  expect(text).toContain(`commit: "${infra.commit}"`);
});

it('no name breaks out of its place', () => {
  const hostile = { ...infra, upstream: 'git.example/a"\n- b: c', branch: 'main"\nkind: Pod' };
  for (const text of [argoCdManifests([hostile]), fluxManifests([hostile]), gitRewrites([hostile])])
    expect(text).not.toMatch(/^(?:- b: c|kind: Pod)/m);
});
