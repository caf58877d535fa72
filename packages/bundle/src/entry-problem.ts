import { GapferryError } from '@gapferry/core';

/** What is wrong with an entry of bundle.yaml. `member`: of the entry, where the problem is not the whole entry's. */
export function entryProblem(message: string, member: string): GapferryError {
  return new GapferryError({ code: 'CONFIG_INVALID', message, data: { member } });
}
