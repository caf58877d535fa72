import { execFileSync } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { digestOf, type LedgerEntry } from '@gapferry/core';
import { fixedClock, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OpenLedger, openLedger } from './open-ledger.ts';
import { requireNode } from './sqlite.ts';
import { type NotedHead, requireIntact, verifyLedger } from './verify-ledger.ts';

const clock = fixedClock('2026-03-01T12:00:00Z');
let home: TemporaryDirectory;
let file: string;
let ledger: OpenLedger;
beforeEach(async () => {
  home = await temporaryDirectory();
  file = home.join('state', 'ledger.db');
  ledger = await openLedger(file, { clock });
});
afterEach(async () => {
  ledger.close();
  await home.remove();
});

describe('the file', () => {
  it('keeps its entries from one opening to the next', async () => {
    const first = ledger.append('a.b', { n: 1 });
    ledger.close();
    ledger = await openLedger(file, { clock });
    expect(ledger.append('a.b', { n: 2 }).previous).toBe(first.digest);
    expect([...ledger.history()].map(({ at }) => at)).toEqual([
      '2026-03-01T12:00:00Z',
      '2026-03-01T12:00:00Z',
    ]);
  });

  it('takes appends of two openings in turn', async () => {
    const other = await openLedger(file, { clock });
    const one = ledger.append('a.b', {});
    const two = other.append('a.b', {});
    const three = ledger.append('a.b', {});
    other.close();
    expect([two.previous, three.previous]).toEqual([one.digest, two.digest]);
  });

  it('opened for reading shows entries and takes none', async () => {
    ledger.append('a.b', {});
    const reader = await openLedger(file, { clock, readOnly: true });
    expect([...reader.history()]).toHaveLength(1);
    expect(() => reader.append('a.b', {})).toThrow(expect.objectContaining({ code: 'LEDGER_UNWRITABLE' }));
    reader.close();
  });

  it('says USAGE when it is to be read and is not there', async () => {
    const reading = openLedger(home.join('none.db'), { clock, readOnly: true });
    await expect(reading).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('is refused when it is no ledger', async () => {
    await writeFile(home.join('text.db'), 'this is not a database, whatever its name says');
    await expect(openLedger(home.join('text.db'), { clock })).rejects.toMatchObject({
      code: 'LEDGER_TAMPERED',
    });
    new Sqlite(home.join('other.db')).exec('CREATE TABLE entry (idx)').close();
    await expect(openLedger(home.join('other.db'), { clock })).rejects.toMatchObject({
      code: 'LEDGER_TAMPERED',
    });
  });

  it('of a newer format is refused', async () => {
    ledger.close();
    new Sqlite(file).exec('PRAGMA user_version = 2').close();
    await expect(openLedger(file, { clock })).rejects.toMatchObject({ code: 'FORMAT_UNKNOWN' });
  });

  it('that cannot be written is LEDGER_UNWRITABLE', async () => {
    await writeFile(home.join('blocked'), '');
    const opening = openLedger(home.join('blocked', 'ledger.db'), { clock });
    await expect(opening).rejects.toMatchObject({ code: 'LEDGER_UNWRITABLE' });
  });
});

it('refuses changes from SQL, also from another tool', () => {
  ledger.append('a.b', { n: 1 });
  const raw = new Sqlite(file);
  expect(() => raw.exec("UPDATE entry SET data = '{}'")).toThrow(/never changed/);
  expect(() => raw.exec('DELETE FROM entry')).toThrow(/only grows/);
  expect(() => raw.exec("INSERT INTO entry VALUES (5, 'a', 'b', '{}', 'c', 'd')")).toThrow(/no gaps/);
  expect(() => raw.exec("INSERT OR REPLACE INTO entry VALUES (1, 'a', 'b', '{}', 'c', 'd')")).toThrow(
    /no gaps/,
  );
  raw.close();
  expect([...ledger.history()]).toHaveLength(1);
});

it('says that a process was killed in the middle of an entry, and undoes it only where it is told to', async () => {
  for (let n = 1; n <= 3; n++) ledger.append('step', { n });
  const raw = new Sqlite(file);
  // What is changed goes to the disk before the end, as it does where memory is short.
  raw.pragma('cache_size = 1');
  raw.exec('BEGIN IMMEDIATE');
  const insert = raw.prepare("INSERT INTO entry VALUES (?, 'a', 'b', ?, 'c', ?)");
  for (let n = 4; n < 40; n++) insert.run(n, 'x'.repeat(4000), `d${n}`);
  const copy = home.join('copy.db');
  await copyFile(file, copy);
  await copyFile(`${file}-journal`, `${copy}-journal`);
  raw.exec('ROLLBACK').close();
  await expect(openLedger(copy, { clock, readOnly: true })).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringContaining('killed while it wrote an entry'),
  });
  const reader = await openLedger(copy, { clock, readOnly: true, recover: true });
  expect([...reader.history()].map(({ index }) => index)).toEqual([1, 2, 3]);
  reader.close();
  expect((await verifyLedger(copy)).tampered).toBeUndefined();
});

it('takes entries while somebody verifies it', async () => {
  const { index, digest } = ledger.append('a.b', { n: 1 });
  let appended = 0;
  const noted: NotedHead = {
    index,
    where: 'a receipt',
    // Asked for in the middle of the walk.
    get digest() {
      appended = ledger.append('a.b', { n: 2 }).index;
      return digest;
    },
  };
  expect((await verifyLedger(file, { noted: [noted] })).tampered).toBeUndefined();
  expect(appended).toBe(2);
});

it('gives back any JSON data', async () => {
  const key = fc
    .string({ maxLength: 5, unit: 'grapheme' })
    .filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name));
  const data = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5, noNullPrototype: true });
  fc.assert(
    fc.property(data, (value) => {
      const wanted = JSON.parse(JSON.stringify(value)) as LedgerEntry['data'];
      fc.pre(!/"(__proto__|constructor|prototype)":/.test(JSON.stringify(wanted)));
      const { index } = ledger.append('a.b', wanted);
      expect([...ledger.history()][index - 1]?.data).toEqual(wanted);
    }),
    { numRuns: 30 },
  );
  expect((await verifyLedger(file)).tampered).toBeUndefined();
});

it('writes nothing that it could not read back', async () => {
  const first = ledger.append('a.b', { n: 1 });
  const said = {
    places: { constructor: 'where a target of that name is' },
  } as unknown as LedgerEntry['data'];
  expect(() => ledger.append('a.b', said)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  expect(ledger.head()).toEqual({ index: 1, digest: first.digest });
  requireIntact(await verifyLedger(file));
});

it('records what a host said also where it holds half a character', async () => {
  const { digest } = ledger.append('a.b', { scan: { severity: JSON.parse('"a\\ud800b"') as string } });
  expect([...ledger.history()]).toMatchObject([{ data: { scan: { severity: 'a\ufffdb' } }, digest }]);
  requireIntact(await verifyLedger(file));
});

it('walks through more entries than it fetches at a time', () => {
  const raw = new Sqlite(file);
  const insert = raw.prepare('INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)');
  // Written in one transaction, by the documented rule: a thousand synced appends would only be slow.
  raw.transaction(() => {
    let previous = digestOf('');
    for (let index = 1; index <= 1001; index++) {
      const digest = digestOf(`{"at":"x","data":{},"index":${index},"kind":"k","previous":"${previous}"}`);
      insert.run(index, 'x', 'k', '{}', previous, digest);
      previous = digest;
    }
  })();
  raw.close();
  expect([...ledger.history()].map(({ index }) => index)).toEqual(
    Array.from({ length: 1001 }, (_, i) => i + 1),
  );
});

it('walks through entries of which few fit into memory at a time, and takes others meanwhile', async () => {
  const large = 'x'.repeat(1_500_000);
  const sizes = [0, large.length, large.length, 0, 0, 3_000_000, large.length, 0];
  for (const size of sizes) ledger.append(size === 0 ? 'a.small' : 'a.large', { text: 'x'.repeat(size) });
  const walked: number[] = [];
  for (const { data } of ledger.history()) {
    if (walked.push(String(data['text']).length) === 2) ledger.append('a.small', { text: '' });
  }
  expect(walked).toEqual(sizes);
  expect([...ledger.history(['a.large'])].map(({ index }) => index)).toEqual([2, 3, 6, 7]);
  expect((await verifyLedger(file)).entries).toBe(9);
});

describe('verifying', () => {
  /** Changes rows behind the triggers' back, as somebody with the file could. */
  function tamper(sql: string): void {
    const raw = new Sqlite(file);
    const triggers = raw
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
      .all() as Array<{ name: string; sql: string }>;
    for (const { name } of triggers) raw.exec(`DROP TRIGGER ${name}`);
    raw.exec(sql);
    for (const trigger of triggers) raw.exec(trigger.sql);
    raw.close();
  }
  beforeEach(() => {
    for (let n = 1; n <= 6; n++) ledger.append('step', { n, who: 'anna' });
  });

  it('finds nothing in a ledger that was only appended to', async () => {
    const verdict = await verifyLedger(file);
    expect(verdict).toEqual({ file, entries: 6, head: ledger.head() });
    expect(() => requireIntact(verdict)).not.toThrow();
  });

  it.each([
    [
      'changed data',
      "UPDATE entry SET data = replace(data, 'anna', 'nobody') WHERE idx = 4",
      4,
      'was changed',
    ],
    ['a changed time', "UPDATE entry SET at = '2020-01-01T00:00:00Z' WHERE idx = 2", 2, 'was changed'],
    ['a removed entry', 'DELETE FROM entry WHERE idx = 3', 3, 'is missing'],
    ['a removed beginning', 'DELETE FROM entry WHERE idx < 4', 1, 'is missing'],
    [
      'renumbered entries',
      'DELETE FROM entry WHERE idx = 3; UPDATE entry SET idx = idx - 1 WHERE idx > 3',
      3,
      'was changed',
    ],
    ['data that is no JSON', "UPDATE entry SET data = '{' WHERE idx = 5", 5, 'not written by gapferry'],
    [
      'data in another spelling',
      "UPDATE entry SET data = replace(data, ',', ', ') WHERE idx = 5",
      5,
      'not written by gapferry',
    ],
  ])('names the first entry with %s', async (_what, sql, index, detail) => {
    tamper(sql);
    const verdict = await verifyLedger(file);
    expect(verdict.tampered).toMatchObject({ index, detail: expect.stringContaining(detail) });
    expect(verdict.tampered?.kind).toBe(detail === 'is missing' ? undefined : 'step');
    expect((await verifyLedger(file, { linksOnly: true })).tampered).toEqual(verdict.tampered);
    expect(verdict.entries).toBe(index - 1);
    expect(() => requireIntact(verdict)).toThrow(
      expect.objectContaining({ code: 'LEDGER_TAMPERED', category: 'integrity' }),
    );
  });

  it('finds an entry that was replaced together with its digest', async () => {
    const [, , third] = [...ledger.history()];
    const { digest: _, ...rest } = { ...third, data: { n: 3, who: 'nobody' } };
    const forged = digestOf(
      JSON.stringify({
        at: rest.at,
        data: rest.data,
        index: rest.index,
        kind: rest.kind,
        previous: rest.previous,
      }),
    );
    tamper(`UPDATE entry SET data = '{"n":3,"who":"nobody"}', digest = '${forged}' WHERE idx = 3`);
    const { tampered } = await verifyLedger(file);
    expect(tampered).toEqual({ index: 4, kind: 'step', detail: expect.stringContaining('does not follow') });
    expect((await verifyLedger(file, { linksOnly: true })).tampered).toEqual(tampered);
  });

  it('finds a tail that was cut, when the head was noted elsewhere', async () => {
    const noted = ledger.head();
    tamper('DELETE FROM entry WHERE idx > 4');
    expect((await verifyLedger(file)).tampered).toBeUndefined();
    const where = 'receipt 000001-line-a-1.sigstore.json';
    const { tampered } = await verifyLedger(file, { noted: [{ index: 6, ...noted, where }] as NotedHead[] });
    expect(tampered).toEqual({ index: 5, detail: `is missing, and ${where} tells of entry 6` });
  });

  it('finds a chain that was forged to its end, when one of its heads was noted elsewhere', async () => {
    const noted = [...ledger.history()].map(({ index, digest }) => ({
      index,
      digest,
      where: `note ${index}`,
    }));
    tamper('DELETE FROM entry WHERE idx > 3');
    for (let n = 4; n <= 8; n++) ledger.append('step', { n, who: 'nobody' });
    expect((await verifyLedger(file)).tampered).toBeUndefined();
    const { tampered } = await verifyLedger(file, { noted: noted.toReversed() });
    expect(tampered).toEqual({ index: 4, kind: 'step', detail: expect.stringContaining('note 4') });
    expect((await verifyLedger(file, { noted: noted.slice(0, 3) })).tampered).toBeUndefined();
  });

  it('names the entry and its kind, and the head that tells furthest', async () => {
    tamper("UPDATE entry SET data = '{}' WHERE idx = 4");
    const verdict = await verifyLedger(file);
    expect(() => requireIntact(verdict)).toThrow(/^entry 4 \(step\) of the ledger .* was changed/);
    tamper('DELETE FROM entry WHERE idx > 2');
    const digest = digestOf('');
    const noted = [5, 9, 7].map((index) => ({ index, digest, where: `note ${index}` }));
    const { tampered } = await verifyLedger(file, { noted });
    expect(tampered).toEqual({ index: 3, detail: 'is missing, and note 9 tells of entry 9' });
  });

  it('tells where the clock was set back, which is no change', async () => {
    clock.advance(-3600);
    ledger.append('step', { n: 7 });
    clock.advance(60);
    ledger.append('step', { n: 8 });
    const { setBack, tampered } = await verifyLedger(file);
    expect(setBack).toEqual([{ index: 7, from: '2026-03-01T12:00:00Z', to: '2026-03-01T11:00:00Z' }]);
    expect(tampered).toBeUndefined();
    clock.advance(3540);
  });

  it('finds lost triggers', async () => {
    new Sqlite(file).exec('DROP TRIGGER entry_never_deleted').close();
    const { tampered, entries } = await verifyLedger(file);
    expect([entries, tampered?.index]).toEqual([6, 0]);
  });

  it('refuses to append to or show a changed entry', async () => {
    tamper("UPDATE entry SET kind = 'other' WHERE idx = 6");
    expect(() => ledger.append('step', {})).toThrow(expect.objectContaining({ code: 'LEDGER_TAMPERED' }));
    expect(() => [...ledger.history()]).toThrow(expect.objectContaining({ code: 'LEDGER_TAMPERED' }));
  });
});

it('says in words when Node is too old for the native module', () => {
  expect(() => requireNode('20.11.1')).toThrow(expect.objectContaining({ code: 'TOOL_MISSING' }));
  expect(() => requireNode('24.21.0')).not.toThrow();
});

it('does not load SQLite before a ledger is opened', () => {
  const program = `
    import { registerHooks } from 'node:module';
    registerHooks({ load(url, context, next) { if (url.includes('better-sqlite3')) console.log('loaded'); return next(url, context); } });
    await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
    console.log('end');`;
  const flags = ['--conditions=gapferry-source', '--input-type=module', '-e', program];
  expect(execFileSync(process.execPath, flags, { cwd: import.meta.dirname, encoding: 'utf8' })).toBe('end\n');
});
