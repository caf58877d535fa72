import {
  GapferryError,
  type GitRef,
  type GitTagChoice,
  type GitWish,
  matchesRef,
  shortRefName,
} from '@gapferry/core';
import { byRefName } from './ref-name.ts';

/** What a server says it has: branches and tags, and the branch HEAD points to. */
export interface Advertisement {
  readonly refs: readonly GitRef[];
  readonly head?: string;
}

/** What a wish says of refs. */
export type RefChoice = Pick<GitWish, 'refs' | 'tags'>;

/** The short names of the tags that a choice takes; what a version is and which is newer is somebody else's rule. Empty when none fits. */
export type ChooseTags = (tags: readonly string[], choice: GitTagChoice) => readonly string[];

/** Chooses refs by short name (`main`), full name (`refs/tags/v1`), `HEAD`, or pattern, where `*` stands for any characters, `/` included, and tags by `tags`.
 *  A short name takes the branch and the tag of that name. Nothing wanted: all of them. Sorted by name.
 *  Throws `SOURCE_NOT_FOUND` for a wanted ref that matches nothing, and for a repository without branches and tags. */
export function chooseRefs(
  advertised: Advertisement,
  { refs: wanted, tags }: RefChoice,
  place: string,
  chooseTags: ChooseTags,
): readonly GitRef[] {
  if (advertised.refs.length === 0)
    throw notFound(`${place} has no branches and no tags`, 'push something to it first');
  if (wanted.length === 0 && tags === undefined) return advertised.refs.toSorted(byRefName);
  const chosen = [
    ...wanted.flatMap((pattern) => matching(advertised, pattern, place)),
    ...(tags === undefined ? [] : fitting(advertised, tags, place, chooseTags)),
  ];
  return [...new Map(chosen.map((ref) => [ref.name, ref])).values()].sort(byRefName);
}

function matching({ refs, head }: Advertisement, pattern: string, place: string): readonly GitRef[] {
  const found = refs.filter((ref) => matchesRef(ref.name, pattern, head));
  if (found.length > 0) return found;
  if (pattern === 'HEAD' && head === undefined)
    throw notFound(
      `${place} has no default branch: its HEAD names a commit, or a branch without commits`,
      `name the branch; there are: ${examples(refs)}`,
    );
  throw notFound(`${place} has no branch or tag "${pattern.slice(0, 200)}"`, `there are: ${examples(refs)}`);
}

function fitting(
  { refs }: Advertisement,
  choice: GitTagChoice,
  place: string,
  chooseTags: ChooseTags,
): readonly GitRef[] {
  const byTag = new Map(refs.filter(isTag).map((ref) => [shortRefName(ref.name) ?? '', ref]));
  const found = chooseTags([...byTag.keys()], choice).flatMap((tag) => byTag.get(tag) ?? []);
  if (found.length > 0) return found;
  const words = [choice.semver, choice.match].filter((word) => word !== undefined).join(' and ');
  throw notFound(
    `${place} has no tag ${words === '' ? 'at all' : `that fits ${words.slice(0, 200)}`}`,
    byTag.size === 0
      ? 'it has branches only'
      : `there are: ${examples([...byTag.values()])}; a range counts whole versions alone, such as v1.27.3`,
  );
}

function isTag({ name }: GitRef): boolean {
  return name.startsWith('refs/tags/');
}

function examples(refs: readonly GitRef[]): string {
  const names = refs.slice(0, 8).map(({ name }) => shortRefName(name) ?? name);
  return names.join(', ') + (refs.length > names.length ? ` and ${refs.length - names.length} more` : '');
}

function notFound(message: string, hint: string): GapferryError {
  return new GapferryError({ code: 'SOURCE_NOT_FOUND', origin: 'source', message, hint });
}
