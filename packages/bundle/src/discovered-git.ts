import {
  GapferryError,
  type GitPin,
  type GitRevision,
  type GitWish,
  isGapferryError,
  printable,
  refNameProblem,
} from '@gapferry/core';
import { sortedUnique, withHint } from './entry-schemas.ts';
import type { NormalizeGitUrl } from './git-entry.ts';

/** The wish for a repository that content points to, at all these revisions together (`undefined`: none is named). A commit, and no revision, need everything: what a pinned ref reaches can be proved only then.
 *  What it finds is pinned under `plainGitWish`. `isSubmodule`: on this machine it may be where the repository is that it belongs to.
 *  Throws `REFERENCE_INVALID` for a URL that is refused, another repository on this machine, and what can be no revision. */
export function discoveredGitWish(
  url: string,
  revisions: ReadonlyArray<GitRevision | undefined>,
  normalize: NormalizeGitUrl,
  isSubmodule = false,
): GitWish {
  const normalized = normalizedUrl(url, normalize);
  if (!isSubmodule) requireElsewhere(normalized);
  const wanted = revisions.map((revision) => refOf(revision, normalized));
  const refs = wanted.filter((ref) => ref !== undefined);
  return {
    kind: 'git',
    url: normalized,
    refs: refs.length < wanted.length ? [] : sortedUnique(refs),
  };
}

/** The wish that the pin of a repository answers which only content wants: its URL, the full names of the refs that are pinned, and its commits. What content asked for cannot be seen in a pin, and what was
 *  found can. Throws `REFERENCE_INVALID` for a repository on this machine that is no submodule. */
export function plainGitWish(
  { url, refs, commits }: Pick<GitPin, 'url' | 'refs' | 'commits'>,
  isSubmodule = false,
): GitWish {
  if (!isSubmodule) requireElsewhere(url);
  const names = sortedUnique(refs.map(({ name }) => name));
  return { kind: 'git', url, refs: names, ...(commits !== undefined && { commits }) };
}

function normalizedUrl(url: string, normalize: NormalizeGitUrl): string {
  try {
    return normalize(url);
  } catch (error) {
    throw isGapferryError(error) ? refused(withHint(error)) : error;
  }
}

/** A file URL would be another repository on every machine that collects. */
function requireElsewhere(url: string): void {
  if (/^file:/i.test(url))
    throw refused(`the Git URL "${url.slice(0, 300)}" is refused: it names a directory of one machine`);
}

/** What `refs` of a wish takes for a revision; undefined where everything is needed. */
function refOf(revision: GitRevision | undefined, url: string): string | undefined {
  if (revision === undefined || isCommit(revision, url)) return undefined;
  const { as, text } = revision;
  if (as === 'semver') return 'refs/tags/*';
  if (text === 'HEAD' && (as === 'ref' || as === 'name')) return text;
  const full = fullName(revision);
  const problem = refNameProblem(full);
  if (problem !== undefined) throw badRevision(revision, url, problem);
  return as === 'name' ? text : full;
}

/** A name that is a whole id is nobody's branch. */
function isCommit(revision: GitRevision, url: string): boolean {
  const { as, text } = revision;
  if (as === 'commit' && !/^[0-9a-f]{7,64}$/i.test(text)) throw badRevision(revision, url, 'it is no id');
  return as === 'commit' || (as === 'name' && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text));
}

function fullName({ as, text }: GitRevision): string {
  if (as === 'ref' || text.startsWith('refs/')) return text;
  return `${as === 'tag' ? 'refs/tags/' : 'refs/heads/'}${text}`;
}

function badRevision({ as, text }: GitRevision, url: string, why: string): GapferryError {
  const shown = printable(text.slice(0, 200));
  return refused(`the ${as === 'name' ? 'revision' : as} "${shown}" of ${url} is refused: ${why}`);
}

function refused(message: string): GapferryError {
  return new GapferryError({
    code: 'REFERENCE_INVALID',
    message: printable(message),
    hint: 'write an https:// or ssh:// URL and a branch, a tag or a commit',
  });
}
