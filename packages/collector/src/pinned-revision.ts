import type { GitPin, GitRevision } from '@gapferry/core';

/** Whether the pinned refs of a repository have a revision. `unproved`: a commit that none of them ends at, or a range of versions; the repository itself must say. */
export function pinnedRevision(
  { refs, head }: Pick<GitPin, 'refs' | 'head'>,
  revision: GitRevision | undefined,
): 'pinned' | 'missing' | 'unproved' {
  if (revision === undefined || revision.text === 'HEAD') return head === undefined ? 'missing' : 'pinned';
  const { as, text } = revision;
  const isPinned = refNames(revision).some((name) => refs.some((ref) => ref.name === name));
  if (isPinned) return 'pinned';
  if (as === 'semver') return refs.some(({ name }) => name.startsWith('refs/tags/')) ? 'unproved' : 'missing';
  if (!isCommit(revision)) return 'missing';
  return refs.some(({ oid }) => oid.startsWith(text.toLowerCase())) ? 'pinned' : 'unproved';
}

function refNames({ as, text }: GitRevision): string[] {
  if (as === 'commit' || as === 'semver') return [];
  if (as === 'ref' || text.startsWith('refs/')) return [text];
  return [
    ...(as === 'branch' || as === 'name' ? [`refs/heads/${text}`] : []),
    ...(as === 'tag' || as === 'name' ? [`refs/tags/${text}`] : []),
  ];
}

/** A name that nothing is called by may be an id. */
function isCommit({ as, text }: GitRevision): boolean {
  return as === 'commit' || (as === 'name' && /^[0-9a-f]{7,64}$/i.test(text));
}
