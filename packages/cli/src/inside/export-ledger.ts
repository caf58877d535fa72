import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { canonicalJson, GapferryError, type LedgerEntry } from '@gapferry/core';
import type { OpenLedger } from '@gapferry/ledger';
import { formatCef, formatSyslog } from '@gapferry/report';
import { reasonOf } from '../environment.ts';
import { writeLines } from '../terminal/write-lines.ts';
import { readBounded } from './read-bounded.ts';

export const EXPORT_FORMATS = ['json-lines', 'cef', 'syslog'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface LedgerExport {
  readonly format: ExportFormat;
  /** The first entry, or the earliest time in milliseconds. */
  readonly since: { readonly index: number } | { readonly time: number };
  /** The last entry: the one up to which the chain was proved. */
  readonly until: number;
  /** Of gapferry, for CEF. */
  readonly version: string;
}

/** A ledger's entries as lines, oldest first, none held in memory. JSON lines are canonical JSON (RFC 8785) of the whole entry: `{at, data, digest, index, kind, previous}`. */
export function* exportedLines(ledger: OpenLedger, wanted: LedgerExport): Iterable<string> {
  for (const entry of ledger.history()) {
    if (entry.index > wanted.until) return;
    if (isWanted(entry, wanted.since)) yield formatEntry(entry, wanted);
  }
}

function isWanted({ index, at }: LedgerEntry, since: LedgerExport['since']): boolean {
  return 'index' in since ? index >= since.index : Date.parse(at) >= since.time;
}

function formatEntry(entry: LedgerEntry, { format, version }: LedgerExport): string {
  if (format === 'json-lines') return canonicalJson(entry);
  return format === 'cef' ? formatCef(entry, version) : formatSyslog(entry, version);
}

/** A number is an entry; anything else a day or an RFC 3339 time. Throws `USAGE`. */
export function parseSince(text: string | undefined): LedgerExport['since'] {
  if (text === undefined) return { index: 1 };
  if (/^\d{1,15}$/.test(text)) return { index: Number(text) };
  const isTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?$/.test(text);
  const time = isTime ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return { time };
  throw new GapferryError({
    code: 'USAGE',
    message: `--since ${text} is neither the number of an entry nor a time`,
    hint: 'for example --since 120, --since 2026-03-01 or --since 2026-03-01T06:00:00Z',
  });
}

/** Every line of an export begins so. */
const BEGINNING = /^(?:\{"at":"|CEF:0\|gapferry\||<\d{1,3}>1 \S+ - gapferry )/;

/** Only an earlier export gives way to one: not the ledger itself, and no device. Throws `USAGE`. */
export async function requireExportPlace(path: string): Promise<void> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined || (facts.isFile() && facts.size === 0)) return;
  const bytes = facts.isFile() ? await readBounded(path, 'the file', 64) : new Uint8Array();
  if (BEGINNING.test(Buffer.from(bytes).toString('latin1'))) return;
  throw new GapferryError({
    code: 'USAGE',
    message: `${path} is there, and it is no export of a ledger`,
    hint: 'nothing was written; name another file',
  });
}

/** Under a temporary name first, synced. Throws `STORAGE_FAILED`. */
export async function writeLinesTo(path: string, lines: Iterable<string>): Promise<void> {
  const temporary = join(resolve(dirname(path)), `.gapferry-${randomBytes(8).toString('hex')}`);
  try {
    const stream = createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true });
    const ended = finished(stream);
    ended.catch(() => {});
    await writeLines(lines, stream);
    stream.end();
    await ended;
    await rename(temporary, path);
    const directory = await open(resolve(dirname(path)), 'r');
    await directory.sync().finally(() => directory.close());
  } catch (cause) {
    if (cause instanceof GapferryError) throw cause;
    throw new GapferryError({
      code: 'STORAGE_FAILED',
      message: `cannot write ${path}: ${reasonOf(cause)}`,
      hint: 'check the directory, the permissions and the free space',
      cause,
    });
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}
