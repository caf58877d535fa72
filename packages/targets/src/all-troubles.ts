import { GapferryError, isGapferryError, isInterruption } from '@gapferry/core';

/** Makes every check, one after the other, and throws what they found at once, under the code of the first. What is no verdict (a failed trip, a stopped run, a permission that lacks, a bug) ends it at once: the others would say
 *  the same. */
export async function allTroubles(checks: ReadonlyArray<() => Promise<unknown>>): Promise<void> {
  const found: GapferryError[] = [];
  for (const check of checks)
    try {
      await check();
    } catch (error) {
      if (!isVerdict(error)) throw error;
      found.push(error);
    }
  const [first, ...others] = found;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  const hints = [...new Set(found.flatMap(({ hint }) => hint ?? []))];
  throw new GapferryError({
    code: first.code,
    message: found.map(({ message }) => message).join('; '),
    ...(hints.length > 0 && { hint: hints.join('; ') }),
    ...(first.origin !== undefined && { origin: first.origin }),
    data: { ...first.data, also: others.map(({ code, message, data }) => ({ code, message, data })) },
    cause: first,
  });
}

const VERDICTS: ReadonlySet<string> = new Set(['usage', 'conflict', 'integrity', 'storage']);

function isVerdict(error: unknown): error is GapferryError {
  return isGapferryError(error) && !isInterruption(error) && VERDICTS.has(error.category);
}
