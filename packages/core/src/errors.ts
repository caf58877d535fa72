import { categoryOf, type ErrorCategory, type ErrorCode } from './error-codes.ts';
import { redact, redactData } from './redact.ts';

/** Which side of the trip the trouble came from. */
export type ErrorOrigin = 'source' | 'depot' | 'medium' | 'target' | 'site';

export interface ErrorInit {
  readonly code: ErrorCode;
  /** One or two sentences that name the item, the place and the side. Redacted at construction. */
  readonly message: string;
  /** The next step for the operator. */
  readonly hint?: string;
  readonly origin?: ErrorOrigin;
  /** May the same call succeed later? Wrong data never does, a failed trip may. */
  readonly retryable?: boolean;
  /** Seconds the other side asked to wait (HTTP Retry-After). */
  readonly retryAfter?: number;
  /** Machine-readable details for `--json`: digests, paths, places, problems. JSON values only; redacted at construction. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The only error class gapferry throws on purpose. Everything else that surfaces is a bug of ours (category `internal`). */
export class GapferryError extends Error {
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly hint: string | undefined;
  readonly origin: ErrorOrigin | undefined;
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(init: ErrorInit) {
    super(clean(init.message), init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'GapferryError';
    this.code = init.code;
    this.category = categoryOf(init.code);
    this.hint = init.hint === undefined ? undefined : clean(init.hint);
    this.origin = init.origin;
    this.retryable = init.retryable ?? false;
    this.retryAfter = init.retryAfter;
    this.data = redactData(init.data ?? {});
  }
}

/** Words of others are cut somewhere: half a character at the end could be written into no ledger, and an import that has loaded everything would stop there. */
function clean(text: string): string {
  return redact(text).toWellFormed();
}

export function isGapferryError(error: unknown, code?: ErrorCode): error is GapferryError {
  return error instanceof GapferryError && (code === undefined || error.code === code);
}

/** True for the error an aborted `Run` ends with, whoever threw it. */
export function isInterruption(error: unknown): boolean {
  return isGapferryError(error, 'INTERRUPTED') || (error instanceof Error && error.name === 'AbortError');
}
