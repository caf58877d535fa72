import { type Digest, type DirectoryFile, GapferryError } from '@gapferry/core';
import { fileListDigest } from './file-list.ts';
import type { DirectoryItem } from './manifest.ts';

/** A file of a directory that came, went or changed. */
export interface FileChange {
  /** Below the directory. */
  readonly path: string;
  readonly from?: Digest;
  readonly to?: Digest;
  /** Its owner may run it from now on, or no longer; absent where that stays, and where the file came or went. */
  readonly executable?: boolean;
}

/** Files of directories whose list is a blob, by item id. */
export type FileLists = ReadonlyMap<string, readonly DirectoryFile[]>;

/** What changes in a directory, sorted by path; pure. Throws `INTERNAL` where a list was not read: an unread list is not an empty one. */
export function fileChanges(
  [was, before]: readonly [DirectoryItem, FileLists | undefined],
  [is, after]: readonly [DirectoryItem, FileLists | undefined],
): FileChange[] {
  if (directoryDigest(was) === directoryDigest(is)) return [];
  const old = new Map(filesIn(was, before).map((file) => [file.path, file]));
  const now = new Map(filesIn(is, after).map((file) => [file.path, file]));
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort();
  return paths.flatMap((path) => changeOf(path, old.get(path), now.get(path)));
}

/** sha256 of the canonical JSON of the list of a directory's files, wherever it stands. */
export function directoryDigest({ files }: DirectoryItem): Digest {
  return 'list' in files ? files.list.digest : fileListDigest(files);
}

/** Files in line, or from the lists. Throws `INTERNAL` where they are in neither. */
export function filesIn(item: DirectoryItem, lists: FileLists | undefined): readonly DirectoryFile[] {
  const files = 'list' in item.files ? lists?.get(item.id) : item.files;
  if (files !== undefined) return files;
  throw new GapferryError({ code: 'INTERNAL', message: `the list of files of file ${item.id} was not read` });
}

function changeOf(path: string, was: DirectoryFile | undefined, is: DirectoryFile | undefined): FileChange[] {
  const sides = { ...(was && { from: was.digest }), ...(is && { to: is.digest }) };
  if (was === undefined || is === undefined) return [{ path, ...sides }];
  const executable = is.executable === true;
  const isTurned = executable !== (was.executable === true);
  if (was.digest === is.digest && !isTurned) return [];
  return [{ path, ...sides, ...(isTurned && { executable }) }];
}
