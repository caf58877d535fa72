import { quietRun } from '@gapferry/core';
import { memoryMedium } from '@gapferry/core/testing';
import type { HarborOptions, NewRobot } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { type HarborFixture, startHarborFixture } from '../testing/harbor-fixture.ts';
import { imageOf, loadInto, surveyHost } from '../testing/host-survey.ts';

const run = quietRun();
let fixture: HarborFixture;

async function start(options: HarborOptions): Promise<HarborFixture> {
  fixture = await startHarborFixture(options);
  return fixture;
}

afterEach(() => fixture.close());

const nginx = imageOf('docker.io/library/nginx');

/** `rights`: `repository:push`; of projects, or of the system for `project:create`. */
function robot(name: string, namespace: string, ...rights: readonly string[]): NewRobot {
  const permissions = rights.map((right) => {
    const [resource = '', action = ''] = right.split(':');
    return right === 'project:create'
      ? ({ kind: 'system', namespace: '/', access: [{ resource, action }] } as const)
      : ({ kind: 'project', namespace, access: [{ resource, action }] } as const);
  });
  return { name, secret: 's3cret', permissions };
}

const as = (user: string): { user: string; secret: string } => ({ user, secret: 's3cret' });

describe('permissions at Harbor', () => {
  it('are proven for a robot that may only push, which loads with them', async () => {
    const loader = robot('robot$docker.io+loader', 'docker.io', 'repository:push');
    const { harbor, open } = await start({ projects: [{ name: 'docker.io' }], robots: [loader] });
    const target = open(as(loader.name));
    const { permissions, obstacles } = await surveyHost(target, [nginx]);
    const on = 'project docker.io';
    expect(permissions).toEqual([
      { action: 'repository:pull', on, state: 'proven' },
      { action: 'repository:push', on, state: 'proven' },
    ]);
    expect(obstacles).toEqual([]);
    await loadInto(target, [nginx]);
    expect(harbor.tagged('docker.io/library/nginx', '1.0')).toBe(nginx.tag.root.digest);
  });

  it('that lack are named as robots have them, each with what to do', async () => {
    const puller = robot('robot$puller', '*', 'repository:pull');
    const { open } = await start({
      creation: 'adminonly',
      projects: [{ name: 'docker.io' }],
      robots: [puller],
    });
    const target = open({ ...as(puller.name), labels: true, scan: { mode: 'trigger' } });
    const { permissions } = await surveyHost(target, [nginx, imageOf('quay.io/x')]);
    const lacking = permissions.flatMap((each) =>
      each.state === 'lacking' ? [`${each.action} ${each.on}: ${each.remedy}`] : [],
    );
    expect(lacking).toEqual([
      expect.stringMatching(
        /^repository:push project docker\.io: give the robot robot\$puller "Push Repository"/,
      ),
      expect.stringMatching(/^label:list .*or say `labels: false`/),
      expect.stringContaining('label:create'),
      expect.stringContaining('artifact-label:create'),
      expect.stringMatching(/^scan:create .*or say `scan: none`/),
      expect.stringMatching(
        /^project:create project quay\.io: make the project quay\.io .*"Create Project"$/,
      ),
    ]);
  });

  it('of what is not there for the robot are told as well, also where it may not read', async () => {
    const elsewhere = robot('robot$other+loader', 'other', 'repository:push');
    const { open } = await start({
      projects: [{ name: 'docker.io' }, { name: 'other' }],
      robots: [elsewhere],
    });
    const target = open(as(elsewhere.name));
    const { permissions, presences } = await surveyHost(target, [nginx, imageOf('quay.io/x')]);
    expect(presences.every(({ state }) => state === 'absent')).toBe(true);
    expect(permissions).toMatchObject([
      { action: 'repository:push', on: 'project docker.io', state: 'lacking' },
      {
        action: 'project:create',
        on: 'project quay.io',
        state: 'lacking',
        remedy: expect.stringContaining('use a robot of the system'),
      },
    ]);
  });

  it('lack where the project is seen and may not be read: that is told, and no failed question', async () => {
    const looker = robot('robot$looker', 'docker.io', 'project:read');
    const { open } = await start({ projects: [{ name: 'docker.io' }], robots: [looker] });
    const { permissions, presences, obstacles } = await surveyHost(open(as(looker.name)), [nginx]);
    expect(presences.map(({ state }) => state)).toEqual(['absent', 'absent']);
    expect(permissions).toMatchObject([
      { action: 'repository:pull', state: 'lacking', remedy: expect.stringContaining('"Pull Repository"') },
      { action: 'repository:push', state: 'lacking' },
    ]);
    expect(obstacles).toEqual([]);
  });

  it('of a robot in a project that it makes show once it is made', async () => {
    const maker = robot('robot$maker', 'other', 'project:create', 'repository:push');
    const { open } = await start({ creation: 'adminonly', robots: [maker] });
    const target = open(as(maker.name));
    const { permissions } = await surveyHost(target, [nginx]);
    expect(permissions).toMatchObject([
      { action: 'project:create', state: 'proven' },
      { action: 'repository:push', state: 'unknown', reason: expect.stringContaining('once the project') },
    ]);
    await expect(target.load(nginx.content, memoryMedium(nginx.parts), run)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      hint: expect.stringContaining('"Push Repository" and "Pull Repository" on the project docker.io'),
    });
  });

  it('come from the token service where Harbor does not tell them otherwise', async () => {
    const loader = robot('robot$docker.io+loader', 'docker.io', 'repository:push');
    const { harbor, open } = await start({ projects: [{ name: 'docker.io' }], robots: [loader] });
    harbor.addFault({
      match: ({ path }) => path.endsWith('/users/current/permissions'),
      do: { kind: 'status', status: 404 },
    });
    const { permissions } = await surveyHost(open(as(loader.name)), [nginx]);
    expect(permissions).toContainEqual(
      expect.objectContaining({ action: 'repository:push', state: 'proven' }),
    );
  });
});

describe('credentials that Harbor does not take', () => {
  it('end the survey at once: expired, disabled, or wrong', async () => {
    const over = { ...robot('robot$over', '*', 'repository:push'), expiresAt: 1 };
    const { open } = await start({ projects: [{ name: 'docker.io' }], robots: [over] });
    const refused = surveyHost(open(as(over.name)), [nginx]);
    await expect(refused).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      hint: expect.stringContaining('expired'),
    });
    await expect(refused).rejects.not.toThrow('s3cret');
  });

  it('and lose it in the middle are told from a project that is gone and a permission that is', async () => {
    const loader = robot('robot$loader', '*', 'repository:push');
    const { harbor, open } = await start({ projects: [{ name: 'docker.io' }], robots: [loader] });
    const state = harbor.robot(loader.name);
    if (state === undefined) throw new Error('no robot');
    const refusal = async (change: () => void): Promise<string> => {
      const target = open(as(loader.name));
      await surveyHost(target, [nginx]);
      change();
      harbor.expireTokens();
      const failed = target.load(nginx.content, memoryMedium(nginx.parts), run);
      return await failed.then(
        () => 'loaded',
        (error: Error & { hint?: string }) => `${error.message} / ${error.hint}`,
      );
    };
    const { permissions } = state;
    expect(await refusal(() => Object.assign(state, { permissions: [] }))).toMatch(
      /robot\$loader may not push to the project docker\.io .*"Push Repository".*import again$/,
    );
    state.permissions = permissions;
    expect(
      await refusal(() => {
        state.disabled = true;
      }),
    ).toMatch(/does not take the credentials of robot\$loader any more .*look whether the robot is disabled/);
    state.disabled = false;
    expect(await refusal(() => harbor.removeProject('docker.io'))).toMatch(
      /the project docker\.io is not there any more .*import again: it will be made$/,
    );
  });
});
