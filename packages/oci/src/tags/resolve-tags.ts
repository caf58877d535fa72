import { type Descriptor, GapferryError, type Run, type TagChoice } from '@gapferry/core';
import { together } from '../together.ts';
import { candidateTags, noSuchTags } from './choose-tags.ts';
import { type CreatedQuestion, createdAt } from './created-at.ts';

/** A tag and what it is now. */
export interface ResolvedTag {
  readonly tag: string;
  readonly root: Descriptor;
}

/** Images whose creation dates are asked for. */
const MOST_DATED = 1000;

/** The tags that a choice takes, each with what it is now, in the order of the tags.
 *  A list is asked for tag by tag; the tags of the repository are listed only where there is something to choose.
 *  Throws `SOURCE_NOT_FOUND` naming every listed tag that does not exist, or saying what there is when nothing fits; `CONTENT_INVALID` for a newest image without a date. */
export async function resolveTags(
  question: CreatedQuestion,
  choice: TagChoice,
  run: Run,
): Promise<readonly ResolvedTag[]> {
  const listed = choice.list === undefined ? undefined : await listedTags(question, choice.list, run);
  const tags = listed?.map(({ tag }) => tag) ?? (await question.client.tags(question.repository, run));
  const candidates = candidateTags(tags, choice);
  if (candidates.length === 0) throw noSuchTags(question.repository, choice, tags);
  const roots = new Map(listed?.map(({ tag, root }) => [tag, root]));
  const chosen = await newestOf(question, candidates, roots, choice, run);
  return together(chosen.sort(), run, async (tag, inner) => ({
    tag,
    root: roots.get(tag) ?? (await question.client.resolve(question.repository, tag, inner)),
  }));
}

/** All that are missing are named at once. */
async function listedTags(
  { client, repository }: CreatedQuestion,
  list: readonly string[],
  run: Run,
): Promise<readonly ResolvedTag[]> {
  const found = await together(list, run, async (tag, inner) => ({
    tag,
    root: await client.find(repository, tag, inner),
  }));
  const missing = found.filter(({ root }) => root === undefined).map(({ tag }) => tag);
  if (missing.length > 0) throw noSuchTags(repository, missing, await tagsForHint(client, repository, run));
  return found.flatMap(({ tag, root }) => (root === undefined ? [] : [{ tag, root }]));
}

/** Only for a hint: whoever may not list the tags gets none. */
async function tagsForHint(
  client: CreatedQuestion['client'],
  repository: string,
  run: Run,
): Promise<readonly string[] | undefined> {
  return client.tags(repository, run).catch((error: unknown) => {
    if (error instanceof GapferryError && error.code !== 'INTERRUPTED') return undefined;
    throw error;
  });
}

/** `candidates` come with the highest version first. Keeps in `roots` what was resolved on the way. */
async function newestOf(
  question: CreatedQuestion,
  candidates: readonly string[],
  roots: Map<string, Descriptor>,
  { newest, by }: TagChoice,
  run: Run,
): Promise<string[]> {
  if (newest === undefined || candidates.length <= newest) return [...candidates];
  if (by !== 'created') return candidates.slice(0, newest);
  if (candidates.length > MOST_DATED)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${question.repository} has ${candidates.length} tags whose creation dates would have to be asked for; the limit is ${MOST_DATED}`,
      hint: 'narrow them down with `semver` or `match`',
      origin: 'source',
    });
  const dated = await together(candidates, run, async (tag, inner) => {
    const root = roots.get(tag) ?? (await question.client.resolve(question.repository, tag, inner));
    roots.set(tag, root);
    return { tag, at: await createdAt(question, root, inner) };
  });
  // What has no date comes last, and among equals the highest version first: the order they came in.
  const sorted = dated.sort((a, b) => (b.at ?? -Infinity) - (a.at ?? -Infinity) || 0).slice(0, newest);
  requireDates(question.repository, sorted);
  return sorted.map(({ tag }) => tag);
}

/** Choosing an image that does not say when it was made would be choosing by chance. */
function requireDates(
  repository: string,
  chosen: ReadonlyArray<{ readonly tag: string; readonly at: number | undefined }>,
): void {
  const undated = chosen.filter(({ at }) => at === undefined).map(({ tag }) => tag);
  if (undated.length === 0) return;
  throw new GapferryError({
    code: 'CONTENT_INVALID',
    message: `${repository} has too few images with a creation date: ${undated.slice(0, 20).join(', ')} say none`,
    hint: 'leave them out with `match` or `semver`, ask for fewer, or choose by version',
    origin: 'source',
    data: { repository, undated },
  });
}
