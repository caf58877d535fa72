import type { Run } from '@gapferry/core';
import { isRepository } from '../bare-repository.ts';
import { type GitMirror, heldIds } from '../git-mirror.ts';
import { type AfarLooking, type LookedAt, listFiles, lookFromAfar } from '../look-from-afar.ts';
import { keepWithout, knownWithout } from '../looked-at.ts';
import { startIds } from './find-pointers.ts';

interface Looking extends AfarLooking {
  readonly mirror: GitMirror;
  /** Commits without submodules; those that are seen on the way are added. */
  readonly plain: Set<string>;
}

/** More files of attributes than this are not looked at one by one. */
const MOST_FILES = 1000;
const MEBIBYTE = 1_048_576;

/** May the commits that the pin's refs name have files that Git LFS keeps? True where a `.gitattributes` in them, on whatever level, says `filter=lfs`, and where it cannot be found out so.
 *  What the mirror lacks is asked for without history and, where the server can leave them out, without files. */
export async function usesLfs(looking: Looking, run: Run): Promise<boolean> {
  const { mirror, pin, plain } = looking;
  const wanted = startIds(pin);
  const held = (await isRepository(mirror.directory)) ? await heldIds(mirror) : new Set<string>();
  // They were proved to be reached by what is held.
  const isHeld = (oid: string): boolean => held.has(oid) || pin.commits?.includes(oid) === true;
  const without = held.size === 0 ? new Set<string>() : await knownWithout(mirror, 'lfs');
  const here = wanted.filter((oid) => isHeld(oid) && !without.has(oid));
  if (here.length > 0) {
    const seen = await lookAtAttributes({ ...looking, directory: mirror.directory }, here, run);
    if (seen.usesLfs) return true;
    await keepWithout(mirror, 'lfs', new Set(wanted).intersection(without.union(new Set(here))));
    if (!seen.hasSubmodules) for (const oid of here) plain.add(oid);
  }
  const missing = wanted.filter((oid) => !isHeld(oid));
  if (missing.length === 0) return false;
  const seen = await lookFromAfar(looking, missing, (there) => lookAtAttributes(there, missing, run), run);
  if (seen?.hasSubmodules === false) for (const oid of missing) plain.add(oid);
  return seen?.usesLfs ?? true;
}

/** A file of attributes that was left out comes when it is read. */
async function lookAtAttributes(looked: LookedAt, oids: readonly string[], run: Run): Promise<Seen> {
  const { git, pin, remote, directory: repository } = looked;
  const lines = await listFiles(looked, oids, [':(glob)**/.gitattributes', ':(top,literal).gitmodules'], run);
  const hasSubmodules = lines.some(isGitmodules);
  const blobs = new Set(
    lines
      .filter((line) => !isGitmodules(line))
      .flatMap((line) => /^:\d+ 100\d+ [0-9a-f]+ ([0-9a-f]+) /.exec(line)?.[1] ?? []),
  );
  if (blobs.size === 0 || blobs.size > MOST_FILES) return { hasSubmodules, usesLfs: blobs.size > 0 };
  const input = [...blobs].map((oid) => `${oid}\n`).join('');
  const doing = `look for attributes in ${pin.url}`;
  const reading = { ...remote, repository, doing, args: ['cat-file', '--batch'], input };
  const { text } = await git.run(reading, run, 16 * MEBIBYTE);
  return { hasSubmodules, usesLfs: /filter=lfs/.test(text) };
}

interface Seen {
  readonly usesLfs: boolean;
  readonly hasSubmodules: boolean;
}

function isGitmodules(line: string): boolean {
  return line.endsWith('\t.gitmodules');
}
