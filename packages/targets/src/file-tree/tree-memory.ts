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
  at(at: TreePath, run: Run): Promise<SeenTreeFile | undefined>;
  learn(path: string, file: SeenTreeFile): void;
  forget(path: string): void;
}

export function treeMemory(tree: FileTree, indexPath: string): TreeMemory {
  const known = new Map<string, SeenTreeFile>();
  let index: Promise<SeenTreeIndex> | undefined;
  let vouched: { readonly by: SeenTreeIndex; readonly files: ReadonlyMap<string, SeenTreeFile> } | undefined;
  const readOnce = (run: Run): Promise<SeenTreeIndex> => {
    index ??= seeIndex(tree, indexPath, run).catch((error: unknown) => {
      index = undefined;
      throw error;
    });
    return index;
  };
  const vouchedAt = async (path: string, run: Run): Promise<SeenTreeFile | undefined> => {
    if (!tree.keepsTags) return undefined;
    const seen = await readOnce(run);
    if (vouched?.by !== seen) vouched = { by: seen, files: filesIn(seen.index) };
    return vouched.files.get(path);
  };
  return {
    index: readOnce,
    setIndex: (seen) => {
      index = Promise.resolve(seen);
    },
    async at(at, run) {
      const fact = await tree.look(at, run);
      if (fact === undefined) return undefined;
      for (const seen of [known.get(at.path), await vouchedAt(at.path, run)])
        if (seen !== undefined && seen.size === fact.size && seen.tag === fact.tag)
          return { ...fact, digest: seen.digest };
      const file = { ...fact, digest: await hashAt(tree, at, fact, run) };
      known.set(at.path, file);
      return file;
    },
    learn: (path, file) => void known.set(path, file),
    forget: (path) => void known.delete(path),
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
