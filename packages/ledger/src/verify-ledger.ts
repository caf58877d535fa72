import { resolve } from 'node:path';
import { isGapferryError, type LedgerEntry, type LedgerHead } from '@gapferry/core';
import { EMPTY_DIGEST, judgeLink, judgeRow, kindOf, type LedgerRow, tampered } from './ledger-row.ts';
import { brokenTriggers } from './ledger-schema.ts';
import { openToRead } from './open-ledger.ts';
import { rowsOf } from './rows-of.ts';
import { isCorrupt, reasonOf, type SqliteDatabase } from './sqlite.ts';

export interface LedgerVerdict {
  readonly file: string;
  /** Entries that are right, from the first one on. */
  readonly entries: number;
  /** The last of them. */
  readonly head?: LedgerHead;
  /** Entries whose time is earlier than that of the one before: the clock was set back. The first hundred; absent when there is none. */
  readonly setBack?: readonly { readonly index: number; readonly from: string; readonly to: string }[];
  /** The first entry that is not what was written; nothing behind it was looked at. */
  readonly tampered?: LedgerFinding;
}

export interface LedgerFinding {
  /** The entry's number; 0 for the file as a whole. */
  readonly index: number;
  /** The entry's kind as it stands there now; absent where there is no entry. */
  readonly kind?: string;
  /** One clause for people: `was changed: …`, `is missing`. */
  readonly detail: string;
}

/** A head that stands somewhere else too, and so must be in the ledger. */
export interface NotedHead extends LedgerHead {
  /** Where it stands, for people: `receipt 000003-line-a-3.sigstore.json`. */
  readonly where: string;
}

export interface VerifyLedgerOptions {
  /** A chain alone does not show that its tail was cut off, or that an older ledger was put back: heads that were noted elsewhere do. In any order. */
  readonly noted?: readonly NotedHead[];
  /** Only the chain and the noted heads: the entries' data is hashed and not read. */
  readonly linksOnly?: boolean;
}

/** Walks the whole chain, memory constant. Throws only when the file cannot be read at all or is no ledger. */
export async function verifyLedger(file: string, options: VerifyLedgerOptions = {}): Promise<LedgerVerdict> {
  const path = resolve(file);
  const database = await openToRead(path);
  try {
    const walked = walk(database, options);
    if (walked.tampered !== undefined) return { file: path, ...walked };
    const [trigger] = brokenTriggers(database);
    const opened = { index: 0, detail: `has lost its guard ${trigger}: somebody opened it up` };
    return { file: path, ...walked, ...(trigger !== undefined && { tampered: opened }) };
  } finally {
    database.close();
  }
}

/** Throws `LEDGER_TAMPERED` unless the verdict is good. */
export function requireIntact({ file, tampered: finding }: LedgerVerdict): void {
  if (finding !== undefined) throw tampered(file, finding.index, finding.detail, finding.kind);
}

type Walked = Omit<LedgerVerdict, 'file'>;

function walk(database: SqliteDatabase, { noted = [], linksOnly = false }: VerifyLedgerOptions): Walked {
  const judge = linksOnly ? judgeLink : judgeRow;
  const heads = Map.groupBy(noted, ({ index }) => index);
  let head: (LedgerHead & { readonly at: string }) | undefined;
  const setBack: NonNullable<LedgerVerdict['setBack']>[number][] = [];
  const soFar = (finding?: LedgerFinding): Walked => ({
    entries: head?.index ?? 0,
    ...(head !== undefined && { head: { index: head.index, digest: head.digest } }),
    ...(setBack.length > 0 && { setBack }),
    ...(finding !== undefined && { tampered: finding }),
  });
  try {
    for (const row of rowsOf(database)) {
      const entry = judge(row);
      const detail = judgeStep(row, entry, head, heads);
      const index = (head?.index ?? 0) + 1;
      if (typeof entry === 'string' || detail !== undefined)
        return soFar({ index, ...kindAt(row, index), detail: detail ?? String(entry) });
      const { at, digest } = entry;
      if (head !== undefined && isBefore(at, head.at) && setBack.length < MAX_SET_BACK)
        setBack.push({ index, from: head.at, to: at });
      head = { index, digest, at };
    }
  } catch (error) {
    if (isGapferryError(error) || !isCorrupt(error)) throw error;
    return soFar({ index: (head?.index ?? 0) + 1, detail: `cannot be read: ${reasonOf(error)}` });
  }
  return soFar(missingBehind(head?.index ?? 0, noted));
}

const MAX_SET_BACK = 100;

function isBefore(at: string, other: string): boolean {
  return Date.parse(at) < Date.parse(other);
}

/** What is wrong with a row where it stands, or undefined. */
function judgeStep(
  row: LedgerRow,
  entry: Pick<LedgerEntry, 'previous' | 'digest'> | string,
  before: LedgerHead | undefined,
  heads: ReadonlyMap<number, readonly NotedHead[]>,
): string | undefined {
  const index = (before?.index ?? 0) + 1;
  if (typeof row.idx === 'number' && row.idx !== index) return 'is missing';
  if (typeof entry === 'string') return entry;
  const expected = before?.digest ?? EMPTY_DIGEST;
  if (entry.previous !== expected)
    return `does not follow the one before it: it names ${entry.previous}, and that one has ${expected}`;
  const other = heads.get(index)?.find(({ digest }) => digest !== entry.digest);
  return other && `is another one than the one of which ${other.where} tells (${other.digest})`;
}

/** The kind of the row, unless the entry itself is missing and the row is a later one. */
function kindAt(row: LedgerRow, index: number): { kind?: string } {
  const kind = row.idx === index ? kindOf(row) : undefined;
  return kind === undefined ? {} : { kind };
}

/** The noted head that is furthest behind the ledger's end. */
function missingBehind(end: number, noted: readonly NotedHead[]): LedgerFinding | undefined {
  const last = noted.reduce<NotedHead | undefined>(
    (most, one) => (one.index > (most?.index ?? end) ? one : most),
    undefined,
  );
  if (last === undefined) return undefined;
  return { index: end + 1, detail: `is missing, and ${last.where} tells of entry ${last.index}` };
}
