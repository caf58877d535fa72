import { type CommitTree, GapferryError, type GitPin, type LeftOut, type Run } from '@gapferry/core';
import type { GitMirror } from './git-mirror.ts';
import type { Git } from './git-tool.ts';
import { type PinnedTree, pinnedTrees } from './pinned-trees.ts';
import { readBlobs } from './read-blobs.ts';

/** What is read of one tree. */
const LIMITS = { file: 1_048_576, files: 100_000, bytes: 67_108_864, listing: 134_217_728 } as const;

/** Every distinct tree of the pinned refs, from a mirror that holds them. Manifests come first: what else there is, is read as long as there is room for it.
 *  Throws `LIMIT_EXCEEDED` for too many trees, files, or bytes of manifests. */
export async function* readTrees(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  run: Run,
): AsyncIterable<CommitTree> {
  for (const tree of await pinnedTrees(git, mirror, pin, run)) yield await readTree(git, mirror, tree, run);
}

async function readTree(
  git: Git,
  mirror: GitMirror,
  { tree, refs, commits, what }: PinnedTree,
  run: Run,
): Promise<CommitTree> {
  const args = ['ls-tree', '-r', '-z', '-l', '--full-tree', tree];
  const { text } = await git.run(
    { repository: mirror.directory, doing: `list the files of ${what}`, args },
    run,
    LIMITS.listing,
  );
  const { wanted, leftOut } = choose(text.split('\0').flatMap(toEntry), what);
  const blobs = await readBlobs(git, mirror, wanted, what, run);
  const files = new Map<string, Uint8Array>();
  for (const { path, oid } of wanted) {
    const content = blobs.get(oid);
    if (content !== undefined) files.set(path, content);
  }
  return { refs, commits, files, leftOut };
}

interface Entry {
  readonly mode: string;
  readonly oid: string;
  readonly size: number;
  readonly path: string;
}

function toEntry(record: string): Entry[] {
  const [, mode = '', oid = '', size = '', path = ''] =
    /^(\d{6}) \w+ ([0-9a-f]{40,64}) +(\d+|-)\t(.+)$/s.exec(record) ?? [];
  return path === '' ? [] : [{ mode, oid, size: Number(size), path }];
}

interface Choice {
  readonly wanted: readonly Entry[];
  readonly leftOut: readonly LeftOut[];
}

function choose(entries: readonly Entry[], what: string): Choice {
  if (entries.length > LIMITS.files)
    throw tooMuch(`${what} has ${entries.length} files, more than ${LIMITS.files}`);
  const wanted: Entry[] = [];
  const leftOut: LeftOut[] = [];
  let bytes = 0;
  const isFirst = ({ path }: Entry): boolean => MANIFEST.test(path);
  for (const entry of [...entries.filter(isFirst), ...entries.filter((entry) => !isFirst(entry))]) {
    const reason = reasonAgainst(entry);
    if (reason !== undefined) {
      if (isFirst(entry) || entry.mode === SUBMODULE) leftOut.push({ path: entry.path, reason });
      continue;
    }
    if (bytes + entry.size > LIMITS.bytes) {
      if (isFirst(entry)) throw tooMuch(`the manifests of ${what} have more than ${LIMITS.bytes} bytes`);
      continue;
    }
    bytes += entry.size;
    wanted.push(entry);
  }
  return { wanted, leftOut };
}

/** What may hold manifests, or says what becomes of them. */
const MANIFEST = /\.(?:ya?ml|json|tpl)$|(?:^|\/)Kustomization$/i;
const SUBMODULE = '160000';

function reasonAgainst({ mode, size }: Entry): string | undefined {
  if (mode === SUBMODULE) return 'it is a submodule: its files are in another repository';
  if (mode === '120000') return 'it is a symbolic link';
  return size > LIMITS.file ? `it has ${size} bytes, more than ${LIMITS.file}` : undefined;
}

function tooMuch(message: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `its images are not looked for: ${message}`,
    hint: 'leave out "images: discover" of the repository, and name its images under "images"',
  });
}
