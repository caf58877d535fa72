import {
  type Clock,
  canonicalBytes,
  canonicalJson,
  digestOf,
  formatTime,
  GapferryError,
  type Ledger,
  type LedgerEntry,
} from '@gapferry/core';

export interface MemoryLedger extends Ledger {
  /** The entries themselves. */
  readonly entries: readonly LedgerEntry[];
  /** From now on `append` throws `LEDGER_UNWRITABLE`. */
  refuseWrites(): void;
}

/** A ledger with the real chain, in memory. */
export function memoryLedger(clock: Clock = { now: () => new Date() }): MemoryLedger {
  const entries: LedgerEntry[] = [];
  let writable = true;
  return {
    entries,
    refuseWrites: () => {
      writable = false;
    },
    head: () => {
      const last = entries.at(-1);
      return last && { index: last.index, digest: last.digest };
    },
    history: (kinds) => entries.filter(({ kind }) => kinds === undefined || kinds.includes(kind)),
    append: (kind, data) => {
      if (!writable)
        throw new GapferryError({ code: 'LEDGER_UNWRITABLE', message: 'the ledger refuses writes' });
      const entry = nextEntry(entries.at(-1), kind, data, formatTime(clock.now()));
      entries.push(entry);
      return entry;
    },
  };
}

function nextEntry(
  last: LedgerEntry | undefined,
  kind: string,
  data: LedgerEntry['data'],
  at: string,
): LedgerEntry {
  const body = {
    index: (last?.index ?? 0) + 1,
    at,
    kind,
    data: withoutUndefined(data),
    previous: last?.digest ?? digestOf(''),
  };
  return { ...body, digest: digestOf(canonicalBytes(body)) };
}

/** What the ledger would read back from its canonical JSON. */
function withoutUndefined(data: LedgerEntry['data']): LedgerEntry['data'] {
  return JSON.parse(canonicalJson(data)) as LedgerEntry['data'];
}
