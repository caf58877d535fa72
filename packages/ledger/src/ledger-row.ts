import {
  canonicalJson,
  type Digest,
  digestOf,
  GapferryError,
  isDigest,
  type LedgerEntry,
  parseCanonicalJson,
} from '@gapferry/core';

/** One row as SQLite gives it: nobody has judged it yet. */
export interface LedgerRow {
  readonly idx: unknown;
  readonly at: unknown;
  readonly kind: unknown;
  readonly data: unknown;
  readonly previous: unknown;
  readonly digest: unknown;
}

/** `previous` of the first entry. */
export const EMPTY_DIGEST: Digest = digestOf('');

/** One entry's data; what is larger belongs into a blob. */
const LIMITS = { maxBytes: 4 << 20, maxDepth: 64 } as const;

/** sha256 of the canonical JSON of index, at, kind, data and previous. */
export function entryDigest(entry: Omit<LedgerEntry, 'digest'>): Digest {
  const { index, at, kind, data, previous } = entry;
  return digestOf(canonicalJson({ index, at, kind, data, previous }));
}

export function toRow(entry: LedgerEntry): Record<keyof LedgerRow, string | number> {
  const data = canonicalJson(entry.data);
  if (Buffer.byteLength(data) > LIMITS.maxBytes)
    throw new GapferryError({
      code: 'INTERNAL',
      message: `a ledger entry of more than ${LIMITS.maxBytes} bytes`,
    });
  return {
    idx: entry.index,
    at: entry.at,
    kind: entry.kind,
    data,
    previous: entry.previous,
    digest: entry.digest,
  };
}

/** The entry that a row holds, or one clause that says why it is not what was written. */
export function judgeRow(row: LedgerRow): LedgerEntry | string {
  const { idx, at, kind, data, previous, digest } = row;
  if (
    typeof idx !== 'number' ||
    typeof at !== 'string' ||
    typeof kind !== 'string' ||
    typeof data !== 'string'
  )
    return 'has a column of another type';
  if (!isDigest(previous) || !isDigest(digest)) return 'has a digest that is none';
  const parsed = parseData(data, idx);
  if (typeof parsed === 'string') return parsed;
  const entry = { index: idx, at, kind, data: parsed.value, previous };
  const actual = entryDigest(entry);
  if (actual !== digest) return `was changed: its digest is ${actual}, and ${digest} is written there`;
  return { ...entry, digest };
}

function parseData(text: string, index: number): { value: LedgerEntry['data'] } | string {
  try {
    const value = parseCanonicalJson(Buffer.from(text), `data of entry ${index}`, LIMITS);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return 'has data that is no object';
    return { value: value as LedgerEntry['data'] };
  } catch (error) {
    return `has data that was not written by gapferry (${error instanceof Error ? error.message : String(error)})`;
  }
}

export function tampered(file: string, index: number, detail: string): GapferryError {
  return new GapferryError({
    code: 'LEDGER_TAMPERED',
    message: `entry ${index} of the ledger ${file} ${detail}`,
    hint: 'keep the file as it is for whoever looks into this; see `gapferry ledger verify`',
    origin: 'site',
    data: { file, index, detail },
  });
}
