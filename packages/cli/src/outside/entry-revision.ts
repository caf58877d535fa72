import {
  describePlace,
  GapferryError,
  type GitPin,
  type GitRevision,
  printable,
  type TreeEntry,
} from '@gapferry/core';

/** What an entry's revision is among what a repository is pinned at: a ref by its full name, or an id of a commit, which may be short. */
export type EntryRevision = { readonly ref: string } | { readonly commit: string };

/** The newest of versions that a range takes; undefined where it takes none. */
export type NewestVersion = (versions: readonly string[], range: string) => string | undefined;

/** Resolves a revision as Argo CD and Flux do: a name is the branch, the tag, the range of tags or the commit, in this order, a full id always the commit; of a range the highest tag counts; nothing and
 *  `HEAD` are upstream's default branch. That a pinned ref reaches the commit is not proved here. Throws `SOURCE_NOT_FOUND` for what the repository is not pinned at, and for a range whose highest version
 *  two tags have. */
export function entryRevision(entry: TreeEntry, pin: GitPin, newest: NewestVersion): EntryRevision {
  const revision = writtenRevision(entry);
  if (revision === undefined || revision.text === 'HEAD') {
    if (pin.head !== undefined) return { ref: pin.head };
    throw revisionMissing(entry, pin, 'its default branch is not among the refs it is pinned at');
  }
  const found = resolved(revision, pin, (versions, range) => {
    try {
      return highestTag(versions, range, newest);
    } catch (error) {
      throw revisionMissing(entry, pin, error instanceof Error ? error.message : String(error));
    }
  });
  if (found !== undefined) return found;
  throw revisionMissing(entry, pin, 'it is not pinned at it');
}

export function writtenRevision(entry: TreeEntry): GitRevision | undefined {
  if (entry.kind === 'git') return entry.revision;
  return entry.source.from === 'git' ? entry.source.revision : undefined;
}

const FULL_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i;
const SHORT_ID = /^[0-9a-f]{7,64}$/i;

function resolved(
  { as, text }: GitRevision,
  { refs }: GitPin,
  newest: NewestVersion,
): EntryRevision | undefined {
  if (as === 'commit' || (as === 'name' && FULL_ID.test(text))) return { commit: text };
  const named = (name: string): EntryRevision | undefined =>
    refs.some((ref) => ref.name === name) ? { ref: name } : undefined;
  const inRange = (): EntryRevision | undefined => {
    const tags = refs.flatMap(({ name }) => (name.startsWith(TAGS) ? [name.slice(TAGS.length)] : []));
    const tag = newest(tags, text);
    return tag === undefined ? undefined : { ref: `${TAGS}${tag}` };
  };
  if (as === 'semver') return inRange();
  const full = text.startsWith('refs/') ? named(text) : undefined;
  const branch = as === 'branch' || as === 'name' ? named(`refs/heads/${text}`) : undefined;
  const tag = as === 'tag' || as === 'name' ? named(`${TAGS}${text}`) : undefined;
  const found = full ?? branch ?? tag;
  if (found !== undefined || as !== 'name') return found;
  // Argo CD takes ranges where it takes names.
  const range = /[\^~*<>=|xX ]/.test(text) ? inRange() : undefined;
  return range ?? (SHORT_ID.test(text) ? { commit: text } : undefined);
}

const TAGS = 'refs/tags/';
/** Flux takes no others: all three numbers, and perhaps a v. */
const VERSION = /^v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/;

function highestTag(tags: readonly string[], range: string, newest: NewestVersion): string | undefined {
  const versions = tags.filter((tag) => VERSION.test(tag));
  const highest = newest(versions, range);
  if (highest === undefined) return undefined;
  const twin = versions.find((tag) => tag !== highest && plainVersion(tag) === plainVersion(highest));
  if (twin === undefined) return highest;
  throw new GapferryError({ code: 'SOURCE_NOT_FOUND', message: `it may be ${highest} or ${twin}` });
}

/** What is built of a version does not make it higher; Flux takes the later commit then. */
function plainVersion(tag: string): string {
  return tag.replace(/^v/, '').replace(/\+.*$/, '');
}

/** Names repository, revision and path, and what points there. */
export function revisionMissing(entry: TreeEntry, { id, url }: GitPin, why: string): GapferryError {
  const revision = writtenRevision(entry)?.text ?? 'HEAD';
  const path =
    entry.kind === 'git' ? entry.path : entry.source.from === 'git' ? entry.source.path : undefined;
  const inside = path === undefined ? '' : `, ${JSON.stringify(path.slice(0, 500))}`;
  return new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    origin: 'source',
    message: printable(
      `git ${id} (${url}) at ${revision.slice(0, 200)}${inside}: ${why}; ${describePlace(entry.place).slice(0, 500)} points there`,
    ),
    hint: 'correct the revision there, or name the ref under "refs" of the repository in bundle.yaml',
    data: { revision },
  });
}
