/**
 * An append-only, hash-chained record of what was collected, carried and imported, kept in SQLite; the lock that lets one
 * process at a time write to a depot or a site; and the site's trust pin and marks.
 *
 * A row is never updated or removed; the chain shows when somebody did it from outside. Credentials never
 * reach a row.
 *
 * Imported by the cli only; collector and importer see it through the Ledger port of core.
 */
export {
  type Lock,
  type LockHolder,
  type LockOptions,
  lockDirectory,
  lockHolder,
} from './lock-directory.ts';
export { type LedgerOptions, type OpenLedger, openLedger } from './open-ledger.ts';
export { type Marks, openSiteState, type SiteState, type TrustPin } from './site-state.ts';
export { openSqlite } from './sqlite.ts';
export {
  type LedgerFinding,
  type LedgerVerdict,
  type NotedHead,
  requireIntact,
  type VerifyLedgerOptions,
  verifyLedger,
} from './verify-ledger.ts';
