const FORBIDDEN = /[\p{Cc} ~^:?*[\\\ufffd]/u;
const MAX_LENGTH = 500;

/** Why a full ref name is refused, or `undefined` when it is fine: the rules of git-check-ref-format(1), only `refs/heads/` and `refs/tags/`,
 *  no part that reads like an option, and at most 500 characters. */
export function refNameProblem(name: string): string | undefined {
  const short = shortRefName(name);
  if (short === undefined) return 'it is neither a branch nor a tag';
  if (short === '' || short === '@' || short.endsWith('/') || short.endsWith('.')) return 'it ends badly';
  if (!name.isWellFormed() || FORBIDDEN.test(name)) return 'it has a character that Git refuses';
  if (name.includes('..') || name.includes('@{')) return 'it has ".." or "@{"';
  if (name.length > MAX_LENGTH) return `it is longer than ${MAX_LENGTH} characters`;
  for (const part of short.split('/')) {
    if (part === '' || part.startsWith('.') || part.endsWith('.lock')) return `its part "${part}" is refused`;
    if (part.startsWith('-')) return `its part "${part}" reads like an option`;
  }
  return undefined;
}

/** The name below `refs/heads/` or `refs/tags/`; `undefined` for any other ref. */
export function shortRefName(name: string): string | undefined {
  if (name.startsWith('refs/heads/')) return name.slice('refs/heads/'.length);
  if (name.startsWith('refs/tags/')) return name.slice('refs/tags/'.length);
  return undefined;
}

/** Pairs of a ref and another that is a folder on its way (`refs/heads/a` and `refs/heads/a/b`): Git cannot hold both. */
export function folderConflicts(names: readonly string[]): Array<readonly [folder: string, name: string]> {
  const all = new Set(names);
  return names.flatMap((name) =>
    foldersOf(name)
      .filter((folder) => all.has(folder))
      .map((folder) => [folder, name] as const),
  );
}

function foldersOf(name: string): string[] {
  const parts = name.split('/');
  return parts.slice(2, -1).map((_, index) => parts.slice(0, index + 3).join('/'));
}
