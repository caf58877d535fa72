import { type ErrorCode, GapferryError, isGapferryError, printable } from '@gapferry/core';

const CODES: Readonly<Record<string, readonly [code: ErrorCode, why: string, hint: string]>> = {
  ENOSPC: [
    'NO_SPACE',
    'there is no space left',
    'make room at the target, then run the import again: it continues where it stopped',
  ],
  EDQUOT: ['NO_SPACE', 'the quota is used up', 'raise the quota at the target, then run the import again'],
  EROFS: ['READ_ONLY', 'the file system is read-only', 'mount the target for writing'],
  EACCES: ['STORAGE_FAILED', 'permission is denied', 'run as the user who owns the target'],
  EPERM: ['STORAGE_FAILED', 'permission is denied', 'run as the user who owns the target'],
};

/** A failed call to the file system in the words of an operator; what is a GapferryError already stays as it is. */
export function treeError(doing: string, path: string, error: unknown): GapferryError {
  if (isGapferryError(error)) return error;
  const errno = errnoOf(error) ?? '';
  const [code, why, hint] = CODES[errno] ?? [
    'STORAGE_FAILED' as const,
    errno || String(error),
    'look at the disk, then run the import again',
  ];
  return new GapferryError({
    code,
    message: `could not ${doing} ${printable(path)}: ${why}`,
    hint,
    origin: 'target',
    data: { path, errno },
    cause: error,
  });
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function inTheWay(path: string): GapferryError {
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${printable(path)} is in the way: it is no regular file and no real directory`,
    hint: 'gapferry follows no links and replaces only files; look at it and move it away',
    origin: 'target',
    data: { path },
  });
}
