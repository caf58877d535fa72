import { quietRun } from '@gapferry/core';
import { memoryMedium } from '@gapferry/core/testing';
import type { GitlabRegistryOptions } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import {
  GITLAB_USER,
  type GitlabRegistryFixture,
  startGitlabRegistryFixture,
} from '../testing/gitlab-registry-fixture.ts';
import { imageOf, loadInto, surveyHost } from '../testing/host-survey.ts';
import { makePlantSite, surveyPlant } from '../testing/plant-targets.ts';

const run = quietRun();
const nginx = imageOf('docker.io/library/nginx');
const redis = imageOf('docker.io/library/redis');
const DEPLOY = {
  username: 'gitlab+deploy-token-1',
  password: 'gldt-1',
  within: 'docker.io',
  scopes: ['read_registry', 'write_registry'],
} as const;
const AS_DEPLOY = { user: DEPLOY.username, secret: DEPLOY.password };
/** One project for each upstream host. */
const SHARED = { path: 'mirror/{host}/{path}', projectParts: 2 };
let fixture: GitlabRegistryFixture;

async function start(options: Partial<GitlabRegistryOptions> = {}): Promise<GitlabRegistryFixture> {
  fixture = await startGitlabRegistryFixture(options);
  return fixture;
}

afterEach(() => fixture.close());

describe('projects that are missing at GitLab', () => {
  it('are planned, made once with their groups, and found the next time', async () => {
    const { registry, open } = await start();
    const target = open();
    const { presences, obstacles, permissions } = await surveyHost(target, [nginx, redis]);
    expect(presences[0]).toMatchObject({
      state: 'absent',
      makes: 'project docker.io/library/nginx (private)',
    });
    expect(obstacles).toEqual([]);
    expect(permissions.filter(({ state }) => state === 'lacking')).toEqual([]);
    expect(registry.gitlab.groups()).toEqual([]);
    await loadInto(target, [nginx, redis]);
    expect(registry.gitlab.groups()).toEqual(['docker.io', 'docker.io/library']);
    expect(registry.gitlab.project('docker.io/library/nginx')).toMatchObject({ visibility: 'private' });
    expect(registry.tagged('docker.io/library/nginx', '1.0')).toBe(nginx.tag.root.digest);
    const again = await surveyHost(open(), [nginx, redis]);
    expect(again.presences.map(({ state }) => state)).toEqual(Array(4).fill('same'));
  });

  it('hold many images each, where the site says how much of a path is the project', async () => {
    const { registry, open } = await start();
    await loadInto(open(SHARED), [nginx, redis]);
    const made = registry.gitlab.requests.filter(
      ({ method, url }) => method === 'POST' && url.endsWith('/projects'),
    );
    expect(made.map(({ status }) => status)).toEqual([201]);
    expect(registry.tagged('mirror/docker.io/library/redis', '1.0')).toBe(redis.tag.root.digest);
  });

  it('are a refusal each where the site does not want them made', async () => {
    const { open } = await start();
    const target = open({ create: false });
    const { obstacles } = await surveyHost(target, [nginx, redis]);
    expect(obstacles).toMatchObject([
      { on: 'project docker.io/library/nginx', remedy: expect.stringContaining('create: true') },
      { on: 'project docker.io/library/redis' },
    ]);
    await expect(target.load(nginx.content, memoryMedium(nginx.parts), run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
    });
  });
});

describe('a deploy token of GitLab', () => {
  it('loads into projects that are there, and asks the API for nothing', async () => {
    const { registry, open } = await start({ deployTokens: [DEPLOY] });
    await loadInto(open(), [nginx]);
    const before = registry.gitlab.requests.length;
    const moved = imageOf('docker.io/library/nginx', 'newer', '1.1');
    const target = open(AS_DEPLOY);
    const { permissions, obstacles } = await surveyHost(target, [moved]);
    expect(permissions).toEqual([
      { action: 'write_registry', on: 'project docker.io/library/nginx', state: 'proven' },
    ]);
    expect(obstacles).toEqual([]);
    await loadInto(target, [moved]);
    expect(registry.tagged('docker.io/library/nginx', '1.1')).toBe(moved.tag.root.digest);
    const asked = registry.gitlab.requests.slice(before).filter(({ url }) => url.startsWith('/api/'));
    expect(asked.map(({ url, status }) => `${url} ${status}`)).toEqual(['/api/v4/user 401']);
  });

  it('is told what lacks where it may only read, or there is no project', async () => {
    const scopes = ['read_registry'] as const;
    const { open } = await start({ deployTokens: [{ ...DEPLOY, scopes }] });
    await loadInto(open(), [nginx]);
    const { permissions, presences } = await surveyHost(open(AS_DEPLOY), [nginx, redis]);
    expect(presences.map(({ state }) => state)).toEqual(['same', 'same', 'absent', 'absent']);
    expect(permissions).toMatchObject([
      {
        action: 'write_registry',
        on: 'project docker.io/library/redis',
        state: 'lacking',
        remedy: expect.stringContaining('or make the project'),
      },
    ]);
  });

  it('pushes into what an access token has made', async () => {
    const { registry, open } = await start({ deployTokens: [DEPLOY] });
    const target = open({ ...AS_DEPLOY, token: GITLAB_USER.password });
    const { permissions } = await surveyHost(target, [nginx]);
    expect(permissions).toContainEqual(
      expect.objectContaining({ action: 'write_registry', state: 'unknown' }),
    );
    await loadInto(target, [nginx]);
    expect(registry.tagged('docker.io/library/nginx', '1.0')).toBe(nginx.tag.root.digest);
  });
});

describe('what stands in the way at GitLab', () => {
  it('is told all at once: names, and projects that take nothing', async () => {
    const { registry, open } = await start();
    await loadInto(open(), [nginx, redis]);
    registry.gitlab.project('docker.io/library/nginx').registryAccess = 'disabled';
    registry.gitlab.project('docker.io/library/redis').archived = true;
    const images = [
      imageOf('docker.io/library/nginx', 'newer'),
      imageOf('docker.io/library/redis', 'newer'),
      imageOf('api/x'),
    ];
    const { obstacles } = await surveyHost(open(), images);
    expect(obstacles.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('keeps "api" for itself'),
      expect.stringContaining('registry of the project docker.io/library/nginx is switched off'),
      expect.stringContaining('docker.io/library/redis is archived'),
    ]);
  });

  it('is a path that is too deep behind its project', async () => {
    const { open } = await start();
    const deep = imageOf('ghcr.example/a/b/c');
    expect((await surveyHost(open(SHARED), [deep])).obstacles).toMatchObject([
      { problem: expect.stringContaining('has 3 parts behind its project mirror/ghcr.example') },
    ]);
    expect((await surveyHost(open(), [deep])).obstacles).toEqual([]);
  });

  it('is a tag that a rule protects, or that would move and is kept', async () => {
    const { registry, open } = await start({ level: 40 });
    await loadInto(open(), [nginx, redis]);
    const rule = { tag_name_pattern: '(?i)^1\\.\\d$', minimum_access_level_for_push: 'owner' } as const;
    registry.gitlab.project('docker.io/library/nginx').registryTagRules.push(rule);
    registry.gitlab
      .project('docker.io/library/redis')
      .registryTagRules.push({ tag_name_pattern: '.*', minimum_access_level_for_push: null });
    const moved = [nginx, redis].map(({ tag }) => imageOf(tag.repository, 'newer'));
    const { obstacles } = await surveyHost(open(), [
      ...moved,
      imageOf('docker.io/library/redis', 'x', '2.0'),
    ]);
    expect(obstacles.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('docker.io/library/nginx:1.0 is protected ((?i)^1\\.\\d$)'),
      expect.stringContaining('docker.io/library/redis:1.0 would move'),
    ]);
  });

  it('is a protected path, for who may not push there', async () => {
    const { registry, open } = await start({ level: 30 });
    await loadInto(open(), [nginx]);
    registry.gitlab.project('docker.io/library/nginx').registryRules.push({
      repository_path_pattern: 'docker.io/*',
      minimum_access_level_for_push: 'maintainer',
    });
    const { permissions } = await surveyHost(open(), [imageOf('docker.io/library/nginx', 'newer')]);
    expect(permissions).toMatchObject([
      { state: 'lacking', remedy: expect.stringContaining('protection rule of the project') },
    ]);
  });
});

describe('what GitLab takes away again', () => {
  it('is warned of: a cleanup policy that removes tags of the release, and keeps others', async () => {
    const { registry, open } = await start();
    await loadInto(open(), [nginx]);
    registry.gitlab.project('docker.io/library/nginx').expiration = {
      enabled: true,
      cadence: '1d',
      keep_n: 5,
      older_than: '90d',
      name_regex: '.*',
      name_regex_keep: '2[.].*',
    };
    const images = [
      imageOf('docker.io/library/nginx', 'a', '1.1'),
      imageOf('docker.io/library/nginx', 'b', '2.0'),
    ];
    const { warnings, obstacles } = await surveyHost(open(), images);
    expect(warnings).toEqual([
      expect.stringMatching(/may remove what is loaded \(docker\.io\/library\/nginx:1\.1\)/),
    ]);
    expect(obstacles).toEqual([]);
  });
});

describe('the registry of a GitLab in a site file', () => {
  it('is asked with tokens of GitLab, at the host that stands beside, and nowhere else', async () => {
    const { registry } = await start({ credentials: { username: 'user', password: 'secret' } });
    const site = await makePlantSite();
    const members = `kind: gitlab-registry, url: "${registry.url}", gitlab: "${registry.gitlab.url}", path: "mirror/{host}/{path}", project: "mirror/{host}", credentials: {env: PLANT}`;
    const target = await site.open(members);
    await surveyPlant(target, nginx.loads);
    const medium = memoryMedium(nginx.parts);
    await target.load(nginx.content, medium, run);
    await target.readBack(nginx.content, run);
    await target.load(nginx.tag, medium, run);
    expect(registry.tagged('mirror/docker.io/library/nginx', '1.0')).toBe(nginx.tag.root.digest);
    expect(registry.gitlab.project('mirror/docker.io')).toMatchObject({ visibility: 'private' });
    await site.close();
  });
});

describe('a GitLab that changes while an import runs', () => {
  it.each([
    [
      'switches the registry of a project off',
      (gitlab: GitlabRegistryFixture['registry']['gitlab']) => {
        gitlab.project('docker.io/library/nginx').registryAccess = 'disabled';
      },
      'registry of the project docker.io/library/nginx is switched off',
    ],
    [
      'lets the user read alone',
      (gitlab: GitlabRegistryFixture['registry']['gitlab']) => {
        Object.assign(gitlab.project('docker.io/library/nginx'), { level: 20 });
      },
      'loader may not push to the project docker.io/library/nginx',
    ],
  ])('%s: that is what is said', async (_, change, words) => {
    const { registry, open } = await start();
    await loadInto(open(), [nginx]);
    const moved = imageOf('docker.io/library/nginx', 'newer', '1.1');
    const target = open();
    await surveyHost(target, [moved]);
    change(registry.gitlab);
    registry.expireTokens();
    await expect(target.load(moved.content, memoryMedium(moved.parts), run)).rejects.toMatchObject({
      message: expect.stringContaining(words),
      hint: expect.stringContaining('import again'),
    });
    expect(registry.tagged('docker.io/library/nginx', '1.1')).toBeUndefined();
  });

  it('does not take the credentials, or the token, from the beginning', async () => {
    const { open } = await start();
    await expect(surveyHost(open({ secret: 'x' }), [nginx])).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('the credentials of loader'),
    });
    await expect(surveyHost(open({ token: 'wrong' }), [nginx])).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('the access token'),
    });
  });
});
