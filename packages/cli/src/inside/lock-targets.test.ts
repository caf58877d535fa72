import { quietRun } from '@gapferry/core';
import { lockDirectory } from '@gapferry/ledger';
import { fixedClock, temporaryDirectory } from '@gapferry/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { lockTargets } from './lock-targets.ts';
import type { Site } from './open-site.ts';

const clock = fixedClock('2026-03-01T12:00:00Z');

it('keeps two sites that load into one directory apart, and holds nothing when it is refused', async () => {
  const home = await temporaryDirectory();
  onTestFinished(() => home.remove());
  const target = (name: string): Site['config']['targets'][number] => ({
    name,
    kind: 'depot',
    path: name,
    takes: ['image'],
  });
  const site = (...names: readonly string[]): Site => ({
    config: { name: 'plant', trust: 't', key: 'k', state: 's', targets: names.map(target) },
    file: home.join('site.yaml'),
    trustFile: home.join('t'),
    keyFile: home.join('k'),
    stateDirectory: home.join('s'),
    pathOf: (path) => home.join(path),
  });
  const one = await lockTargets(site('shared'), 'import of plant-1', clock, quietRun());
  await expect(
    lockTargets(site('alone', 'shared'), 'import of plant-2', clock, quietRun()),
  ).rejects.toMatchObject({
    code: 'LOCKED',
    message: expect.stringContaining('import of plant-1'),
  });
  await (await lockDirectory(home.join('alone'), 'x', { clock, run: quietRun() })).release();
  await one.release();
  await (await lockTargets(site('alone', 'shared'), 'again', clock, quietRun())).release();
});
