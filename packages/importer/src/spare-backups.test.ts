import { type Digest, digestOf, type JsonValue } from '@gapferry/core';
import { fixedClock, type MemoryLedger, memoryLedger } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { spareBackups } from './spare-backups.ts';

const PLACE = 'git git.example/line/infra';
const MAIN = 'refs/heads/main';
let ledger: MemoryLedger;

beforeEach(() => {
  ledger = memoryLedger(fixedClock('2026-03-20T00:00:00Z'));
});

const statement = (number: number): Digest => digestOf(`release ${number}`);
const oidOf = (number: number): string => String(number).padStart(40, '0');
const backupOf = (number: number): string => `refs/gapferry/backup/${number}/heads/main`;

interface Loading {
  /** What stood there, of which release: moved away by force. */
  readonly over?: number;
  readonly until?: 'began' | 'naming';
  readonly channel?: string;
  readonly places?: JsonValue;
}

/** One import of a release, as the ledger tells it. */
function load(number: number, { over, until, channel = 'line-a', places = {} }: Loading = {}): void {
  const base = { channel, sequence: number, statement: statement(number) };
  const append = (kind: string, data: Record<string, JsonValue>): void =>
    void ledger.append(kind, { ...base, ...data });
  append('import.began', { places });
  if (until === 'began') return;
  const backups = over === undefined ? [] : [{ ref: MAIN, oid: oidOf(over), backup: backupOf(number) }];
  const name = { place: PLACE, state: { [MAIN]: oidOf(number) }, ...(over !== undefined && { backups }) };
  append('import.naming', { target: 'forge', names: [name] });
  if (until === 'naming') return;
  append('import.named', { target: 'forge', place: PLACE, left: { [MAIN]: oidOf(number) } });
}

/** Backups that may go while these releases stay. */
function spare(stays: readonly number[], here: Record<string, unknown> = {}): Record<string, string> {
  const found = spareBackups(ledger, 'line-a', new Set(stays.map(statement)), here);
  return Object.assign({}, ...(found.get('forge') ?? []).map(({ backups }) => backups));
}

describe('a backup ref', () => {
  it('may go with the release whose commit it keeps', () => {
    load(1);
    load(2, { over: 1 });
    expect(spare([1, 2])).toEqual({});
    expect(spare([2])).toEqual({ [backupOf(2)]: oidOf(1) });
  });

  it('is needed by every release whose commit the kept one descends from', () => {
    for (const number of [1, 2, 3]) load(number);
    load(4, { over: 3 });
    for (const stays of [1, 2, 3]) expect(spare([stays, 4])).toEqual({});
    expect(spare([4])).toEqual({ [backupOf(4)]: oidOf(3) });
  });

  it('is not needed by what came before the move before it', () => {
    load(1);
    load(2, { over: 1 });
    load(3, { over: 2 });
    expect(spare([1, 3])).toEqual({ [backupOf(3)]: oidOf(2) });
    expect(spare([2, 3])).toEqual({ [backupOf(2)]: oidOf(1) });
  });

  it('is needed by the newer release that the site went back from', () => {
    load(1);
    load(2);
    load(1, { over: 2 });
    expect(spare([1, 2])).toEqual({});
    load(3);
    expect(spare([2, 3])).toEqual({});
    expect(spare([3])).toEqual({ [backupOf(1)]: oidOf(2) });
  });

  it('is needed also where an import died before it had moved what it announced', () => {
    load(1);
    load(2, { over: 1, until: 'naming' });
    load(3, { over: 1 });
    expect(spare([1, 3])).toEqual({});
    expect(spare([3])).toEqual({ [backupOf(2)]: oidOf(1), [backupOf(3)]: oidOf(1) });
  });

  it('goes all the same where the import that made it had died before and was run again', () => {
    load(1);
    load(2, { until: 'began' });
    load(2, { over: 1 });
    expect(spare([2])).toEqual({ [backupOf(2)]: oidOf(1) });
  });

  it('stays where another channel named the repository, and where the target was another', () => {
    load(1, { places: { forge: 'there' } });
    load(2, { over: 1, places: { forge: 'there' } });
    expect(spare([2], { forge: 'there' })).not.toEqual({});
    expect(spare([2], { forge: 'elsewhere' })).toEqual({});
    load(7, { channel: 'line-b' });
    expect(spare([2])).toEqual({});
  });
});
