import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { type ErrorCode, GapferryError, printable } from '@gapferry/core';

/** The bytes of a regular file: links are followed only where `follow` says so, a FIFO is not waited for, a device not touched. Throws `LIMIT_EXCEEDED` before more than `maxBytes` are read,
 *  and what `toLocalError` makes. */
export async function readLocalFile(
  path: string,
  what: string,
  { maxBytes, follow }: { readonly maxBytes: number; readonly follow: boolean },
): Promise<Uint8Array> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW);
  try {
    await using handle = await open(path, flags);
    const facts = await handle.stat();
    const { size, mtimeMs } = facts;
    if (!facts.isFile()) throw refusedPlace(what, NOT_A_FILE);
    if (size > maxBytes)
      throw refusedPlace(what, `it has ${size} bytes; the limit is ${maxBytes}`, 'LIMIT_EXCEEDED');
    const content = Buffer.alloc(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await handle.read(content, at, size - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    const now = await handle.stat();
    if (at < size || now.size !== size || now.mtimeMs !== mtimeMs)
      throw refusedPlace(what, 'it was written to while it was read');
    return content;
  } catch (error) {
    throw toLocalError(what, error, follow);
  }
}

const NOT_A_FILE = 'it is not a regular file; links, devices and pipes are not read';

/** What the file system said about a place: `SOURCE_NOT_FOUND` when there is none, `UNREACHABLE` when it could not be read. */
export function toLocalError(what: string, error: unknown, follow = true): unknown {
  const errno = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (error instanceof GapferryError || typeof errno !== 'string') return error;
  // ENXIO is what a socket answers.
  if (errno === 'ENXIO' || (errno === 'ELOOP' && !follow)) return refusedPlace(what, NOT_A_FILE);
  const missing = errno === 'ENOENT' || errno === 'ENOTDIR';
  return new GapferryError({
    code: missing ? 'SOURCE_NOT_FOUND' : 'UNREACHABLE',
    message: printable(missing ? `there is no ${what}` : `cannot read ${what}: ${errno}`),
    hint: missing
      ? 'paths are relative to bundle.yaml; is the medium mounted?'
      : 'check owner and mode, and whether the medium can be read on this machine',
    origin: 'source',
    data: { path: what },
    cause: error,
  });
}

/** `what` names the place as bundle.yaml writes it. */
export function refusedPlace(what: string, why: string, code: ErrorCode = 'CONTENT_INVALID'): GapferryError {
  return new GapferryError({ code, origin: 'source', message: printable(`${what} is refused: ${why}`) });
}
