import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLedger } from '@gapferry/core/testing';
import { afterAll, beforeAll } from 'vitest';
import { type OpenLedger, openLedger } from './open-ledger.ts';

let home: string;
const opened: OpenLedger[] = [];
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'gapferry-ledger-'));
});
afterAll(async () => {
  for (const ledger of opened) ledger.close();
  await rm(home, { recursive: true, force: true });
});

describeLedger('the SQLite ledger', async () => {
  const ledger = await openLedger(join(home, `${opened.length}.db`), { clock: { now: () => new Date() } });
  opened.push(ledger);
  return ledger;
});
