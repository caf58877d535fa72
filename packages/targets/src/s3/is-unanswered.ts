import { isGapferryError } from '@gapferry/core';

const NOT_IMPLEMENTED = 501;

/** The store does not do what it was asked for, and will not do it later either. */
export function isUnanswered(error: unknown): error is Error {
  const isUndone = isGapferryError(error) && error.data['status'] === NOT_IMPLEMENTED;
  return isUndone || isGapferryError(error, 'PROTOCOL_VIOLATION');
}
