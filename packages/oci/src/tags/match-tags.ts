import { runInNewContext } from 'node:vm';
import { GapferryError, tagPattern } from '@gapferry/core';

/** Characters of a pattern. */
const LONGEST_PATTERN = 1000;
/** For all tags together. An honest pattern needs less than a millisecond for a thousand tags. */
const MOST_MS = 1000;

/** The tags that the regular expression matches as a whole. A pattern that would run for ever (nested repetitions) is stopped: the engine is interrupted after a second, and nothing
 *  is chosen. Throws `REFERENCE_INVALID` for what is no pattern, `LIMIT_EXCEEDED` for one that takes too long. */
export function matchTags(tags: readonly string[], match: string): string[] {
  if (match.length > LONGEST_PATTERN)
    throw new GapferryError({
      code: 'REFERENCE_INVALID',
      message: `the pattern "${match.slice(0, 40)}…" has ${match.length} characters; the limit is ${LONGEST_PATTERN}`,
    });
  const { source, flags } = tagPattern(match);
  const question = { source, flags, tags: JSON.stringify(tags) };
  try {
    const code =
      'const pattern = new RegExp(source, flags); JSON.stringify(JSON.parse(tags).map((tag) => pattern.test(tag)))';
    const fits = JSON.parse(runInNewContext(code, question, { timeout: MOST_MS }) as string) as boolean[];
    return tags.filter((_, at) => fits[at] === true);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause;
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `the pattern "${match.slice(0, 100)}" takes more than ${MOST_MS / 1000} s for ${tags.length} tags`,
      hint: 'repetitions inside repetitions, as in (a+)+, can be tried in too many ways: write the pattern without them',
      cause,
    });
  }
}
