import { digestOf } from '@gapferry/core';
import { channelHistories } from '@gapferry/importer';
import { fixedClock, type MemoryLedger, memoryLedger } from '@gapferry/testkit';
import { beforeEach, expect, it } from 'vitest';
import { LEDGER_RESTARTED } from './noted-heads.ts';
import { requireKnownChannels } from './require-known-channels.ts';

const MARKS = { 'line-a': { sequence: 3 }, 'line-b': { sequence: 7 }, 'line-c': { sequence: 0 } };
let ledger: MemoryLedger;
beforeEach(() => {
  ledger = memoryLedger(fixedClock('2026-03-20T00:00:00Z'));
});

function told(kind: string, channel: string, status = 'loaded'): void {
  ledger.append(kind, { channel, sequence: 7, statement: digestOf(channel), record: { status } });
}

const require = (): void => requireKnownChannels(ledger, MARKS, channelHistories(ledger));

it('wants no channel in a ledger that was never begun anew: its mark may come from the policy', () => {
  require();
});

it('refuses to prune after a ledger was begun anew, while it does not tell of a channel that was loaded', () => {
  ledger.append(LEDGER_RESTARTED, { given: [] });
  told('import.finished', 'line-a');
  const refusal = expect.objectContaining({ code: 'RELEASE_INCOMPLETE', data: { channels: ['line-b'] } });
  expect(require).toThrow(refusal);
  told('import.began', 'line-b');
  told('import.staged', 'line-b');
  told('import.finished', 'line-b', 'partly-loaded');
  expect(require).toThrow(refusal);
  told('import.finished', 'line-b');
  require();
});
