import {
  canonicalJson,
  type Digest,
  digestOf,
  GapferryError,
  isDigest,
  type LedgerEntry,
  parseCanonicalJson,
  printable,
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
  return digestOfText(entry, canonicalJson(entry.data));
}

/** `data`: its canonical JSON, as the row has it. The members stand in the order of RFC 8785. */
function digestOfText(
  { index, at, kind, previous }: Omit<LedgerEntry, 'digest' | 'data'>,
  data: string,
): Digest {
  return digestOf(
    `{"at":${canonicalJson(at)},"data":${data},"index":${index},"kind":${canonicalJson(kind)},"previous":"${previous}"}`,
  );
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
  const columns = judgeColumns(row);
  if (typeof columns === 'string') return columns;
  const { data: text, ...rest } = columns;
  const parsed = parseData(text, rest.index);
  if (typeof parsed === 'string') return parsed;
  return judgeDigest(columns) ?? { ...rest, data: parsed.value };
}

/** Like `judgeRow`, for whoever only walks along the chain: the data is hashed as it stands there, and not read. */
export function judgeLink(
  row: LedgerRow,
): Pick<LedgerEntry, 'index' | 'at' | 'previous' | 'digest'> | string {
  const columns = judgeColumns(row);
  // Whoever reads the data too finds better words.
  return typeof columns === 'string' || judgeDigest(columns) !== undefined ? judgeRow(row) : columns;
}

/** For people who look for a row. */
export function kindOf({ kind }: LedgerRow): string | undefined {
  return typeof kind === 'string' ? kind : undefined;
}

type Columns = Omit<LedgerEntry, 'data'> & { readonly data: string };

function judgeColumns({ idx, at, kind, data, previous, digest }: LedgerRow): Columns | string {
  if (
    typeof idx !== 'number' ||
    typeof at !== 'string' ||
    typeof kind !== 'string' ||
    typeof data !== 'string'
  )
    return 'has a column of another type';
  if (!isDigest(previous) || !isDigest(digest)) return 'has a digest that is none';
  if (!at.isWellFormed() || !kind.isWellFormed()) return 'has a time or a kind that is no text';
  return { index: idx, at, kind, data, previous, digest };
}

function judgeDigest({ data, digest, ...rest }: Columns): string | undefined {
  const actual = digestOfText(rest, data);
  return actual === digest
    ? undefined
    : `was changed: its digest is ${actual}, and ${digest} is written there`;
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

/** `kind`: as it stands there now. */
export function tampered(file: string, index: number, detail: string, kind?: string): GapferryError {
  const entry = `entry ${index}${kind === undefined ? '' : ` (${printable(kind)})`}`;
  return new GapferryError({
    code: 'LEDGER_TAMPERED',
    message: index === 0 ? `the ledger ${file} ${detail}` : `${entry} of the ledger ${file} ${detail}`,
    hint: 'somebody changed it, or put an older one back: keep the file as it is for whoever looks into this, and put the newest backup in its place',
    origin: 'site',
    data: { file, index, ...(kind !== undefined && { kind: printable(kind) }), detail },
  });
}
