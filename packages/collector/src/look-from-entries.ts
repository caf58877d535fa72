import { isInterruption, type TreeFindings } from '@gapferry/core';
import { isContentFault } from './content-fault.ts';

/** What was found from some entries, or why nothing was. */
export interface Look<E> {
  readonly entries: readonly E[];
  readonly findings?: TreeFindings;
  readonly error?: unknown;
}

/** Looks from all entries together; where that fails for what one of them leads to, from one after the other. `groups`: those that show the same; the first of each is what is looked from.
 *  Throws when interrupted. */
export async function lookFromEntries<E>(
  groups: ReadonlyArray<readonly E[]>,
  discover: (entries: readonly E[]) => Promise<TreeFindings>,
): Promise<Look<E>[]> {
  const entries = groups.flat();
  try {
    return [{ entries, findings: await discover(groups.flatMap(([first]) => first ?? [])) }];
  } catch (error) {
    if (isInterruption(error)) throw error;
    if (groups.length === 1 || !isContentFault(error)) return [{ entries, error }];
  }
  const looks: Look<E>[] = [];
  for (const group of groups) looks.push(...(await lookFromEntries([group], discover)));
  return looks;
}
