import { lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Clock,
  checkRun,
  formatTime,
  GapferryError,
  isGapferryError,
  printable,
  type Run,
} from '@gapferry/core';
import { isBusy, openSqlite, reasonOf, type SqliteDatabase } from './sqlite.ts';

export interface LockOptions {
  readonly clock: Clock;
  readonly run: Run;
  /** How long to wait for another holder; 0 unless given. */
  readonly waitMs?: number;
}

export interface Lock {
  /** May be called twice. */
  release(): Promise<void>;
}

/** Milliseconds between two tries. */
const POLL_MS = 100;
/** How often a refused process looks for the note of the holder. */
const NOTE_TRIES = 5;

/** Only one process may write to a depot, a medium or a site. The lock is the operating system's, on `<directory>/lock.db` (SQLite's exclusive transaction; nothing is ever written
 *  into it): it ends with its process, also by kill −9. `lock.json` beside it says for people who holds it. Throws `LOCKED` with holder, purpose and time. */
export async function lockDirectory(directory: string, purpose: string, options: LockOptions): Promise<Lock> {
  const path = resolve(directory);
  const deadline = performance.now() + (options.waitMs ?? 0);
  for (;;) {
    checkRun(options.run);
    const database = await tryLock(path);
    if (database !== undefined) return hold(path, purpose, options.clock, database);
    const left = deadline - performance.now();
    if (left <= 0) throw await lockedBy(path, options.run.signal);
    await sleep(Math.min(POLL_MS, left), undefined, { signal: options.run.signal }).catch(() => {});
  }
}

/** Undefined when somebody else holds it. */
async function tryLock(directory: string): Promise<SqliteDatabase | undefined> {
  const file = join(directory, 'lock.db');
  let database: SqliteDatabase | undefined;
  try {
    await mkdir(directory, { recursive: true });
    await requireOwn(file);
    database = await openSqlite(file, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    if (isBusy(error)) return undefined;
    throw isGapferryError(error) ? error : cannotLock(directory, error);
  }
}

/** A medium can bring `lock.db` as a link to somewhere else, or as a database whose hot journal SQLite would play back, with whatever file the journal names. Ours is always empty. */
async function requireOwn(file: string): Promise<void> {
  const facts = await lstat(file).catch(() => undefined);
  if (facts === undefined || (facts.isFile() && facts.size === 0)) return;
  throw new GapferryError({
    code: 'LAYOUT_INVALID',
    message: facts.isFile()
      ? `${file} has ${facts.size} bytes; a lock of gapferry is empty`
      : `${file} is not a regular file; links are refused`,
    hint: 'somebody else put it there: look at it and move it away',
    data: { path: file },
  });
}

async function hold(
  directory: string,
  purpose: string,
  clock: Clock,
  database: SqliteDatabase,
): Promise<Lock> {
  const note = join(directory, 'lock.json');
  const since = formatTime(clock.now());
  const holder = { pid: process.pid, user: userName(), host: hostname(), purpose, since };
  try {
    // Removed first: what a killed holder or a stranger left there is not written through.
    await rm(note, { force: true });
    await writeFile(note, `${JSON.stringify(holder)}\n`, { flag: 'wx' });
  } catch (error) {
    database.close();
    throw cannotLock(directory, error);
  }
  return {
    async release() {
      if (!database.open) return;
      await rm(note, { force: true }).catch(() => {});
      database.close();
    },
  };
}

/** A process may run under a number that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

async function lockedBy(directory: string, signal: AbortSignal): Promise<GapferryError> {
  const holder = await awaitHolder(join(directory, 'lock.json'), signal);
  const who = holder === undefined ? '' : ` ${whoIn(holder)}`;
  return new GapferryError({
    code: 'LOCKED',
    message: `${directory} is being written to${who}`,
    hint: 'wait until it is done, or stop that process; a process that died holds no lock',
    retryable: true,
    data: { path: directory, ...holder },
  });
}

function whoIn({ pid, user, host, purpose, since }: LockHolder): string {
  const name = user === undefined || host === undefined ? '' : `${user} on ${host}, `;
  return `by ${name}process ${pid}, since ${since}: ${purpose}`;
}

/** Who has just got the lock may not have written the note yet. */
async function awaitHolder(note: string, signal: AbortSignal): ReturnType<typeof readHolder> {
  for (let tries = 1; ; tries += 1) {
    const holder = await readHolder(note);
    if (holder !== undefined || tries === NOTE_TRIES) return holder;
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
  }
}

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  /** Name and host of who started it; absent in notes of older versions. */
  readonly user?: string;
  readonly host?: string;
  readonly purpose: string;
  readonly since: string;
}

/** What the note says; undefined when there is none yet or it is unreadable. */
async function readHolder(note: string): Promise<LockHolder | undefined> {
  try {
    const text = await readFile(note, 'utf8');
    const { pid, user, host, purpose, since } = JSON.parse(text.slice(0, 4096)) as Record<string, unknown>;
    return {
      pid: Number(pid),
      ...(user !== undefined && { user: printable(String(user)) }),
      ...(host !== undefined && { host: printable(String(host)) }),
      purpose: printable(String(purpose)),
      since: printable(String(since)),
    };
  } catch {
    return undefined;
  }
}

/** Who works here right now, as far as looking tells: the note names a process of this host that is alive. Takes no lock. A killed process leaves its note, and its number may be another's by now. */
export async function lockHolder(directory: string): Promise<LockHolder | undefined> {
  const holder = await readHolder(join(resolve(directory), 'lock.json'));
  if (holder === undefined || holder.host !== hostname()) return undefined;
  try {
    return process.kill(holder.pid, 0) ? holder : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? holder : undefined;
  }
}

function cannotLock(directory: string, error: unknown): GapferryError {
  const code = (error as NodeJS.ErrnoException).code;
  const readOnly = code === 'EROFS' || String(code).startsWith('SQLITE_READONLY');
  return new GapferryError({
    code: readOnly ? 'READ_ONLY' : 'STORAGE_FAILED',
    message: `cannot lock ${directory}: ${readOnly ? 'it may only be read' : reasonOf(error)}`,
    hint: readOnly
      ? 'writing needs a lock file in that directory: mount the medium writable, or take the write protection off it'
      : 'writing needs a lock file in that directory; check owner, mode and space',
    data: { path: directory },
    cause: error,
  });
}
