import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobReader,
  type Digest,
  GapferryError,
  type GitPack,
  isGapferryError,
  type Run,
  totalSize,
} from '@gapferry/core';
import { STRICT } from './fsck-severity.ts';
import type { Git } from './git-tool.ts';
import { readFileFrom } from './packing/pack-file.ts';
import { streamLines } from './packing/stream-lines.ts';

export interface PackUnpacking {
  /** Identity of the item, for errors. */
  readonly item: string;
  /** In the order in which they must be indexed. */
  readonly packs: readonly GitPack[];
  readonly from: BlobReader;
}

/** Indexes the packs one after the other in a repository that nobody serves, save those that are there: each hashed while it is read, every object checked by `git fsck`'s rules, nothing
 *  after its end. Returns the names of their files, without ending.
 *  Throws `CONTENT_INVALID`, `BLOB_MISSING` for a commit that a pack builds on and that is not there, and what `from` throws. */
export async function unpackPacks(
  git: Git,
  repository: string,
  unpacking: PackUnpacking,
  run: Run,
  there: ReadonlySet<Digest> = new Set(),
): Promise<ReadonlyMap<Digest, string>> {
  const names = new Map<Digest, string>();
  for (const [at, pack] of unpacking.packs.entries()) {
    if (there.has(pack.digest)) continue;
    const [lost] = await missingFrom(git, repository, pack.prerequisites, run);
    if (lost !== undefined) throw withoutGround(unpacking, at, lost);
    names.set(pack.digest, await unpackPack(git, repository, pack, unpacking, run));
  }
  return names;
}

/** The shortest end of the chain that can be unpacked on what a repository has, judged by what its first pack builds on; the whole chain where that is none of it.
 *  Whether it yields everything shows when it is unpacked. */
export async function neededPacks(
  git: Git,
  repository: string,
  packs: readonly GitPack[],
  run: Run,
): Promise<readonly GitPack[]> {
  for (let at = packs.length - 1; at > 0; at--) {
    const { prerequisites = [] } = packs[at] ?? {};
    if (prerequisites.length > 0 && (await missingFrom(git, repository, prerequisites, run)).length === 0)
      return packs.slice(at);
  }
  return packs;
}

async function missingFrom(
  git: Git,
  repository: string,
  oids: readonly string[],
  run: Run,
): Promise<readonly string[]> {
  if (oids.length === 0) return [];
  const { text } = await git.run(
    {
      repository,
      doing: `look for ${oids.length} commits`,
      args: ['cat-file', '--batch-check=%(objectname)'],
      input: oids.map((oid) => `${oid}\n`).join(''),
    },
    run,
  );
  const there = new Set(text.split('\n'));
  return oids.filter((oid) => !there.has(oid));
}

/** The release before the one that made the increment had the commit, and so did the one that made the pack before it. */
function withoutGround({ item, packs }: PackUnpacking, at: number, lost: string): GapferryError {
  const [before, own] = [packs[at - 1]?.since, packs[at]?.since];
  const carrier =
    before !== undefined
      ? `release ${before} of the channel`
      : own === undefined
        ? 'the release before'
        : `the release before number ${own} of the channel`;
  return new GapferryError({
    code: 'BLOB_MISSING',
    message: `the pack ${packs[at]?.digest} of ${item} builds on commit ${lost.slice(0, 64)}, which is not here: ${carrier} carries it`,
    hint: `import ${carrier} first, or ask for a medium with every pack of this one (${totalSize(packs)} bytes)`,
  });
}

async function unpackPack(
  git: Git,
  repository: string,
  pack: GitPack,
  { item, from }: PackUnpacking,
  run: Run,
): Promise<string> {
  const thin = pack.prerequisites.length > 0 ? ['--fix-thin'] : [];
  const args = ['index-pack', '--stdin', STRICT, ...thin, `--max-input-size=${pack.size}`];
  try {
    const { text } = await git.run(
      { repository, doing: `check the pack ${pack.digest} of ${item}`, args, input: from.open(pack, run) },
      run,
    );
    const [, name = ''] = /^(?:pack|keep)\t([0-9a-f]+)/.exec(text) ?? [];
    const path = join(repository, 'objects', 'pack', `pack-${name}`);
    if (!(await endsWhereItShould(git, path, pack, run)))
      throw refusedItem(item, `its pack ${pack.digest}: there are bytes after its end`);
    return `pack-${name}`;
  } catch (error) {
    if (isGapferryError(error, 'GIT_FAILED'))
      throw refusedItem(item, `its pack ${pack.digest}: ${error.message}`, error);
    throw error;
  }
}

/** git reads a pack up to its checksum and does not mind what follows in a pipe; the written pack then is shorter than the blob. What git adds to a thin pack begins where its checksum was. */
async function endsWhereItShould(git: Git, path: string, { size }: GitPack, run: Run): Promise<boolean> {
  const written = (await stat(`${path}.pack`)).size;
  if (written <= size) return written === size;
  const isSha256 = path.slice(path.lastIndexOf('-') + 1).length === 64;
  const added = size - (isSha256 ? 32 : 20);
  const listing = git.stream(
    {
      doing: 'read the index of a pack',
      args: ['show-index', `--object-format=${isSha256 ? 'sha256' : 'sha1'}`],
      input: readFileFrom(`${path}.idx`, 0),
    },
    run,
  );
  let found = false;
  for await (const lines of streamLines(listing))
    found ||= lines.some((line) => line.startsWith(`${added} `));
  return found;
}

export function refusedItem(item: string, why: string, cause?: unknown): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    message: `${item} is refused because of ${why}`,
    hint: 'nothing of it is used; collect and carry it again',
    cause,
  });
}
