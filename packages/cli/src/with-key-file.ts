import { GapferryError, isGapferryError } from '@gapferry/core';

/** The signing package sees PEM text only; the operator needs the file's name. */
export function withKeyFile(error: unknown, keyFile: string): unknown {
  if (!isGapferryError(error, 'KEY_UNUSABLE')) return error;
  return new GapferryError({
    code: 'KEY_UNUSABLE',
    message: `${keyFile}: ${error.message}`,
    ...(error.hint !== undefined && { hint: error.hint }),
    cause: error,
  });
}
