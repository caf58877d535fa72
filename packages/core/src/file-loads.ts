import type { FileContent, FileName, LoadFile, NameState } from './target.ts';

type Files = Pick<FileName | FileContent, 'path' | 'files'>;

/** Is the load a whole directory? */
export function isDirectoryLoad({ path }: Files): boolean {
  return path.endsWith('/');
}

/** What the name of files stands for where they are as `files` says: of a directory by path. */
export function fileState(
  load: Files,
  files: readonly (Pick<LoadFile, 'path'> & { readonly root: { readonly digest: string } })[] = load.files,
): NameState {
  if (isDirectoryLoad(load)) return Object.fromEntries(files.map(({ path, root }) => [path, root.digest]));
  return files[0] === undefined ? {} : { digest: files[0].root.digest };
}
