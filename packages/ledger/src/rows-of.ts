import type { LedgerRow } from './ledger-row.ts';
import type { SqliteDatabase } from './sqlite.ts';

/** What is held at a time: rows of many names have up to 4 MiB each, most have a few hundred bytes. */
const PAGE_ROWS = 500;
const PAGE_BYTES = 2 << 20;

/** Rows in the order of their numbers, of the kinds that are wanted. Page by page: as long as a reader walks, SQLite keeps an entry from being written, by this process too, and an import that waits too long for its ledger stops. */
export function* rowsOf(database: SqliteDatabase, kinds?: readonly string[]): Iterable<LedgerRow> {
  const wanted = kinds === undefined ? '' : `AND kind IN (${kinds.map(() => '?').join(', ')})`;
  const from = (columns: string) =>
    database.prepare(`SELECT ${columns} FROM entry WHERE idx > ? ${wanted} ORDER BY idx LIMIT ?`);
  const [measure, fetch] = [from('octet_length(data)').pluck(), from('*')];
  for (let after: unknown = -Number.MAX_VALUE; ; ) {
    const sizes = measure.all(after, ...(kinds ?? []), PAGE_ROWS) as unknown[];
    for (const count of countsWithin(sizes)) {
      const rows = fetch.all(after, ...(kinds ?? []), count) as LedgerRow[];
      yield* rows;
      after = rows.at(-1)?.idx ?? after;
    }
    if (sizes.length < PAGE_ROWS) return;
  }
}

/** How many of the rows are fetched together: as many as fit, and at least one. */
function countsWithin(sizes: readonly unknown[]): number[] {
  const counts: number[] = [];
  let room = 0;
  for (const size of sizes) {
    room -= Number(size);
    if (room >= 0) counts.push((counts.pop() ?? 0) + 1);
    else {
      counts.push(1);
      room = PAGE_BYTES - Number(size);
    }
  }
  return counts;
}
