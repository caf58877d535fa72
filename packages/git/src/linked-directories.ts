import { posix } from 'node:path';
import type { LeftOut, Run, TreeFile } from '@gapferry/core';
import type { GitMirror } from './git-mirror.ts';
import type { Git } from './git-tool.ts';
import { readBlobs } from './read-blobs.ts';

/** One entry of a tree of Git. */
export interface GitFile extends TreeFile {
  readonly oid: string;
}

/** No path is longer; and so much of them is read in one tree. */
const LIMITS = { target: 4096, bytes: 4_194_304 } as const;

/** Symbolic links that lead to a directory of the tree, or to another link: manifests may be reached through them. Nothing is followed. Links of which too much would have to be read count as such. */
export async function linkedDirectories(
  git: Git,
  mirror: GitMirror,
  tree: { readonly entries: readonly GitFile[]; readonly links: readonly GitFile[]; readonly what: string },
  run: Run,
): Promise<LeftOut[]> {
  if (tree.links.length === 0) return [];
  let bytes = 0;
  const readable = tree.links.filter(({ size }) => {
    if (size <= LIMITS.target) bytes += size;
    return size <= LIMITS.target && bytes <= LIMITS.bytes;
  });
  const targets = await readBlobs(git, mirror, readable, `links of ${tree.what}`, run);
  const places = placesIn(tree.entries);
  return tree.links.flatMap(({ path, oid }) => {
    const target = targets.get(oid);
    const leads = target === undefined || places.has(targetOf(path, Buffer.from(target).toString('utf8')));
    return leads ? [{ path, reason: 'it is a symbolic link to a directory' }] : [];
  });
}

/** Directories and links. */
function placesIn(entries: readonly TreeFile[]): ReadonlySet<string> {
  const places = new Set<string>(['']);
  for (const { kind, path } of entries) {
    if (kind === 'link') places.add(path);
    for (let at = posix.dirname(path); at !== '.' && !places.has(at); at = posix.dirname(at)) places.add(at);
  }
  return places;
}

/** From the root; what lies outside begins with `/` or `..`, and is in no tree. */
function targetOf(link: string, target: string): string {
  if (target.startsWith('/')) return target;
  const path = posix.join(posix.dirname(link), target).replace(/\/+$/, '');
  return path === '.' ? '' : path;
}
