import { type Digest, type Run, sha256 } from '@gapferry/core';
import { MOST_INDEX_BYTES, type ReleaseIndex, readIndex } from '../s3/release-index.ts';
import type { FileTree, TreeFact, TreePath } from './file-tree.ts';
import { readWhole } from './read-whole.ts';

/** A file with its digest. */
export interface SeenTreeFile extends TreeFact {
  readonly digest: Digest;
}

export interface SeenTreeIndex {
  /** Absent: there is none. */
  readonly tag?: string;
  /** Absent beside a tag: it is none of ours, or damaged. */
  readonly index?: ReleaseIndex;
}

/** What is known of a place. A file is read once, and again when its size or its tag is another; where tags last, what the index of our last release vouches for is not read at all. */
export interface TreeMemory {
  index(run: Run): Promise<SeenTreeIndex>;
  setIndex(seen: SeenTreeIndex): void;
  /** As the tree says it, or said it since the last survey. */
  look(at: TreePath, run: Run): Promise<TreeFact | undefined>;
  at(at: TreePath, run: Run): Promise<SeenTreeFile | undefined>;
  learn(path: string, file: SeenTreeFile): void;
  /** It is to be looked at anew. */
  forget(path: string): void;
  /** Everything that was there is to be looked at anew. */
  relook(): void;
}

/** A server that does not say when a file changed: one of the same size may be another. */
const NO_TAG = '';

export function treeMemory(tree: FileTree, indexPath: string): TreeMemory {
  const known = new Map<string, SeenTreeFile>();
  let index: Promise<SeenTreeIndex> | undefined;
  let vouched: { readonly by: SeenTreeIndex; readonly files: ReadonlyMap<string, SeenTreeFile> } | undefined;
  const looks = new Map<string, TreeFact | undefined>();
  const look = async (at: TreePath, run: Run): Promise<TreeFact | undefined> => {
    if (tree.isRemote && looks.has(at.path)) return looks.get(at.path);
    const fact = await tree.look(at, run);
    if (tree.isRemote) looks.set(at.path, fact);
    return fact;
  };
  const readOnce = (run: Run): Promise<SeenTreeIndex> => {
    index ??= seeIndex(tree, indexPath, run).catch((error: unknown) => {
      index = undefined;
      throw error;
    });
    return index;
  };
  const vouchedAt = async (path: string, run: Run): Promise<SeenTreeFile | undefined> => {
    if (!tree.isRemote) return undefined;
    const seen = await readOnce(run);
    if (vouched?.by !== seen) vouched = { by: seen, files: filesIn(seen.index) };
    const file = vouched.files.get(path);
    return file?.tag === NO_TAG ? undefined : file;
  };
  return {
    index: readOnce,
    setIndex: (seen) => {
      index = Promise.resolve(seen);
    },
    look,
    async at(at, run) {
      const fact = await look(at, run);
      if (fact === undefined) return undefined;
      for (const seen of [known.get(at.path), await vouchedAt(at.path, run)])
        if (seen !== undefined && seen.size === fact.size && seen.tag === fact.tag)
          return { ...fact, digest: seen.digest };
      const file = { ...fact, digest: await hashAt(tree, at, fact, run) };
      known.set(at.path, file);
      return file;
    },
    learn(path, file) {
      known.set(path, file);
      const { digest: _, ...fact } = file;
      looks.set(path, fact);
    },
    forget(path) {
      known.delete(path);
      looks.delete(path);
    },
    relook() {
      for (const [path, fact] of looks) if (fact !== undefined) looks.delete(path);
      for (const [path, { tag }] of known) if (tag === NO_TAG) known.delete(path);
    },
  };
}

export async function hashAt(tree: FileTree, at: TreePath, fact: TreeFact, run: Run): Promise<Digest> {
  const hasher = sha256();
  for await (const chunk of tree.open(at, fact, run)) hasher.update(chunk);
  return hasher.digest();
}

async function seeIndex(tree: FileTree, path: string, run: Run): Promise<SeenTreeIndex> {
  const found = await readWhole(tree, { path, item: 'the index' }, MOST_INDEX_BYTES, run);
  if (found === undefined) return {};
  const index = readIndex(found.bytes);
  return { tag: found.fact.tag, ...(index !== undefined && { index }) };
}

function filesIn(index: ReleaseIndex | undefined): ReadonlyMap<string, SeenTreeFile> {
  return new Map(index?.files.map(({ key, size, etag, digest }) => [key, { size, tag: etag, digest }]));
}
