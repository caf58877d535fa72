import { GapferryError, isGapferryError } from '@gapferry/core';

/** A material is not what a signature must be. */
export function badClaim(message: string, cause?: unknown): GapferryError {
  return new GapferryError({ code: 'SIGNATURE_INVALID', message, ...(cause !== undefined && { cause }) });
}

/** Reads with a reader that throws its own errors: whatever it says, the material is malformed. */
export function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (isGapferryError(cause, 'SIGNATURE_INVALID') || isGapferryError(cause, 'SIGNATURE_MISSING'))
      throw cause;
    throw badClaim(`${what} cannot be read`, cause);
  }
}

export function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw badClaim(`${what} is missing or not an object`);
}
