import { resolve } from 'node:path';
import { type GapferryError, isGapferryError, type LedgerHead } from '@gapferry/core';
import { EMPTY_DIGEST, judgeRow, type LedgerRow, tampered } from './ledger-row.ts';
import { brokenTriggers } from './ledger-schema.ts';
import { openToRead } from './open-ledger.ts';
import { isCorrupt, reasonOf, type SqliteDatabase } from './sqlite.ts';

export interface LedgerVerdict {
  readonly file: string;
  /** Entries that are right, from the first one on. */
  readonly entries: number;
  /** The last of them. */
  readonly head?: LedgerHead;
  /** The first entry that is not what was written; nothing behind it was looked at. */
  readonly tampered?: LedgerFinding;
}

export interface LedgerFinding {
  /** The entry's number; 0 for the file as a whole. */
  readonly index: number;
  /** One clause for people: `was changed: …`, `is missing`. */
  readonly detail: string;
}

export interface VerifyLedgerOptions {
  /** A head that stands somewhere else too (a receipt): the ledger must contain it. A chain alone does not show that its tail was cut off. */
  readonly mustContain?: LedgerHead;
}

/** Walks the whole chain, memory constant. Throws only when the file cannot be read at all or is no ledger. */
export async function verifyLedger(file: string, options: VerifyLedgerOptions = {}): Promise<LedgerVerdict> {
  const path = resolve(file);
  const database = await openToRead(path);
  try {
    const walked = walk(database, options.mustContain);
    if (walked.tampered !== undefined) return { file: path, ...walked };
    const [trigger] = brokenTriggers(database);
    const opened = { index: 0, detail: `has lost its guard ${trigger}: somebody opened it up` };
    return { file: path, ...walked, ...(trigger !== undefined && { tampered: opened }) };
  } finally {
    database.close();
  }
}

/** Throws `LEDGER_TAMPERED` unless the verdict is good. */
export function requireIntact(verdict: LedgerVerdict): void {
  if (verdict.tampered !== undefined) throw tamperedError(verdict.file, verdict.tampered);
}

function tamperedError(file: string, { index, detail }: LedgerFinding): GapferryError {
  return tampered(file, index, detail);
}

type Walked = Omit<LedgerVerdict, 'file'>;

function walk(database: SqliteDatabase, mustContain: LedgerHead | undefined): Walked {
  let head: LedgerHead | undefined;
  let contained = mustContain === undefined;
  const soFar = (detail?: string): Walked => {
    const index = (head?.index ?? 0) + 1;
    const tampering = detail === undefined ? {} : { tampered: { index, detail } };
    return { entries: head?.index ?? 0, ...(head !== undefined && { head }), ...tampering };
  };
  try {
    for (const row of database.prepare('SELECT * FROM entry ORDER BY idx').iterate()) {
      const entry = judgeRow(row as LedgerRow);
      const index = (head?.index ?? 0) + 1;
      if (typeof (row as LedgerRow).idx === 'number' && (row as LedgerRow).idx !== index)
        return soFar('is missing');
      if (typeof entry === 'string') return soFar(entry);
      const expected = head?.digest ?? EMPTY_DIGEST;
      if (entry.previous !== expected)
        return soFar(
          `does not follow the one before it: it names ${entry.previous}, and that one has ${expected}`,
        );
      if (mustContain?.index === index) {
        contained = mustContain.digest === entry.digest;
        if (!contained) return soFar(`is another one than was recorded elsewhere (${mustContain.digest})`);
      }
      head = { index: entry.index, digest: entry.digest };
    }
  } catch (error) {
    if (isGapferryError(error) || !isCorrupt(error)) throw error;
    return soFar(`cannot be read: ${reasonOf(error)}`);
  }
  return soFar(contained ? undefined : `is missing, and entry ${mustContain?.index} was recorded elsewhere`);
}
