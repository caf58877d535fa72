import { quietRun } from '@gapferry/core';
import { memoryMedium } from '@gapferry/core/testing';
import type { HarborOptions } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { type HarborFixture, startHarborFixture } from '../testing/harbor-fixture.ts';
import { imageOf, loadInto, surveyHost } from '../testing/host-survey.ts';

const run = quietRun();
const nginx = imageOf('docker.io/library/nginx');
let fixture: HarborFixture;

async function start(options: HarborOptions = {}): Promise<HarborFixture> {
  fixture = await startHarborFixture({ projects: [{ name: 'docker.io' }], ...options });
  return fixture;
}

afterEach(() => fixture.close());

describe('a Harbor that changes while an import runs', () => {
  it('is full in the middle: nothing has a name, and the next import goes on', async () => {
    const { harbor, open } = await start();
    const target = open();
    await surveyHost(target, [nginx]);
    const project = harbor.project('docker.io');
    if (project === undefined) throw new Error('no project');
    project.storageLimit = 80_000;
    await expect(target.load(nginx.content, memoryMedium(nginx.parts), run)).rejects.toMatchObject({
      code: 'NO_SPACE',
      origin: 'target',
      hint: expect.stringContaining('raise the quota'),
    });
    expect(harbor.tagged('docker.io/library/nginx', '1.0')).toBeUndefined();
    expect(harbor.openUploads).toBe(0);
    project.storageLimit = -1;
    const medium = memoryMedium(nginx.parts);
    const again = open();
    await surveyHost(again, [nginx]);
    await again.load(nginx.content, medium, run);
    expect(medium.opened).not.toContain(nginx.shared.digest);
  });

  it('begins to keep a tag that was to move: it stays, and the content is there', async () => {
    const { harbor, open } = await start();
    await loadInto(open(), [nginx]);
    const moved = imageOf('docker.io/library/nginx', 'newer');
    const target = open();
    const { presences, obstacles } = await surveyHost(target, [moved]);
    expect(obstacles).toEqual([]);
    await target.load(moved.content, memoryMedium(moved.parts), run);
    harbor.keepTags('docker.io', '**', '**');
    const [, seen] = presences;
    if (seen?.state !== 'different') throw new Error('nothing stands there');
    const name = { ...moved.tag, replaces: seen.there };
    await expect(target.load(name, memoryMedium([]), run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringContaining('immutable'),
    });
    expect(harbor.tagged('docker.io/library/nginx', '1.0')).toBe(nginx.tag.root.digest);
  });

  it.each(['content', 'name'] as const)(
    'loses a project after the plan: the %s that comes then is refused with its name, and the next import finds out first',
    async (phase) => {
      const { harbor, open } = await start();
      const target = open({ projects: { create: false, public: false } });
      await surveyHost(target, [nginx]);
      if (phase === 'name') await target.load(nginx.content, memoryMedium(nginx.parts), run);
      harbor.removeProject('docker.io');
      const load = phase === 'name' ? nginx.tag : nginx.content;
      await expect(target.load(load, memoryMedium(nginx.parts), run)).rejects.toMatchObject({
        origin: 'target',
        retryable: false,
        message: expect.stringContaining('docker.io'),
        hint: expect.stringContaining('have it made again'),
      });
      const again = open({ projects: { create: false, public: false } });
      const { obstacles } = await surveyHost(again, [nginx]);
      expect(obstacles).toEqual([expect.objectContaining({ problem: 'there is no project docker.io' })]);
      await loadInto(open(), [nginx]);
      expect(harbor.tagged('docker.io/library/nginx', '1.0')).toBe(nginx.tag.root.digest);
    },
  );

  it('stumbles at every fourth question of its API, and says to come back later at others', async () => {
    const { harbor, open } = await start({ projects: [] });
    let asked = 0;
    harbor.addFault({
      match: ({ path }) => path.startsWith('/api/') && ++asked % 4 === 0,
      do: { kind: 'status', status: 500 },
    });
    harbor.addFault({
      match: ({ path }) => path.startsWith('/api/') && asked % 5 === 3,
      times: 1,
      do: { kind: 'status', status: 429, headers: { 'retry-after': '0' } },
    });
    const target = open({ labels: true });
    await surveyHost(target, [nginx]);
    await loadInto(target, [nginx]);
    expect(harbor.labelsOf('docker.io/library/nginx', nginx.tag.root.digest)).toEqual(['line-a 1.4.0 (17)']);
  });

  it('is no Harbor at all', async () => {
    const { harbor, open } = await start();
    harbor.addFault({
      match: ({ path }) => path.endsWith('/systeminfo'),
      do: { kind: 'status', status: 404 },
    });
    await expect(surveyHost(open(), [nginx])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringContaining('kind: registry'),
    });
  });

  it('says nonsense about a project, which is then judged by its registry', async () => {
    const { harbor, open } = await start();
    harbor.addFault({
      match: ({ path }) => path.endsWith('/summary') || path.endsWith('/users/current/permissions'),
      do: {
        kind: 'status',
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: '{"quota":7}',
      },
    });
    const { obstacles, permissions } = await surveyHost(open(), [nginx]);
    expect(obstacles).toEqual([]);
    expect(permissions).toContainEqual(
      expect.objectContaining({ action: 'repository:push', state: 'proven' }),
    );
    await loadInto(open(), [nginx]);
  });
});
