import { isGapferryError } from '@gapferry/core';

/** What a further try does not change: it is said of the content, not of the way to it. */
export function isContentFault(error: unknown): boolean {
  return isGapferryError(error) && CODES.has(error.code);
}

const CODES: ReadonlySet<string> = new Set([
  'CONTENT_INVALID',
  'CONFIG_INVALID',
  'LIMIT_EXCEEDED',
  'SOURCE_NOT_FOUND',
  'REFERENCE_INVALID',
  'USAGE',
]);
