import { readdir } from 'node:fs/promises';
import { quietRun } from '@gapferry/core';
import { lockDirectory } from '@gapferry/ledger';
import { fixedClock, temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { openDepotSession } from './open-depot-session.ts';

const clock = fixedClock('2026-03-01T12:00:00Z');
const run = quietRun();

it('makes no depot where somebody else is making one', async () => {
  await using home = await temporaryDirectory();
  const first = await lockDirectory(home.join('depot'), 'collect line-a', { clock, run });
  const second = openDepotSession(home.join('depot'), 'collect line-b', clock, run);
  await expect(second).rejects.toMatchObject({
    code: 'LOCKED',
    message: expect.stringContaining(': collect line-a'),
  });
  const made = await readdir(home.join('depot'));
  expect(made.filter((name) => !name.startsWith('lock.'))).toEqual([]);
  await first.release();
  const session = await openDepotSession(home.join('depot'), 'collect line-b', clock, run);
  expect(await session.depot.names()).toEqual([]);
  await session.close();
});
