import { GapferryError } from '@gapferry/core';
import type Database from 'better-sqlite3';

export type SqliteDatabase = Database.Database;
export type SqliteOptions = Database.Options;

/** Opens a SQLite file. The native module is loaded with the first one, so that commands without a ledger start fast, and only under a Node it was built for:
 *  under an older one it would crash instead of throwing. Throws `TOOL_MISSING`, or SQLite's own error for `storageErrorOf`. */
export async function openSqlite(file: string, options: SqliteOptions = {}): Promise<SqliteDatabase> {
  requireNode(process.versions.node);
  const { default: Sqlite } = await import('better-sqlite3');
  return new Sqlite(file, options);
}

const OLDEST_NODE = 24;

export function requireNode(version: string): void {
  if (Number(version.split('.')[0]) >= OLDEST_NODE) return;
  throw new GapferryError({
    code: 'TOOL_MISSING',
    message: `this is Node ${version}; the ledger needs Node ${OLDEST_NODE} or newer`,
    hint: 'start gapferry by `npm run gapferry`, which brings its own Node',
  });
}

/** SQLite's result code (`SQLITE_BUSY`), or the operating system's (`ENOENT`), or undefined. */
export function sqliteCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(sqliteCode(error) ?? '');
}

/** Bytes that SQLite cannot make sense of: changed from outside, or never a database. */
export function isCorrupt(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(sqliteCode(error) ?? '');
}

export function reasonOf(error: unknown): string {
  const code = sqliteCode(error);
  const message = error instanceof Error ? error.message : String(error);
  return code === undefined ? message : `${message} (${code})`;
}
