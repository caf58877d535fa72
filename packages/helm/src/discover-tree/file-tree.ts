import { refused, tooMuch } from './refusals.ts';

/** The files of one commit, in memory or not. Paths are relative to its root, `/` between parts, `''` the root itself.
 *  Symbolic links and submodules are not in it: whoever makes a tree leaves them out, so nothing follows them. */
export interface FileTree {
  /** The file's bytes; undefined for what is not there and for directories. */
  read(path: string): Uint8Array | undefined;
  /** Names of what lies directly in a directory, sub-directories with `/` at their end; nothing for what is no directory. */
  list(directory: string): readonly string[];
}

/** A tree of files that are in memory, by path. */
export function treeOfFiles(files: ReadonlyMap<string, Uint8Array>): FileTree {
  const directories = new Map<string, Set<string>>();
  for (const path of files.keys()) {
    const parts = path.split('/');
    for (const [depth, part] of parts.entries()) {
      const parent = parts.slice(0, depth).join('/');
      const names = directories.get(parent) ?? new Set();
      directories.set(parent, names.add(depth === parts.length - 1 ? part : `${part}/`));
    }
  }
  return {
    read: (path) => files.get(path),
    list: (directory) => [...(directories.get(directory) ?? [])],
  };
}

/** `path` as a file in `directory` writes it, from the root. Undefined where it is absolute or leaves the tree. */
export function pathFrom(directory: string, path: string): string | undefined {
  if (path.startsWith('/') || path.includes('\0')) return undefined;
  const parts = directory === '' ? [] : directory.split('/');
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

/** As `pathFrom`; throws `CONTENT_INVALID` naming `file`. */
export function pathInTree(directory: string, path: string, file: string): string {
  const found = pathFrom(directory, path);
  if (found === undefined) throw refused(file, `"${path.slice(0, 200)}" leaves the tree`);
  return found;
}

export function directoryOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** True also for the directory itself. */
export function isBelow(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

const MOST_ENTRIES = 500_000;
const DEEPEST = 100;

/** Every file, sorted, without what Git keeps for itself. Throws `LIMIT_EXCEEDED` for more than 500,000 entries or 100 directories in each other. */
export function filesOf(tree: FileTree): string[] {
  const files: string[] = [];
  const open = [''];
  let entries = 0;
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    if (directory.split('/').length > DEEPEST)
      throw tooMuch(directory, `more than ${DEEPEST} directories in each other`);
    for (const name of tree.list(directory)) {
      entries += 1;
      if (entries > MOST_ENTRIES) throw tooMuch(directory, `more than ${MOST_ENTRIES} files`);
      const path = directory === '' ? name : `${directory}/${name}`;
      if (!name.endsWith('/')) files.push(path);
      else if (name !== '.git/') open.push(path.slice(0, -1));
    }
  }
  return files.sort();
}
