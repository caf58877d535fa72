import { type ErrorCode, GapferryError, printable } from '@gapferry/core';

const GONE = new Set(['ENOENT', 'ENOTDIR']);

/** Why a place on this machine is not taken. `shown`: as bundle.yaml writes it, or a file below it. */
export function refusedPlace(shown: string, why: string, code: ErrorCode = 'CONTENT_INVALID'): GapferryError {
  return new GapferryError({
    code,
    message: printable(`${shown} is refused: ${why}`),
    origin: 'source',
    data: { path: shown },
  });
}

/** What the file system said: `SOURCE_NOT_FOUND` where there is nothing, `UNREACHABLE` where it could not be read. Any other error stays as it is. */
export function unreadablePlace(shown: string, error: unknown): unknown {
  const errno = error instanceof Error && 'code' in error ? error.code : undefined;
  if (error instanceof GapferryError || typeof errno !== 'string') return error;
  const isGone = GONE.has(errno);
  return new GapferryError({
    code: isGone ? 'SOURCE_NOT_FOUND' : 'UNREACHABLE',
    message: printable(isGone ? `there is no ${shown}` : `cannot read ${shown}: ${errno}`),
    hint: isGone
      ? 'paths are relative to bundle.yaml; is the medium mounted?'
      : 'check owner and mode, and whether the medium can be read on this machine',
    origin: 'source',
    data: { path: shown, errno },
    cause: error,
  });
}
