import { quietRun } from '@gapferry/core';
import { memoryMedium } from '@gapferry/core/testing';
import type { HarborOptions } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { type HarborFixture, startHarborFixture } from '../testing/harbor-fixture.ts';
import { imageOf, loadInto, surveyHost } from '../testing/host-survey.ts';

const run = quietRun();
let fixture: HarborFixture;

async function start(options: HarborOptions = {}): Promise<HarborFixture> {
  fixture = await startHarborFixture(options);
  return fixture;
}

afterEach(() => fixture.close());

const nginx = imageOf('docker.io/library/nginx');
const redis = imageOf('docker.io/library/redis');
const tool = imageOf('quay.io/line/tool');

describe('projects that are missing', () => {
  it('are planned, made once with what the site says, and found the next time', async () => {
    const { harbor, open } = await start();
    const target = open({ projects: { create: true, public: true, quota: 2 ** 30 } });
    const { presences, obstacles, permissions } = await surveyHost(target, [nginx, redis, tool]);
    expect(presences[0]).toMatchObject({
      state: 'absent',
      makes: 'project docker.io (public, quota 1 GiB)',
    });
    expect(obstacles).toEqual([]);
    expect(permissions).toContainEqual({
      action: 'project:create',
      on: 'project quay.io',
      state: 'proven',
    });
    await loadInto(target, [nginx, redis, tool]);
    const made = harbor.requests.filter(({ method, url }) => method === 'POST' && url.endsWith('/projects'));
    expect(made.map(({ status }) => status)).toEqual([201, 201]);
    expect(harbor.project('docker.io')).toMatchObject({
      metadata: { public: 'true' },
      storageLimit: 2 ** 30,
    });
    expect(harbor.tagged('docker.io/library/nginx', '1.0')).toBe(nginx.tag.root.digest);
    const again = await surveyHost(open(), [nginx, redis, tool]);
    expect(again.presences.map(({ state }) => state)).toEqual(Array(6).fill('same'));
  });

  it('cost an unchanged release one request each, and one for Harbor itself', async () => {
    const { harbor, open } = await start();
    await loadInto(open(), [nginx, redis, tool]);
    const before = harbor.requests.length;
    await surveyHost(open(), [nginx, redis, tool]);
    const asked = harbor.requests.slice(before).map(({ url }) => url.split('?')[0]);
    expect(asked.filter((url) => url?.startsWith('/api/'))).toEqual([
      '/api/v2.0/systeminfo',
      '/api/v2.0/projects',
      '/api/v2.0/projects',
    ]);
  });

  it('are a refusal each where the site does not want them made', async () => {
    const { open } = await start();
    const target = open({ projects: { create: false, public: false } });
    const { obstacles } = await surveyHost(target, [nginx, redis, tool]);
    expect(obstacles).toMatchObject([
      { on: 'project docker.io', problem: 'there is no project docker.io' },
      { on: 'project quay.io', remedy: expect.stringContaining('projects: {create: true}') },
    ]);
    await expect(target.load(nginx.content, memoryMedium(nginx.parts), run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
    });
  });

  it('are made although the answer was lost', async () => {
    const { harbor, open } = await start();
    harbor.addFault({
      match: ({ method, path }) => method === 'POST' && path.endsWith('/projects'),
      times: 1,
      do: { kind: 'lostAnswer' },
    });
    await loadInto(open(), [nginx]);
    expect(harbor.project('docker.io')).toBeDefined();
  });

  it('that Harbor refuses are told in its own words', async () => {
    const { open, harbor } = await start();
    harbor.settings.defaultQuota = -2;
    const target = open();
    await surveyHost(target, [nginx]);
    await expect(target.load(nginx.content, memoryMedium(nginx.parts), run)).rejects.toThrow(
      'POST /api/v2.0/projects with 400: invalid hard limit',
    );
  });

  it.each([
    ['missing', 'who sees all of them', 'admin', 'Harbor12345'],
    ['hidden', 'anybody else', 'joe', 'Secret123'],
  ])('are %s for %s where Harbor lets nobody ask for them by name', async (state, _, user, secret) => {
    const { harbor, open } = await start({ users: [{ username: 'joe', password: 'Secret123' }] });
    harbor.addFault({
      match: ({ method, path }) => method === 'HEAD' && path === '/api/v2.0/projects',
      do: { kind: 'status', status: 403 },
    });
    const { presences, permissions } = await surveyHost(open({ user, secret }), [nginx]);
    expect('makes' in (presences[0] ?? {})).toBe(state === 'missing');
    expect(permissions).toContainEqual(
      expect.objectContaining({ state: state === 'missing' ? 'proven' : 'lacking' }),
    );
  });

  it('are made by who is no administrator with Harbor’s own quota, which may be too small', async () => {
    const joe = { username: 'joe', password: 'Secret123' };
    const { open } = await start({ users: [joe], defaultQuota: 1000 });
    const target = open({ user: 'joe', secret: 'Secret123' });
    await surveyHost(target, [nginx]);
    await expect(target.load(nginx.content, memoryMedium(nginx.parts), run)).rejects.toMatchObject({
      code: 'NO_SPACE',
      message: expect.stringContaining('with a quota of 1000 B'),
      hint: expect.stringContaining('raise the quota of docker.io'),
    });
  });
});

describe('what stands in the way at Harbor', () => {
  it('is told all at once: names, caches, quotas, and a mode that takes nothing', async () => {
    const { open } = await start({
      readOnly: true,
      projects: [
        { name: 'docker.io', storageLimit: 1000 },
        { name: 'quay.io', registryId: 7 },
      ],
    });
    const odd = imageOf('a--b.example/x');
    const { obstacles } = await surveyHost(open(), [nginx, tool, odd]);
    expect(obstacles.map(({ on, problem }) => `${on}: ${problem}`)).toEqual([
      'Harbor: Harbor is in read-only mode',
      expect.stringMatching(/^a--b\.example\/x: "a--b\.example" can be no project/),
      expect.stringMatching(
        /^project docker\.io: .* has room for 1000 B of its quota of 1000 B, and 118\.\d KiB/,
      ),
      expect.stringMatching(/^project quay\.io: .* is a proxy cache/),
    ]);
    expect(obstacles.map(({ remedy }) => remedy)).toEqual([
      expect.stringContaining('Repository Read Only'),
      expect.stringContaining('path: "mirror/{host}/{path}"'),
      expect.stringContaining('raise the quota of docker.io to 11'),
      expect.stringContaining('another `path`'),
    ]);
  });

  it('is no quota that has room for what is missing, though not for the whole', async () => {
    const { harbor, open } = await start();
    await loadInto(open(), [nginx]);
    const project = harbor.project('docker.io');
    if (project) project.storageLimit = harbor.used('docker.io') + 60_000;
    const small = imageOf('docker.io/library/small');
    expect((await surveyHost(open(), [nginx, small])).obstacles).toEqual([]);
    await loadInto(open(), [small]);
    expect((await surveyHost(open(), [nginx, small, redis])).obstacles).toMatchObject([
      { problem: expect.stringContaining('are missing there') },
    ]);
  });

  it('is the quota of a project whose name could be the id of another', async () => {
    const { open } = await start({
      projects: [{ name: 'docker.io' }, { name: '1', storageLimit: 1000 }],
    });
    const { obstacles } = await surveyHost(open({ path: '1/{host}/{path}' }), [nginx]);
    expect(obstacles).toMatchObject([{ on: 'project 1', problem: expect.stringContaining('has room for') }]);
  });

  it.each([
    ['may read artifacts', 'admin', 'Harbor12345'],
    ['may only read the rules', 'robot$reader', 's3cret'],
  ])('is a tag that would move and is kept, for who %s', async (_, user, secret) => {
    const access = [
      { resource: 'repository', action: 'push' },
      { resource: 'immutable-tag', action: 'list' },
    ];
    const permissions = [{ kind: 'project', namespace: '*', access }] as const;
    const { harbor, open } = await start({
      robots: [{ name: 'robot$reader', secret: 's3cret', permissions }],
    });
    await loadInto(open(), [nginx, redis]);
    harbor.keepTags('docker.io', 'library/ng*', '1.*');
    const moved = imageOf('docker.io/library/nginx', 'newer');
    const free = imageOf('docker.io/library/redis', 'newer');
    const target = open({ user, secret });
    const { obstacles, presences } = await surveyHost(target, [moved, free]);
    expect(presences[1]).toMatchObject({ state: 'different' });
    expect(obstacles).toMatchObject([
      { on: 'docker.io/library/nginx:1.0', remedy: expect.stringContaining('rule about immutable tags') },
    ]);
    // What stands already is never put again.
    await loadInto(open(), [nginx]);
  });
});

describe('what is only a pity at Harbor', () => {
  it('is warned of: retention that removes, policies that let nobody pull', async () => {
    const { harbor, open } = await start({
      projects: [
        { name: 'docker.io', metadata: { prevent_vul: 'true', severity: 'high' } },
        { name: 'quay.io' },
      ],
    });
    const where = [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] as const;
    const tags = (pattern: string) => [{ kind: 'doublestar', decoration: 'matches', pattern }] as const;
    harbor.retain('docker.io', [
      { id: 1, template: 'always', tag_selectors: tags('2.*'), scope_selectors: { repository: where } },
      { id: 2, template: 'latestPushedK', tag_selectors: tags('**'), scope_selectors: { repository: where } },
    ]);
    const elsewhere = [{ kind: 'doublestar', decoration: 'repoMatches', pattern: 'other/**' }] as const;
    harbor.retain('quay.io', [
      {
        id: 3,
        template: 'latestPushedK',
        tag_selectors: tags('**'),
        scope_selectors: { repository: elsewhere },
      },
    ]);
    const kept = imageOf('docker.io/library/redis', 'redis', '2.0');
    const { warnings, obstacles } = await surveyHost(open(), [nginx, kept, tool]);
    expect(warnings).toEqual([
      expect.stringContaining('vulnerabilities of the severity high or above'),
      expect.stringContaining('may remove what is loaded (docker.io/library/nginx:1.0)'),
    ]);
    expect(obstacles).toEqual([]);
  });
});

describe('a policy of a project at Harbor that lets nobody pull', () => {
  it.each([
    ['what has no signature', { enable_content_trust_cosign: 'true' }, 'The image is not signed in Cosign'],
    ['what was not scanned', { prevent_vul: 'true' }, 'current image without vulnerability scanning'],
  ])('%s is said to be in the way where it is loaded', async (_, metadata, words) => {
    const scanner = [{ scan_status: 'Running' }] as const;
    const { harbor, open } = await start({ scanner, projects: [{ name: 'docker.io', metadata }] });
    const { warnings } = await surveyHost(open(), [nginx]);
    expect(warnings).toEqual([expect.stringContaining('the import stops before anything is visible')]);
    await expect(loadInto(open(), [nginx])).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringContaining(words),
      hint: expect.stringContaining('have the policy ended'),
    });
    expect(harbor.tagged('docker.io/library/nginx', '1.0')).toBeUndefined();
  });
});

describe('a Harbor whose disk is not as it should be', () => {
  it('is warned of, once something would be sent there', async () => {
    const { open } = await start({ freeBytes: 100_000 });
    const { warnings, obstacles } = await surveyHost(open(), [nginx, redis]);
    expect(warnings).toEqual([
      expect.stringMatching(/its disk has 97\.7 KiB free, and 167\.7 KiB would be sent$/),
    ]);
    expect(obstacles).toEqual([]);
  });
});

describe('a Harbor that does not see its disk', () => {
  it('is warned of no disk without room', async () => {
    const { open } = await start({ freeBytes: 'unseen' });
    expect((await surveyHost(open(), [nginx])).warnings).toEqual([]);
  });
});

describe('repositories of one name', () => {
  it('are told apart by where they come from, charts as well as images', async () => {
    const { harbor, open } = await start();
    const [one, other] = ['charts.one.example', 'charts.other.example'].map((host) => {
      const chart = imageOf(`${host}/historian`, host, '4.2.0');
      return { ...chart, loads: [chart.content, { ...chart.tag, of: 'chart' }] as const };
    });
    if (one === undefined || other === undefined) throw new Error('no charts');
    await loadInto(open({ path: 'charts/{host}/{path}' }), [one, other]);
    expect(harbor.tagged('charts/charts.one.example/historian', '4.2.0')).toBe(one.tag.root.digest);
    expect(harbor.tagged('charts/charts.other.example/historian', '4.2.0')).toBe(other.tag.root.digest);
    await expect(surveyHost(open({ path: 'charts/{name}' }), [one, other])).rejects.toMatchObject({
      code: 'NAME_UNSAFE',
    });
  });
});
