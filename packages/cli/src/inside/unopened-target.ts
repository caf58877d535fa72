import type { GapferryError, PreflightTarget, PruneTarget } from '@gapferry/core';

/** A target that could not be opened: it says why when it is asked, so that what is in the way at the others is found as well. */
export function unopenedTarget(name: string, error: GapferryError): PreflightTarget & PruneTarget {
  const refuse = async (): Promise<never> => {
    throw error;
  };
  return {
    name,
    inspect: refuse,
    load: refuse,
    readBack: refuse,
    preflight: refuse,
    prunable: refuse,
    prune: refuse,
    gone: refuse,
  };
}
