import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkRun, GapferryError, printable, type Run, unsafePathReason } from '@gapferry/core';
import { refusedPlace, unreadablePlace } from './local-error.ts';

export interface WalkLimits {
  /** Files in all. */
  readonly files: number;
  /** Directories within directories. */
  readonly depth: number;
}

export const WALK_LIMITS: WalkLimits = { files: 100_000, depth: 100 };

/** Paths of all files below a directory, relative to it, sorted (UTF-16 code units). Directories without files leave no trace. `shown`: the directory, for messages.
 *  Throws `CONTENT_INVALID` for links, devices, pipes and sockets, `NAME_UNSAFE` for names that not every file system can hold, `LIMIT_EXCEEDED`, `SOURCE_NOT_FOUND`, `UNREACHABLE`. */
export async function walkDirectory(
  directory: string,
  shown: string,
  run: Run,
  limits: WalkLimits = WALK_LIMITS,
): Promise<string[]> {
  const files: string[] = [];
  const waiting = [''];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    checkRun(run);
    for (const entry of await entriesOf(join(directory, at), join(shown, at))) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      requireSafe(path, shown);
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile()) files.push(path);
      else
        throw refusedPlace(join(shown, path), `it is ${kindOf(entry)}; only files and directories are taken`);
      if (files.length > limits.files) throw tooMuch(shown, `${limits.files} files`);
      if (path.split('/').length > limits.depth) throw tooMuch(shown, `${limits.depth} levels`);
    }
  }
  return files.sort();
}

async function entriesOf(path: string, shown: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    throw unreadablePlace(shown, error);
  }
}

/** Names that are not UTF-8 come with U+FFFD in them, and could not be opened again. */
function requireSafe(path: string, shown: string): void {
  const reason = path.includes('\ufffd') ? 'it is not UTF-8' : unsafePathReason(path);
  if (reason === undefined) return;
  throw new GapferryError({
    code: 'NAME_UNSAFE',
    message: printable(`the name "${path.slice(0, 200)}" in ${shown} is refused: ${reason}`),
    hint: 'rename it: inside it has to lie on file systems and in stores that do not take such names',
    origin: 'source',
    data: { path: join(shown, path) },
  });
}

function kindOf(entry: Dirent): string {
  if (entry.isSymbolicLink()) return 'a link';
  if (entry.isFIFO()) return 'a pipe';
  return entry.isSocket() ? 'a socket' : 'a device';
}

function tooMuch(shown: string, limit: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: printable(`${shown} has more than ${limit}`),
    hint: 'take parts of it, each with a line of its own, or pack it into an archive',
    origin: 'source',
  });
}
