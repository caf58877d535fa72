import {
  comparePruneFiles,
  compareRest,
  encodePruneFile,
  PRUNE_FILE_LIMIT,
  type PruneFile,
  parsePruneFile,
} from '@gapferry/bundle';
import { type Digest, digestOf, GapferryError } from '@gapferry/core';
import type { PruneProgress } from '@gapferry/importer';
import { writeFileAtomically } from '../write-file.ts';
import { readBounded } from './read-bounded.ts';
import { requireOurs } from './require-ours.ts';

export interface ApprovedPrune {
  readonly path: string;
  readonly file: PruneFile;
  /** sha256 of its bytes. */
  readonly digest: Digest;
}

/** For the owner's eyes only: it names hosts and paths. Throws `USAGE` where somebody else's file lies, `STORAGE_FAILED`. */
export async function writePruneFile(path: string, file: PruneFile): Promise<Digest> {
  await requireOurs(path, isPruneFile);
  const bytes = encodePruneFile(file);
  await writeFileAtomically(path, bytes, { mode: 0o600 });
  return digestOf(bytes);
}

/** Members are sorted, and the one that tells stands in the middle: only the whole file says what it is. */
function isPruneFile(text: string): boolean {
  try {
    parsePruneFile(Buffer.from(text), 'the file');
    return true;
  } catch {
    return false;
  }
}

/** Throws `USAGE` where it cannot be read, and what `parsePruneFile` throws. */
export async function readPruneFile(path: string): Promise<ApprovedPrune> {
  const bytes = await readBounded(path, 'the prune file', PRUNE_FILE_LIMIT);
  return { path, file: parsePruneFile(bytes, `the prune file ${path}`), digest: digestOf(bytes) };
}

/** Differences that are told. */
const SHOWN = 10;

/** Throws `PLAN_MOVED`, naming what moved, unless a look right now finds exactly what was approved; of what was begun, no more than that. */
export function requireSamePrune(
  { path, file }: ApprovedPrune,
  now: PruneFile,
  progress: PruneProgress | undefined,
  site: string,
): void {
  const moved = progress?.state === 'begun' ? compareRest(file, now) : comparePruneFiles(file, now);
  if (moved.length === 0) return;
  const more = moved.length > SHOWN ? `; and ${moved.length - SHOWN} more` : '';
  const channel = file.channel === undefined ? '' : ` --channel ${file.channel}`;
  const done = progress?.state === 'done' ? `, and was carried out at ${progress.at}` : '';
  throw new GapferryError({
    code: 'PLAN_MOVED',
    message: `the prune file ${path} says something else than what would be done now${done}: ${moved.slice(0, SHOWN).join('; ')}${more}`,
    hint: `nothing was removed; look again with "gapferry prune --site ${site} --keep ${file.keep}${channel} -o FILE" and have the new file approved`,
    origin: 'site',
    data: { file: path, moved: moved.slice(0, 1000) },
  });
}
