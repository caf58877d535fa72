import { randomUUID } from 'node:crypto';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobReader,
  GapferryError,
  type GitPack,
  type GitRef,
  isGapferryError,
  type Run,
} from '@gapferry/core';
import { borrowObjects, createBare, type ObjectFormat } from './bare-repository.ts';
import { STRICT } from './fsck-severity.ts';
import type { Git } from './git-tool.ts';
import { proveComplete, readRefs } from './read-refs.ts';
import { byRefName, requireRefs } from './ref-name.ts';

export interface QuarantineRequest {
  /** Identity of the item, for errors. */
  readonly item: string;
  /** In the order in which they must be indexed. */
  readonly packs: readonly GitPack[];
  readonly refs: readonly GitRef[];
  readonly objectFormat: ObjectFormat;
  /** The site's work directory; the quarantine is a new folder in it. */
  readonly directory: string;
  readonly from: BlobReader;
  /** A bare repository whose objects packs with prerequisites may build on. */
  readonly alternate?: string;
}

/** Unpacks what a release says about one repository into a bare repository that nobody serves, and proves it there: each pack is hashed while it is read, every object checked
 *  (`git fsck`'s rules), everything that the refs reach is there, and the refs are exactly those of the manifest. No hook exists in it, and none is run.
 *  Returns its path; the caller removes it with `removeQuarantine`. On failure nothing is left. Throws `CONTENT_INVALID`, `BLOB_MISSING`, and what `from` throws. */
export async function unpackQuarantine(git: Git, request: QuarantineRequest, run: Run): Promise<string> {
  requireRefs(request.refs, request.objectFormat, `the release's ${request.item}`);
  const repository = join(request.directory, `quarantine-${randomUUID()}.git`);
  try {
    await createBare(git, repository, request.objectFormat, [], run);
    if (request.alternate !== undefined) await borrowObjects(repository, request.alternate);
    for (const pack of request.packs) await indexPack(git, repository, pack, request, run);
    await writeRefs(repository, request.refs);
    await requireSameRefs(git, repository, request, run);
    await proveComplete(git, repository, request.refs, request.item, run);
    return repository;
  } catch (error) {
    await removeQuarantine(repository);
    throw error;
  }
}

export async function removeQuarantine(repository: string): Promise<void> {
  await rm(repository, { recursive: true, force: true });
}

async function indexPack(
  git: Git,
  repository: string,
  pack: GitPack,
  { item, from }: QuarantineRequest,
  run: Run,
): Promise<void> {
  await requirePrerequisites(git, repository, pack, item, run);
  const thin = pack.prerequisites.length > 0 ? ['--fix-thin'] : [];
  const args = ['index-pack', '--stdin', STRICT, ...thin, `--max-input-size=${pack.size}`];
  try {
    const { text } = await git.run(
      { repository, doing: `check the pack ${pack.digest} of ${item}`, args, input: from.open(pack, run) },
      run,
    );
    if (thin.length === 0) await requireWholePack(repository, text, pack, item);
  } catch (error) {
    if (isGapferryError(error, 'GIT_FAILED'))
      throw refused(item, `its pack ${pack.digest}: ${error.message}`, error);
    throw error;
  }
}

/** git reads a pack up to its trailer and does not mind what follows in a pipe; the written pack then is shorter than the blob. */
async function requireWholePack(
  repository: string,
  answer: string,
  pack: GitPack,
  item: string,
): Promise<void> {
  const [, name = ''] = /^(?:pack|keep)\t([0-9a-f]+)/.exec(answer) ?? [];
  const { size } = await stat(join(repository, 'objects', 'pack', `pack-${name}.pack`));
  if (size !== pack.size) throw refused(item, `its pack ${pack.digest}: there are bytes after its end`);
}

async function requirePrerequisites(
  git: Git,
  repository: string,
  pack: GitPack,
  item: string,
  run: Run,
): Promise<void> {
  for (const oid of pack.prerequisites) {
    const args = ['cat-file', '-e', '--end-of-options', oid];
    const { status } = await git.run({ repository, doing: `look for ${oid}`, args, accept: [1, 128] }, run);
    if (status === 0) continue;
    throw new GapferryError({
      code: 'BLOB_MISSING',
      message: `the pack ${pack.digest} of ${item} builds on commit ${oid.slice(0, 64)}, which is not here`,
      hint: 'import the release that carried it first, or ask for a complete one',
    });
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
  if (!same) throw refused(item, 'its packs do not yield the refs of the manifest');
}

function refused(item: string, why: string, cause?: unknown): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    message: `${item} is refused because of ${why}`,
    hint: 'nothing of it is used; collect and carry it again',
    cause,
  });
}
