import { digestOf, type LedgerEntry } from '@gapferry/core';
import { expect, it } from 'vitest';
import { formatLedgerEntry } from './format-ledger-entry.ts';

const entry: LedgerEntry = {
  index: 7,
  at: '2026-03-20T00:00:00Z',
  kind: 'import.items',
  previous: digestOf('before'),
  digest: digestOf('this'),
  data: { channel: 'line-a', why: 'a\u001b[2J word' },
};

it('an entry of a ledger is one line, and reaches no terminal as it stands', () => {
  expect(formatLedgerEntry(entry)).toBe(
    '    7  2026-03-20T00:00:00Z  import.items      {"channel":"line-a","why":"a\\u001b[2J word"}',
  );
});

it('of an entry with thousands of items the first are shown, and where the others are', () => {
  const items = Array.from({ length: 5000 }, (_, i) => ({ item: `file tools/${i}`, outcome: 'new' }));
  const line = formatLedgerEntry({ ...entry, data: { items } });
  expect(line.length).toBeLessThan(520);
  expect(line).toMatch(/"file tools\/0".*… \d{6} characters more, with --json$/);
});
