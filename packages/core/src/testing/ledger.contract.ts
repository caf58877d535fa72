import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../canonical-json.ts';
import { digestOf } from '../digest.ts';
import type { Ledger } from '../ledger.ts';

/** What every `Ledger` must do. `makeLedger` gives an empty one each time. */
export function describeLedger(name: string, makeLedger: () => Promise<Ledger>): void {
  describe(`${name} as a ledger`, () => {
    describeAppending(makeLedger);
    describeReading(makeLedger);
  });
}

function describeAppending(makeLedger: () => Promise<Ledger>): void {
  it('has no head while it is empty', async () => {
    const ledger = await makeLedger();
    expect(ledger.head()).toBeUndefined();
    expect([...ledger.history()]).toEqual([]);
  });

  it('counts from 1 and names the digest of the entry before', async () => {
    const ledger = await makeLedger();
    const first = ledger.append('release.sealed', { sequence: 1 });
    const second = ledger.append('release.sealed', { sequence: 2 });
    expect([first.index, second.index]).toEqual([1, 2]);
    expect(first.previous).toBe(digestOf(''));
    expect(second.previous).toBe(first.digest);
    expect(ledger.head()).toEqual({ index: 2, digest: second.digest });
  });

  it('gives each entry the sha256 of its canonical JSON', async () => {
    const ledger = await makeLedger();
    const { digest, ...rest } = ledger.append('import.began', { b: 1, a: { d: [true, null], c: 'ä' } });
    expect(digest).toBe(digestOf(canonicalJson(rest)));
  });

  it('writes the time in UTC with whole seconds', async () => {
    const ledger = await makeLedger();
    expect(ledger.append('x.y', {}).at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it('leaves out members that are undefined', async () => {
    const ledger = await makeLedger();
    expect(Object.keys(ledger.append('x.y', { here: 1, not: undefined }).data)).toEqual(['here']);
  });
}

function describeReading(makeLedger: () => Promise<Ledger>): void {
  it('gives back what was appended, oldest first', async () => {
    const ledger = await makeLedger();
    const appended = [
      ledger.append('a.b', { n: 1 }),
      ledger.append('c.d', { n: 2 }),
      ledger.append('a.b', { n: 3 }),
    ];
    expect([...ledger.history()]).toEqual(appended);
  });

  it('filters by exact kind', async () => {
    const ledger = await makeLedger();
    for (const kind of ['a.b', 'a.bc', 'a.b', 'c.d']) ledger.append(kind, {});
    expect([...ledger.history(['a.b', 'c.d'])].map(({ index }) => index)).toEqual([1, 3, 4]);
    expect([...ledger.history(['a'])]).toEqual([]);
  });

  it('may be appended to while it is read', async () => {
    const ledger = await makeLedger();
    ledger.append('a.b', {});
    for (const { index } of ledger.history()) if (index === 1) ledger.append('c.d', {});
    expect(ledger.head()?.index).toBe(2);
  });

  it('is not changed by what a caller does to an entry afterwards', async () => {
    const ledger = await makeLedger();
    const data = { list: ['one'] };
    ledger.append('a.b', data);
    data.list.push('two');
    expect([...ledger.history()][0]?.data).toEqual({ list: ['one'] });
  });
}
