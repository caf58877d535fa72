import { type ErrorOrigin, GapferryError, isGapferryError } from '@gapferry/core';

export interface StorageTrouble {
  /** What was tried, for the sentence "cannot … PATH": `write`, `read`, `rename`. */
  readonly doing: string;
  readonly path: string;
  readonly origin: ErrorOrigin;
  /** Bytes that were still to be written. */
  readonly needed?: number;
}

/** A device that is gone says one of these for every file. */
const GONE: ReadonlySet<string | undefined> = new Set([
  'ENODEV',
  'ENXIO',
  'ENOMEDIUM',
  'ESTALE',
  'ENOTCONN',
  'ESHUTDOWN',
]);

export function isGone(errno: string | undefined): boolean {
  return GONE.has(errno);
}

/** What helps where a medium was pulled out. */
export const PLUG_IN_AGAIN: string =
  'was the medium unplugged? plug it in and run the same command again: it continues where it stopped';

/** The GapferryError for what the file system said: `NO_SPACE`, `READ_ONLY` or `STORAGE_FAILED`. A GapferryError stays what it is. */
export function toStorageError(error: unknown, trouble: StorageTrouble): GapferryError {
  if (isGapferryError(error)) return error;
  const errno = errnoOf(error);
  const init = {
    origin: trouble.origin,
    data: { path: trouble.path, errno, needed: trouble.needed },
    cause: error,
  };
  const what = `cannot ${trouble.doing} ${trouble.path}`;
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return noSpace(what, trouble, init);
  if (errno === 'EROFS')
    return new GapferryError({
      code: 'READ_ONLY',
      message: `${what}: the file system is mounted read-only`,
      hint: 'mount it writable, or choose another directory',
      ...init,
    });
  return new GapferryError({
    code: 'STORAGE_FAILED',
    message: `${what}: ${reasonOf(error)}`,
    ...hintFor(errno),
    ...init,
  });
}

/** The code that the operating system gave (`ENOENT`), or undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function noSpace(
  what: string,
  { needed }: StorageTrouble,
  init: Pick<ConstructorParameters<typeof GapferryError>[0], 'origin' | 'data' | 'cause'>,
): GapferryError {
  const missing = needed === undefined ? '' : `; ${needed} bytes were still to be written`;
  return new GapferryError({
    code: 'NO_SPACE',
    message: `${what}: no space left${missing}`,
    hint: 'free some space and run the same command again: it continues where it stopped',
    ...init,
  });
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^([A-Z0-9_]+): (.*?), .*$/s, '$2 ($1)');
}

function hintFor(errno: string | undefined): { hint?: string } {
  if (errno === 'EACCES' || errno === 'EPERM')
    return { hint: 'this user may not do that; check owner and mode' };
  if (errno === 'EFBIG') return { hint: 'this file system (FAT32?) cannot hold a file of that size' };
  if (errno === 'EIO')
    return {
      hint: 'the medium cannot be read or written here: plug it in again and run the same command again, or use another',
    };
  if (isGone(errno)) return { hint: PLUG_IN_AGAIN };
  return {};
}
