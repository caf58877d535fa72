import type { Clock } from '@gapferry/core';

/** The machine's clock. */
export const systemClock: Clock = { now: () => new Date() };
