import { stat } from 'node:fs/promises';
import { GapferryError, printable } from '@gapferry/core';
import { errnoOf, treeError } from './tree-error.ts';

/** A place of a target on this machine has to be there: one that is not mounted, or misspelled, looks like one that is to be made. Throws `CONFIG_INVALID`, and what `treeError` makes. */
export async function requireDirectory(root: string): Promise<void> {
  const facts = await stat(root).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') throw noDirectory(root, 'there is no such directory');
    throw treeError('look at', root, error);
  });
  if (!facts.isDirectory()) throw noDirectory(root, 'it is no directory');
}

function noDirectory(root: string, why: string): GapferryError {
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: `${printable(root)} cannot be used: ${why}`,
    hint: 'look at the site file; make the directory, or mount what belongs there: gapferry does not make it',
    origin: 'site',
    data: { path: root },
  });
}
