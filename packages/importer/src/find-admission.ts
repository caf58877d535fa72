import type { Admission } from '@gapferry/bundle';
import type { Digest, Ledger } from '@gapferry/core';
import { IMPORT_ENTRIES } from './import-entries.ts';

/** What is written only behind the barrier, also by an import that ended partly loaded: every blob of the release was read or read back. */
const PROOFS: readonly string[] = [IMPORT_ENTRIES.staged, IMPORT_ENTRIES.naming, IMPORT_ENTRIES.finished];

/** The last entry by which a release was let in at this site; undefined where it never was. `ledger`: the site's, its chain found intact by whoever calls. `statement`: digest of the release's. */
export function findAdmission(ledger: Ledger, statement: Digest): Admission | undefined {
  let found: Admission | undefined;
  for (const { kind, index, at, data } of ledger.history(PROOFS))
    if (data['statement'] === statement) found = { statement, kind, index, at };
  return found;
}
