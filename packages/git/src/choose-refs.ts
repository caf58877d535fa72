import { GapferryError, type GitRef, shortRefName } from '@gapferry/core';
import { byRefName } from './ref-name.ts';

/** What a server says it has: branches and tags, and the branch HEAD points to. */
export interface Advertisement {
  readonly refs: readonly GitRef[];
  readonly head?: string;
}

/** Chooses refs by short name (`main`), full name (`refs/tags/v1`), `HEAD`, or pattern, where `*` stands for any characters, `/` included.
 *  A short name takes the branch and the tag of that name. No wanted refs: all of them. Sorted by name.
 *  Throws `SOURCE_NOT_FOUND` for a wanted ref that matches nothing, and for a repository without branches and tags. */
export function chooseRefs(
  advertised: Advertisement,
  wanted: readonly string[],
  place: string,
): readonly GitRef[] {
  if (advertised.refs.length === 0)
    throw notFound(`${place} has no branches and no tags`, 'push something to it first');
  if (wanted.length === 0) return advertised.refs.toSorted(byRefName);
  const chosen = new Map<string, GitRef>();
  for (const pattern of wanted) {
    const matching = advertised.refs.filter((ref) => matchesRef(ref.name, pattern, advertised.head));
    if (matching.length === 0)
      throw notFound(
        `${place} has no branch or tag "${pattern.slice(0, 200)}"`,
        `there are: ${examples(advertised.refs)}`,
      );
    for (const ref of matching) chosen.set(ref.name, ref);
  }
  return [...chosen.values()].sort(byRefName);
}

function matchesRef(name: string, pattern: string, head: string | undefined): boolean {
  if (pattern === 'HEAD') return name === head;
  const subject = pattern.startsWith('refs/') ? name : (shortRefName(name) ?? name);
  return matchesWildcard(subject, pattern.split('*'));
}

/** Linear in the length of the text, unlike a regular expression made from the pattern. */
function matchesWildcard(text: string, [first = '', ...rest]: readonly string[]): boolean {
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

function examples(refs: readonly GitRef[]): string {
  const names = refs.slice(0, 8).map(({ name }) => shortRefName(name) ?? name);
  return names.join(', ') + (refs.length > names.length ? ` and ${refs.length - names.length} more` : '');
}

function notFound(message: string, hint: string): GapferryError {
  return new GapferryError({ code: 'SOURCE_NOT_FOUND', origin: 'source', message, hint });
}
