import { inLanes, type Run } from '@gapferry/core';

/** As `inLanes` of core. */
export const eachLimited = <S, R>(
  subjects: readonly S[],
  atOnce: number,
  run: Run,
  act: (subject: S, run: Run) => Promise<R>,
): Promise<R[]> => inLanes(subjects, atOnce, act, run);
