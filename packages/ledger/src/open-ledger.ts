import { existsSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  type Clock,
  formatTime,
  GapferryError,
  isGapferryError,
  type Ledger,
  type LedgerEntry,
  type LedgerHead,
} from '@gapferry/core';
import {
  EMPTY_DIGEST,
  entryDigest,
  judgeRow,
  kindOf,
  type LedgerRow,
  tampered,
  toRow,
} from './ledger-row.ts';
import { APPLICATION_ID, createSchema, hasSchema, SCHEMA_VERSION } from './ledger-schema.ts';
import { rowsOf } from './rows-of.ts';
import { isCorrupt, openSqlite, reasonOf, type SqliteDatabase, sqliteCode } from './sqlite.ts';

export interface LedgerOptions {
  readonly clock: Clock;
  /** For showing: nothing is written, `append` throws. The file must be there. */
  readonly readOnly?: boolean;
  /** With `readOnly`, of a ledger that is our own: a half-written entry of a killed process is undone first, which no reader can. Of a file that somebody brought that would play back whatever its journal says. */
  readonly recover?: boolean;
}

export interface OpenLedger extends Ledger {
  /** Absolute path of the SQLite file. */
  readonly file: string;
  /** May be called twice. */
  close(): void;
}

/** Milliseconds that an append waits for another process that appends. */
const BUSY_MS = 5000;

/** Opens the ledger file, made with its directory where there is none. A row is never changed: triggers refuse it, and each entry names the digest of the one before.
 *  Throws `LEDGER_UNWRITABLE` when it cannot be opened for writing, `LEDGER_TAMPERED` when the file is no ledger, `USAGE` when it is to be read and is not there. */
export async function openLedger(file: string, options: LedgerOptions): Promise<OpenLedger> {
  const path = resolve(file);
  if (options.readOnly === true && options.recover === true) await rollBack(path);
  const database = options.readOnly === true ? await openToRead(path) : await openToAppend(path);
  return {
    file: path,
    head: () => toHead(lastEntry(database, path)),
    history: (kinds) => historyOf(database, path, kinds),
    append: (kind, data) => append(database, path, options, kind, data),
    close: () => void database.close(),
  };
}

/** Opens a ledger without writing anything. */
export async function openToRead(path: string): Promise<SqliteDatabase> {
  if (!existsSync(path)) throw noLedger(path);
  let database: SqliteDatabase | undefined;
  try {
    database = await openSqlite(path, { readonly: true, fileMustExist: true, timeout: BUSY_MS });
    requireLedger(database, path);
    return database;
  } catch (error) {
    database?.close();
    throw readFailed(path, error);
  }
}

/** What a killed process left in the middle of an entry is undone by whoever opens the file to write: a reader can neither undo nor read it. */
async function rollBack(path: string): Promise<void> {
  if (!existsSync(`${path}-journal`)) return;
  let database: SqliteDatabase | undefined;
  try {
    database = await openSqlite(path, { fileMustExist: true, timeout: BUSY_MS });
    hasSchema(database);
  } catch {
    // Whoever reads finds out what is wrong, and has the words for it.
  } finally {
    database?.close();
  }
}

async function openToAppend(path: string): Promise<SqliteDatabase> {
  let database: SqliteDatabase | undefined;
  try {
    await mkdir(dirname(path), { recursive: true });
    const isNew = !existsSync(path);
    database = await openSqlite(path, { timeout: BUSY_MS });
    // Returned from COMMIT means: on the disk, and the journal's removal too.
    database.pragma('journal_mode = DELETE');
    database.pragma('synchronous = EXTRA');
    if (!hasSchema(database)) createSchema(database);
    requireLedger(database, path);
    if (isNew) await syncDirectory(dirname(path));
    return database;
  } catch (error) {
    database?.close();
    if (isGapferryError(error)) throw error;
    throw isCorrupt(error) ? readFailed(path, error) : unwritable(path, error);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function requireLedger(database: SqliteDatabase, path: string): void {
  const isLedger =
    database.pragma('application_id', { simple: true }) === APPLICATION_ID && hasSchema(database);
  if (!isLedger) throw notALedger(path, 'it is not a ledger of gapferry');
  const version = database.pragma('user_version', { simple: true });
  if (version === SCHEMA_VERSION) return;
  throw new GapferryError({
    code: 'FORMAT_UNKNOWN',
    message: `the ledger ${path} has format ${String(version)}; this gapferry knows ${SCHEMA_VERSION}`,
    hint: 'use the gapferry that wrote it, or a newer one',
    origin: 'site',
  });
}

function lastEntry(database: SqliteDatabase, path: string): LedgerEntry | undefined {
  const row = reading(path, () => database.prepare('SELECT * FROM entry ORDER BY idx DESC LIMIT 1').get());
  return row === undefined ? undefined : toEntry(row as LedgerRow, path);
}

function toHead(entry: LedgerEntry | undefined): LedgerHead | undefined {
  return entry === undefined ? undefined : { index: entry.index, digest: entry.digest };
}

function* historyOf(
  database: SqliteDatabase,
  path: string,
  kinds: readonly string[] | undefined,
): Iterable<LedgerEntry> {
  try {
    for (const row of rowsOf(database, kinds)) yield toEntry(row, path);
  } catch (error) {
    throw readFailed(path, error);
  }
}

function toEntry(row: LedgerRow, path: string): LedgerEntry {
  const entry = judgeRow(row);
  if (typeof entry === 'string') throw tampered(path, Number(row.idx), entry, kindOf(row));
  return entry;
}

function append(
  database: SqliteDatabase,
  path: string,
  options: LedgerOptions,
  kind: string,
  data: LedgerEntry['data'],
): LedgerEntry {
  if (options.readOnly === true) throw unwritable(path, new Error('it was opened for reading only'));
  const insert = database.transaction((): LedgerEntry => {
    const last = lastEntry(database, path);
    const fields = {
      index: (last?.index ?? 0) + 1,
      at: formatTime(options.clock.now()),
      kind,
      data: asReadBack(data),
      previous: last?.digest ?? EMPTY_DIGEST,
    };
    const entry = { ...fields, digest: entryDigest(fields) };
    database
      .prepare(
        'INSERT INTO entry (idx, at, kind, data, previous, digest) VALUES (@idx, @at, @kind, @data, @previous, @digest)',
      )
      .run(readableRow(entry));
    return entry;
  });
  try {
    return insert.immediate();
  } catch (error) {
    throw isGapferryError(error) ? error : unwritable(path, error);
  }
}

/** One entry that nobody can read is the end of a ledger: it is not written. */
function readableRow(entry: LedgerEntry): ReturnType<typeof toRow> {
  const row = toRow(entry);
  const judged = judgeRow(row);
  if (typeof judged !== 'string') return row;
  throw new GapferryError({
    code: 'INTERNAL',
    message: `an entry of kind ${entry.kind} could not be read back: it ${judged}`,
  });
}

/** Members that are undefined are not there, and half a character, which no canonical JSON holds, is none: what hosts say keeps nothing from being recorded. */
function asReadBack(data: LedgerEntry['data']): LedgerEntry['data'] {
  const whole = (_: string, value: unknown): unknown =>
    typeof value === 'string' ? value.toWellFormed() : value;
  return JSON.parse(JSON.stringify(data), whole) as LedgerEntry['data'];
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw readFailed(path, error);
  }
}

function readFailed(path: string, error: unknown): GapferryError {
  if (isGapferryError(error)) return error;
  if (isCorrupt(error)) return notALedger(path, reasonOf(error));
  const isHalfWritten = sqliteCode(error) === 'SQLITE_READONLY_ROLLBACK';
  return new GapferryError({
    code: 'STORAGE_FAILED',
    message: `cannot read the ledger ${path}: ${isHalfWritten ? 'a process was killed while it wrote an entry' : reasonOf(error)}`,
    ...(isHalfWritten && {
      hint: 'the next command that works with it (plan, import, collect) undoes that entry; then try again',
    }),
    origin: 'site',
    data: { file: path },
    cause: error,
  });
}

function notALedger(path: string, reason: string): GapferryError {
  return new GapferryError({
    code: 'LEDGER_TAMPERED',
    message: `the file ${path} cannot be read as a ledger: ${reason}`,
    hint: 'keep the file as it is for whoever looks into this, and restore the ledger from a backup',
    origin: 'site',
    data: { file: path },
  });
}

function unwritable(path: string, cause: unknown): GapferryError {
  return new GapferryError({
    code: 'LEDGER_UNWRITABLE',
    message: `cannot write the ledger ${path}: ${reasonOf(cause)}`,
    hint: 'nothing is done that is not recorded first; check space, owner and mode, then run the same command again',
    origin: 'site',
    data: { file: path },
    cause,
  });
}

function noLedger(path: string): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message: `there is no ledger at ${path}`,
    hint: 'the first command that records something makes it',
    origin: 'site',
    data: { file: path },
  });
}
