import { printable, type Run, type RunEvent, redact } from '@gapferry/core';
import { lengthOf, type Measured, type Monotonic } from './import-timing.ts';

/** A warning as the record keeps it. */
export interface ImportWarning {
  readonly message: string;
  readonly item?: string;
}

/** What was told before and while an import was applied. */
export interface RunAccount {
  /** Each once, without control characters: the first thousand, or 1 MiB of them. */
  readonly warnings: readonly ImportWarning[];
  /** How many more there were. */
  readonly unheard: number;
  /** All of it together: what is sent of a release that was let in before is hashed after the survey. Absent when no blob was read before it. */
  readonly verification?: Measured;
}

export interface WatchedRun extends Run {
  account(): RunAccount;
}

const MAX_WARNINGS = 1000;
const MAX_LENGTH = 2000;
/** The record is one entry of the ledger. */
const MAX_BYTES = 1 << 20;

/** A run that passes everything on and remembers what the import record wants to know: its warnings, and how long verifying took. Pass it to both gates, to the plan and to `applyPlan`. */
export function watchRun(run: Run, monotonic: Monotonic): WatchedRun {
  const warnings = new Map<string, ImportWarning>();
  const limits = { room: MAX_BYTES, unheard: 0 };
  let verifying: { readonly began: number; readonly bytes: number } | undefined;
  let verification: Measured | undefined;
  const watch = (event: RunEvent): void => {
    if (event.kind === 'warning') keep(warnings, limits, event);
    if (event.kind !== 'stage') return;
    if (verifying !== undefined)
      verification = {
        bytes: verifying.bytes + (verification?.bytes ?? 0),
        ms: lengthOf({ began: verifying.began, ended: monotonic() }) + (verification?.ms ?? 0),
      };
    verifying =
      event.stage === 'verify' ? { began: monotonic(), bytes: Math.max(0, event.bytes ?? 0) } : undefined;
  };
  return {
    signal: run.signal,
    emit: (event) => {
      watch(event);
      run.emit(event);
    },
    account: () => ({
      warnings: [...warnings.values()],
      unheard: limits.unheard,
      ...(verification !== undefined && { verification }),
    }),
  };
}

function keep(
  warnings: Map<string, ImportWarning>,
  limits: { room: number; unheard: number },
  { message, item }: ImportWarning,
): void {
  const warning = {
    message: shortened(message),
    ...(item !== undefined && { item: shortened(item) }),
  };
  const key = JSON.stringify(warning);
  if (warnings.has(key)) return;
  limits.room -= Buffer.byteLength(key) + 1;
  if (warnings.size < MAX_WARNINGS && limits.room >= 0) warnings.set(key, warning);
  else limits.unheard += 1;
}

/** Whole characters: half of one could be written into no ledger. What a tool said may hold what only an error hides. */
function shortened(text: string): string {
  return redact(printable(text)).slice(0, MAX_LENGTH).toWellFormed();
}
