/**
 * An append-only, hash-chained record of what was collected, carried and imported, kept in SQLite.
 *
 * A row is never updated or removed; the chain shows when somebody did it from outside. Credentials never
 * reach a row.
 *
 * Imported by the cli only; collector and importer see it through the Ledger port of core.
 */
export {};
