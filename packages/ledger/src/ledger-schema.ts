import type { SqliteDatabase } from './sqlite.ts';

/** PRAGMA application_id of a ledger: "GfLg". */
export const APPLICATION_ID = 0x47664c67;
export const SCHEMA_VERSION = 1;

const TABLE = `CREATE TABLE entry (
  idx INTEGER PRIMARY KEY CHECK (idx >= 1),
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  data TEXT NOT NULL,
  previous TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE
) STRICT`;

/** By name: a ledger without one of them, word for word, was opened up by somebody. */
export const TRIGGERS: ReadonlyMap<string, string> = new Map(
  [
    [
      'entry_never_updated',
      "BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'a ledger is never changed'); END",
    ],
    ['entry_never_deleted', "BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'a ledger only grows'); END"],
    [
      'entry_without_gap',
      "BEFORE INSERT ON entry WHEN NEW.idx <> (SELECT coalesce(max(idx), 0) + 1 FROM entry) BEGIN SELECT RAISE(ABORT, 'a ledger has no gaps'); END",
    ],
  ].map(([name = '', rest = '']) => [name, `CREATE TRIGGER ${name} ${rest}`]),
);

/** Makes the table and its guards in one transaction. Two processes may try at once. */
export function createSchema(database: SqliteDatabase): void {
  const create = database.transaction(() => {
    if (hasSchema(database)) return;
    database.exec(TABLE);
    for (const sql of TRIGGERS.values()) database.exec(sql);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  });
  create.immediate();
}

export function hasSchema(database: SqliteDatabase): boolean {
  return (
    database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'entry'").get() !==
    undefined
  );
}

/** Names of guards that are missing or read differently. */
export function brokenTriggers(database: SqliteDatabase): string[] {
  const find = database.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?").pluck();
  return [...TRIGGERS].filter(([name, sql]) => find.get(name) !== sql).map(([name]) => name);
}
