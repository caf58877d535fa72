import { type ErrorCode, GapferryError, printable } from '@gapferry/core';

/** Content of a place on this machine that is not what it should be. `what` names the place as bundle.yaml writes it; what stands in it may be quoted, and is made safe for a terminal. */
export function refused(what: string, why: string, code: ErrorCode = 'CONTENT_INVALID'): GapferryError {
  return new GapferryError({ code, message: printable(`${what} is refused: ${why}`), origin: 'source' });
}

/** What the file system said about a place: `SOURCE_NOT_FOUND` when there is no such file, `UNREACHABLE` when it could not be read. A GapferryError stays what it is. */
export function toLocalError(what: string, error: unknown): unknown {
  if (error instanceof GapferryError || !(error instanceof Error)) return error;
  const errno = (error as NodeJS.ErrnoException).code;
  if (typeof errno !== 'string') return error;
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return new GapferryError({
      code: 'SOURCE_NOT_FOUND',
      message: `there is no ${what}`,
      hint: 'paths are relative to bundle.yaml; is the medium mounted?',
      origin: 'source',
      data: { path: what },
      cause: error,
    });
  return new GapferryError({
    code: 'UNREACHABLE',
    message: `cannot read ${what}: ${errno}`,
    hint: 'check owner and mode, and whether the medium can be read on this machine',
    origin: 'source',
    data: { path: what, errno },
    cause: error,
  });
}
