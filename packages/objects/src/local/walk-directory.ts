import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkRun, GapferryError, printable, type Run } from '@gapferry/core';
import { MAX_FILES, requireSafeName } from '../directory-files.ts';
import { refusedPlace, unreadablePlace } from './local-error.ts';

export interface WalkLimits {
  /** Files in all. */
  readonly files: number;
  /** Directories within directories. */
  readonly depth: number;
}

export const WALK_LIMITS: WalkLimits = { files: MAX_FILES, depth: 100 };

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
      // Names that are not UTF-8 come with U+FFFD in them, and could not be opened again.
      requireSafeName(path, shown);
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
