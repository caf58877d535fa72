import { readFile } from 'node:fs/promises';
import { GapferryError } from '@gapferry/core';

/** Throws `USAGE` where a file is there that does not begin with the mark of gapferry, or is not what `mark` knows as gapferry's: somebody else made it. */
export async function requireOurs(path: string, mark: string | ((text: string) => boolean)): Promise<void> {
  const there = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  const isOurs = typeof mark === 'string' ? (text: string): boolean => text.startsWith(mark) : mark;
  if (there === undefined || isOurs(there)) return;
  throw new GapferryError({
    code: 'USAGE',
    message: `${path} is there, and gapferry did not make it`,
    hint: 'nothing was written; choose another directory, or move that file away',
  });
}
