import {
  type AptFileWish,
  type DirectoryFile,
  type FileCheck,
  GapferryError,
  printable,
  type SizedDigest,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { MAX_FILES, type OpenFile, requireDirectory, requireSafeName } from '../directory-files.ts';
import type { OpenedIndex } from './open-index.ts';
import type { AptPackage } from './read-packages.ts';
import { type SuiteRelease, sizedOf } from './suite-release.ts';

/** A repository as it will lie inside. */
export interface Repository {
  /** Sorted by path. */
  readonly files: readonly DirectoryFile[];
  readonly checked: readonly FileCheck[];
  open(path: string): OpenFile;
}

type Laid = SizedDigest & { readonly open: OpenFile };

/** Everything where upstream has it. Throws `NAME_UNSAFE`, `CONTENT_INVALID` where two files would be one, `LIMIT_EXCEEDED`. */
export function layOut(
  http: HttpClient,
  { apt, as }: AptFileWish,
  suite: SuiteRelease,
  indexes: readonly OpenedIndex[],
  packages: ReadonlySet<AptPackage>,
): Repository {
  const laid = new Map<string, Laid>();
  const shown = `the repository ${as}`;
  const lay = (path: string, file: Laid): void => {
    requireSafeName(path, shown);
    const before = laid.get(path);
    if (before !== undefined && (before.digest !== file.digest || before.size !== file.size))
      throw twice(path, before, file, as);
    laid.set(path, file);
  };
  const folder = `dists/${apt.suite}`;
  lay(`${folder}/${suite.name}`, fromMemory(suite.bytes));
  if (suite.signature !== undefined) lay(`${folder}/Release.gpg`, fromMemory(suite.signature));
  for (const index of indexes)
    for (const path of [index.path, index.byHash ?? index.path]) lay(`${folder}/${path}`, index);
  for (const { path, size, sha256: digest } of packages) {
    const url = `${apt.url}/${path.split('/').map(encodeURIComponent).join('/')}`;
    const open: OpenFile = (from, run) => http.body({ url, item: `${path} of ${as}`, size }, from, run);
    // Inside, InRelease is read for the date before Release is.
    if (isRelease(path)) throw inPlaceOfRelease(path, as);
    lay(path, { digest, size, open });
  }
  requireFiles([...laid.keys()], shown);
  return {
    files: [...laid].map(([path, { digest, size }]) => ({ path, digest, size })).sort(byPath),
    checked: suite.checked,
    open: (path) => {
      const found = laid.get(path);
      if (found !== undefined) return found.open;
      throw new GapferryError({ code: 'INTERNAL', message: `${path} is no file of ${shown}` });
    },
  };
}

function isRelease(path: string): boolean {
  return /(?:^|\/)(?:InRelease|Release(?:\.gpg)?)$/i.test(path);
}

function fromMemory(bytes: Uint8Array): Laid {
  const open: OpenFile = async function* (from) {
    yield bytes.subarray(from);
  };
  return { ...sizedOf(bytes), open };
}

function requireFiles(paths: readonly string[], shown: string): void {
  requireDirectory(paths, shown);
  if (paths.length <= MAX_FILES) return;
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: printable(`${shown} would have ${paths.length} files; the limit is ${MAX_FILES}`),
    hint: 'name the packages that are needed under "packages", or take components and architectures each with a line of its own',
    origin: 'source',
  });
}

function byPath(a: DirectoryFile, b: DirectoryFile): number {
  return a.path < b.path ? -1 : 1;
}

function twice(path: string, one: SizedDigest, other: SizedDigest, as: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    message: printable(
      `${path} stands twice in the repository ${as}, as ${one.digest} and as ${other.digest}`,
    ),
    hint: 'the repository is wrong: tell whoever runs it',
    origin: 'source',
    data: { item: as, path },
  });
}

function inPlaceOfRelease(path: string, as: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    message: printable(`a package of the repository ${as} has the name of a Release file: ${path}`),
    hint: 'the repository is wrong: tell whoever runs it',
    origin: 'source',
    data: { item: as, path },
  });
}
