import type { JsonValue } from './canonical-json.ts';
import type { Digest } from './digest.ts';

/** One line of the record. */
export interface LedgerEntry {
  /** From 1, without gaps. */
  readonly index: number;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** What happened, dotted lower case: `release.sealed`, `import.began`, `import.named`, `import.finished`. */
  readonly kind: string;
  readonly data: { readonly [key: string]: JsonValue | undefined };
  /** Digest of the entry before; of the empty string for the first. */
  readonly previous: Digest;
  /** sha256 of the canonical JSON of everything above. */
  readonly digest: Digest;
}

export interface LedgerHead {
  readonly index: number;
  readonly digest: Digest;
}

/** The append-only, hash-chained record. Synced to disk before `append` returns. Throws `LEDGER_UNWRITABLE`, which stops whoever was about to act. */
export interface Ledger {
  /** Undefined while it is empty. */
  head(): LedgerHead | undefined;
  /** Oldest first; `kinds` filters by exact kind. */
  history(kinds?: readonly string[]): Iterable<LedgerEntry>;
  append(kind: string, data: LedgerEntry['data']): LedgerEntry;
}
