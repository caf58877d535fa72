import { type ErrorCategory, type GapferryError, isGapferryError, isInterruption } from '@gapferry/core';

/** The one table of exit codes; docs/cli/exit-codes.md is written from it, and a test compares them. */
export const EXIT_CODES: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'a bug of ours',
  2: 'usage or configuration',
  3: 'partly done, see the receipt',
  4: 'integrity: digest, signature, policy',
  5: 'incomplete: something is missing',
  6: 'source or target unreachable, or it refused us',
  7: 'conflict at the target',
  8: 'ledger, depot or disk locked, full or broken',
  10: 'differs',
  130: 'interrupted',
};

export const PARTLY_DONE = 3;
/** Of who only asks, and got no answer. */
export const NOT_ASKED = 6;
export const DIFFERS = 10;

const BY_CATEGORY: Readonly<Record<ErrorCategory, number>> = {
  internal: 1,
  usage: 2,
  integrity: 4,
  trust: 4,
  incomplete: 5,
  transport: 6,
  conflict: 7,
  storage: 8,
  interrupted: 130,
};

export function exitCodeOf(error: unknown): number {
  if (isInterruption(error)) return 130;
  return isGapferryError(error) ? BY_CATEGORY[(error as GapferryError).category] : 1;
}
