import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GitPack, type GitRef, isGapferryError, isInterruption, type Run } from '@gapferry/core';
import { borrowObjects, createBare, isRepository, type ObjectFormat } from './bare-repository.ts';
import { writeCuts } from './cuts.ts';
import type { Git } from './git-tool.ts';
import { discardKept, type KeptPacks, keepChain, keepsSome, linkKept, provenBefore } from './kept-packs.ts';
import { proveComplete, readRefs } from './read-refs.ts';
import { byRefName, requireRefs } from './ref-name.ts';
import { neededPacks, type PackUnpacking, refusedItem, unpackPacks } from './unpack-pack.ts';

export interface QuarantineRequest extends PackUnpacking {
  readonly refs: readonly GitRef[];
  readonly objectFormat: ObjectFormat;
  /** The site's work directory; the quarantine is a new folder in it. */
  readonly directory: string;
  /** A bare repository whose objects packs with prerequisites may build on. What it has already is not unpacked again. */
  readonly alternate?: string;
  /** Packs that were unpacked for an earlier release: those that this release names are not unpacked again, and what they were proved to have is not followed again. What is unpacked is kept there. */
  readonly kept?: KeptPacks;
  /** Where the history is cut. */
  readonly shallow?: readonly string[];
}

/** Unpacks what a release says about one repository into a bare repository that nobody serves, and proves it there: each pack is hashed while it is read, every object checked
 *  (`git fsck`'s rules), everything that the refs reach is there, and the refs are exactly those of the manifest. No hook exists in it, and none is run.
 *  Returns its path; the caller removes it with `removeQuarantine`. On failure nothing is left. Throws `CONTENT_INVALID`, `BLOB_MISSING`, and what `from` throws. */
export async function unpackQuarantine(git: Git, request: QuarantineRequest, run: Run): Promise<string> {
  requireRefs(request.refs, request.objectFormat, `the release's ${request.item}`);
  const packs = await packsToUnpack(git, request, run);
  const usesKept = request.kept !== undefined && (await keepsSome(request.kept, packs));
  try {
    return await unpack(git, { ...request, packs }, run);
  } catch (error) {
    // What is kept may be damaged: then it is as if nothing were.
    if (usesKept && isGapferryError(error) && !isInterruption(error)) {
      if (request.kept !== undefined) await discardKept(request.kept);
      return await unpack(git, request, run);
    }
    // What the repository has is more than nothing and less than what the packs before carry.
    if (packs.length === request.packs.length || !isGapferryError(error, 'CONTENT_INVALID')) throw error;
    return await unpack(git, request, run);
  }
}

export async function removeQuarantine(repository: string): Promise<void> {
  await rm(repository, { recursive: true, force: true });
}

async function packsToUnpack(
  git: Git,
  { alternate, packs }: QuarantineRequest,
  run: Run,
): Promise<readonly GitPack[]> {
  if (alternate === undefined || !(await isRepository(alternate))) return packs;
  return await neededPacks(git, alternate, packs, run);
}

async function unpack(git: Git, request: QuarantineRequest, run: Run): Promise<string> {
  const repository = join(request.directory, `quarantine-${randomUUID()}.git`);
  try {
    await createBare(git, repository, request.objectFormat, [], run);
    if (request.shallow !== undefined) await writeCuts(repository, request.shallow);
    if (request.alternate !== undefined) await borrowObjects(repository, request.alternate);
    const { kept, packs, refs } = request;
    const linked = kept && (await linkKept(kept, repository, packs));
    const names = await unpackPacks(git, repository, request, run, linked);
    await writeRefs(repository, request.refs);
    await requireSameRefs(git, repository, request, run);
    const proved = kept && linked && (await provenBefore(kept, packs, linked));
    await proveComplete(git, repository, request, request.item, run, proved);
    if (kept !== undefined) await keepChain(kept, repository, { packs, refs, names });
    return repository;
  } catch (error) {
    await removeQuarantine(repository);
    throw error;
  }
}

/** As `packed-refs` and not one file per ref: a hundred thousand are one write, and names that differ only in case cannot meet on a case-insensitive file system. */
async function writeRefs(repository: string, refs: readonly GitRef[]): Promise<void> {
  const lines = refs.toSorted(byRefName).map(({ name, oid }) => `${oid} ${name}\n`);
  await writeFile(join(repository, 'packed-refs'), lines.join(''), { flag: 'wx' });
}

async function requireSameRefs(
  git: Git,
  repository: string,
  { refs, item }: QuarantineRequest,
  run: Run,
): Promise<void> {
  const there = (await readRefs(git, repository, run)).refs;
  const wanted = refs.toSorted(byRefName);
  const same =
    there.length === wanted.length &&
    there.every(({ name, oid }, index) => name === wanted[index]?.name && oid === wanted[index]?.oid);
  if (!same) throw refusedItem(item, 'its packs do not yield the refs of the manifest');
}
