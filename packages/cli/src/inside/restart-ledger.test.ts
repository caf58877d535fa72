import { readFile, writeFile } from 'node:fs/promises';
import { digestOf, quietRun } from '@gapferry/core';
import { openSiteState } from '@gapferry/ledger';
import { fixedClock, temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { restartLedger } from './restart-ledger.ts';

it('leaves a mark where it rose to while the fingerprint was typed', async () => {
  await using home = await temporaryDirectory();
  const early = await openSiteState(home.path);
  const pin = { version: 1, digest: digestOf('policy'), pinnedAt: '2026-03-20T00:00:00Z' };
  await early.setPin(pin, { 'line-a': { sequence: 1, statement: digestOf('one') } });
  const meanwhile = await openSiteState(home.path);
  await meanwhile.noteLedger({ index: 7, digest: digestOf('entry') });
  await meanwhile.raiseMark('line-a', { sequence: 2, statement: digestOf('two') });
  const site = { stateDirectory: home.path, config: { name: 'plant-7' }, policy: pin, state: early };
  const given = site as unknown as Parameters<typeof restartLedger>[0];
  await restartLedger(given, 'the disk died', fixedClock('2026-03-20T01:00:00Z'), quietRun());
  const after = await openSiteState(home.path);
  expect([after.mark('line-a')?.sequence, after.ledger()?.index]).toEqual([2, 1]);
});

it('sets aside what is left of a journal too, where it was killed after the ledger had its other name', async () => {
  await using home = await temporaryDirectory();
  const state = await openSiteState(home.path);
  const pin = { version: 1, digest: digestOf('policy'), pinnedAt: '2026-03-20T00:00:00Z' };
  await state.setPin(pin, {});
  await state.noteLedger({ index: 7, digest: digestOf('entry') });
  await writeFile(home.join('ledger.db-journal'), 'half an entry');
  const site = { stateDirectory: home.path, config: { name: 'plant-7' }, policy: pin, state };
  const given = site as unknown as Parameters<typeof restartLedger>[0];
  const { setAside } = await restartLedger(given, 'killed', fixedClock('2026-03-20T01:00:00Z'), quietRun());
  expect(setAside).toBe('ledger.db.lost-20260320T010000Z-journal');
  expect(await readFile(home.join(setAside ?? ''), 'utf8')).toBe('half an entry');
});
