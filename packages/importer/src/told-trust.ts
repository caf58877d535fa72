import type { Mark } from '@gapferry/bundle';
import { type Digest, isDigest, type Ledger, type LedgerEntry } from '@gapferry/core';
import { IMPORT_ENTRIES } from './import-entries.ts';

/** What a site's ledger tells of what stands in its trust-state.json: at least so much stood there once. */
export interface ToldTrust {
  /** The policy that was pinned last; absent where none was. */
  readonly pinned?: { readonly version: number; readonly digest: Digest; readonly index: number };
  /** By channel; `index`: of the entry that tells of it. */
  readonly marks: ReadonlyMap<string, Mark & { readonly index: number }>;
}

export const TRUST_PINNED = 'trust.pinned';

/** Written only when the mark has risen. */
const RISEN: readonly string[] = [IMPORT_ENTRIES.staged, IMPORT_ENTRIES.naming, IMPORT_ENTRIES.finished];

/** The highest release that came as far as a name, and what a policy set a mark to since. `ledger`: the site's, its chain found intact by whoever calls. */
export function toldTrust(ledger: Ledger): ToldTrust {
  const marks = new Map<string, Mark & { readonly index: number }>();
  let pinned: ToldTrust['pinned'];
  for (const entry of ledger.history([TRUST_PINNED, ...RISEN])) {
    if (entry.kind === TRUST_PINNED) {
      pinned = laterOf(pinned, pinIn(entry));
      for (const [channel, mark] of settledIn(entry)) marks.set(channel, mark);
      continue;
    }
    const { channel, sequence, statement } = entry.data;
    if (typeof channel !== 'string' || typeof sequence !== 'number' || !isDigest(statement)) continue;
    // An import that went back left the mark where it was.
    if (sequence < (marks.get(channel)?.sequence ?? 0)) continue;
    marks.set(channel, { sequence, statement, index: entry.index });
  }
  return { marks, ...(pinned !== undefined && { pinned }) };
}

/** A version that is pinned again was pinned before. */
function laterOf(before: ToldTrust['pinned'], next: ToldTrust['pinned']): ToldTrust['pinned'] {
  return before?.version === next?.version && before?.digest === next?.digest ? before : (next ?? before);
}

function pinIn({ index, data: { version, digest } }: LedgerEntry): ToldTrust['pinned'] {
  return typeof version === 'number' && isDigest(digest) ? { version, digest, index } : undefined;
}

function settledIn({ index, data: { marks } }: LedgerEntry): [string, Mark & { readonly index: number }][] {
  return Object.entries(marks ?? {}).flatMap(([channel, mark]) => {
    const { sequence, statement } = (mark ?? {}) as Record<string, unknown>;
    if (typeof sequence !== 'number') return [];
    return [[channel, { sequence, ...(isDigest(statement) && { statement }), index }]];
  });
}
