import { fixedClock, memoryLedger } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { LEDGER_RESTARTED } from './noted-heads.ts';
import { requireKnownChannels } from './require-known-channels.ts';

const MARKS = { 'line-a': { sequence: 3 }, 'line-b': { sequence: 7 }, 'line-c': { sequence: 0 } };

it('wants no channel in a ledger that was never begun anew: its mark may come from the policy', () => {
  const ledger = memoryLedger(fixedClock('2026-03-20T00:00:00Z'));
  requireKnownChannels(ledger, MARKS, []);
});

it('refuses to prune after a ledger was begun anew, while it does not tell of a channel that was loaded', () => {
  const ledger = memoryLedger(fixedClock('2026-03-20T00:00:00Z'));
  ledger.append(LEDGER_RESTARTED, { given: [] });
  const channels = [{ channel: 'line-a' }];
  expect(() => requireKnownChannels(ledger, MARKS, channels)).toThrow(
    expect.objectContaining({ code: 'RELEASE_INCOMPLETE', data: { channels: ['line-b'] } }),
  );
  requireKnownChannels(ledger, MARKS, [...channels, { channel: 'line-b' }]);
});
