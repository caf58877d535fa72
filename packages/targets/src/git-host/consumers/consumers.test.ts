import { writeFile } from 'node:fs/promises';
import { gitEnvironment, mustRun, temporaryDirectory } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
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

describe('submodules with relative URLs', () => {
  const FORGE = 'https://forge.plant.example';
  const at = (path: string, ...submoduleOf: string[]): InsideRepository => ({
    upstream: `git.example/${path.replace(/\.git$/, '')}`,
    origin: `https://git.example/${path}`,
    url: `${FORGE}/git.example/${path.replace(/\.git$/, '').replaceAll('/', '-')}.git`,
    branch: 'main',
    commit: infra.commit,
    submoduleOf: submoduleOf.map((upstream) => ({ upstream: `git.example/${upstream}`, name: "it's $(x)" })),
  });

  async function leadsTo(repositories: readonly InsideRepository[], url: string): Promise<string> {
    await using home = await temporaryDirectory();
    await writeFile(home.join('config'), gitRewrites(repositories));
    const env = { ...gitEnvironment(), GIT_CONFIG_GLOBAL: home.join('config') };
    return (await mustRun('git', ['ls-remote', '--get-url', url], { env, cwd: home.path })).trim();
  }

  it('are found in a clone from inside, whichever way they lead', async () => {
    const all = [at('team/app'), at('team/lib.git', 'team/app'), at('other/deep/base', 'team/app')];
    const lib = `${FORGE}/git.example/team-lib.git`;
    // ../lib.git, ../../team/lib.git, ../../other/deep/base
    expect(await leadsTo(all, `${FORGE}/git.example/lib.git`)).toBe(lib);
    expect(await leadsTo(all, `${FORGE}/team/lib.git`)).toBe(lib);
    expect(await leadsTo(all, `${FORGE}/other/deep/base`)).toBe(`${FORGE}/git.example/other-deep-base`);
    expect(await leadsTo(all, lib)).toBe(lib);
  });

  it('lead nobody away who clones something else', async () => {
    const all = [at('team/app'), at('team/lib', 'team/app'), at('library'), at('lib2.git', 'team/app')];
    expect(await leadsTo(all, `${FORGE}/git.example/lib`)).toBe(`${FORGE}/git.example/team-lib`);
    for (const name of ['library.git', 'library', 'lib2.git'])
      expect(await leadsTo(all, `${FORGE}/git.example/${name}`)).toBe(`${FORGE}/git.example/${name}`);
  });

  it('that mean two repositories, or one that is there, are left to the clone itself', () => {
    const all = [at('team/app'), at('team/lib', 'team/app'), at('lib')];
    expect(gitRewrites(all)).not.toContain(`insteadOf = "${FORGE}/git.example/lib"`);
    expect(gitRewrites(all)).toContain(
      `# git config 'submodule.it'\\''s $(x).url' '${FORGE}/git.example/team-lib.git'`,
    );
    const two = [at('a/app'), at('b/app'), at('a/lib', 'a/app'), at('b/lib', 'b/app')];
    expect(gitRewrites(two).match(/^# git config/gm)).toHaveLength(2);
  });

  it("need nothing where the layout is upstream's", () => {
    const kept = [at('team/app'), at('team/lib.git', 'team/app')].map((one) => ({
      ...one,
      url: `${FORGE}/${one.upstream}.git`,
    }));
    expect(gitRewrites(kept)).not.toContain('relative');
  });
});
