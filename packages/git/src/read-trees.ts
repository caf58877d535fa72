import { type CommitTree, chooseTreeFiles, type GitPin, type Run, type TreeChoice } from '@gapferry/core';
import type { GitMirror } from './git-mirror.ts';
import type { Git } from './git-tool.ts';
import { type GitFile, linkedDirectories } from './linked-directories.ts';
import { type PinnedTree, pinnedTrees } from './pinned-trees.ts';
import { readBlobs } from './read-blobs.ts';

const LARGEST_LISTING = 134_217_728;

/** Every distinct tree of the pinned refs, or of some of them and of commits, from a mirror that holds them. Manifests come first: what else there is, is read as long as there is room for it.
 *  Throws `LIMIT_EXCEEDED` for too many trees, files, or bytes of manifests, `SOURCE_NOT_FOUND` for refs that are not pinned and commits that they do not reach. */
export async function* readTrees(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  run: Run,
  only?: TreeChoice,
): AsyncIterable<CommitTree> {
  for (const tree of await pinnedTrees(git, mirror, pin, run, only))
    yield await readTree(git, mirror, tree, run);
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
    LARGEST_LISTING,
  );
  const entries = text.split('\0').flatMap(toEntry);
  const { wanted, leftOut, links } = chooseTreeFiles(entries, what);
  const blobs = await readBlobs(git, mirror, wanted, what, run);
  const files = new Map<string, Uint8Array>();
  for (const { path, oid } of wanted) {
    const content = blobs.get(oid);
    if (content !== undefined) files.set(path, content);
  }
  const linked = await linkedDirectories(git, mirror, { entries, links, what }, run);
  return { refs, commits, files, leftOut: [...leftOut, ...linked] };
}

function toEntry(record: string): GitFile[] {
  const [, mode = '', oid = '', size = '', path = ''] =
    /^(\d{6}) \w+ ([0-9a-f]{40,64}) +(\d+|-)\t(.+)$/s.exec(record) ?? [];
  const kind = mode === '120000' ? 'link' : mode === '160000' ? 'submodule' : 'file';
  return path === '' ? [] : [{ kind, oid, size: Number(size), path }];
}
