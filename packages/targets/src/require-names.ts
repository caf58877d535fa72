import { GapferryError, isGapferryError, type Load } from '@gapferry/core';

/** Refuses loads that can have no name at a target, all of them at once. `nameOf` throws `NAME_UNSAFE` for one; so does this. */
export function requireNames(loads: readonly Load[], target: string, nameOf: (load: Load) => unknown): void {
  const problems = new Map<string, GapferryError>();
  for (const load of loads)
    try {
      nameOf(load);
    } catch (error) {
      if (!isGapferryError(error, 'NAME_UNSAFE')) throw error;
      problems.set(error.message, error);
    }
  const [first, ...others] = problems.values();
  if (first === undefined) return;
  if (others.length === 0) throw first;
  throw new GapferryError({
    code: 'NAME_UNSAFE',
    message: toldOf([...problems.keys()]),
    ...(first.hint !== undefined && { hint: first.hint }),
    origin: 'target',
    data: { target, problems: [...problems.keys()] },
  });
}

function toldOf(problems: readonly string[]): string {
  const more = problems.length > 10 ? `; and ${problems.length - 10} more` : '';
  return `${problems.slice(0, 10).join('; ')}${more}`;
}
