import { digestOf, quietRun } from '@gapferry/core';
import { memoryLedger, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compareChannel, type LookedAt } from './compare-channel.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

/** Of a release that the site does not keep. */
const stopped = {
  sequence: 3,
  statement: digestOf('three'),
  how: 'stopped',
  at: '2026-03-20T00:00:00Z',
} as const;

it('says that it cannot compare what an import set before it was stopped, where the release is not kept', async () => {
  const ledger = memoryLedger();
  const site = { stateDirectory: home.path };
  const place = { site, ledger, away: new Map() } as unknown as LookedAt;
  const compare = () => compareChannel(place, 'line-a', { unfinished: stopped, overrides: [] }, quietRun());
  const { statement, sequence } = stopped;
  ledger.append('import.began', { channel: 'line-a', sequence, statement });
  expect(await compare()).toEqual({});

  ledger.append('import.naming', { channel: 'line-a', sequence, statement, target: 'a', names: [] });

  expect(await compare()).toMatchObject({ notCompared: { code: 'RELEASE_NOT_FOUND' } });
});
