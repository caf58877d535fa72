import type { Run } from '@gapferry/core';
import type { Waiting } from './waiting.ts';

/** How fast one host is asked: never faster than the operator says, and slower for a while when the host says that it is too much. */
export interface HostPace {
  /** Waits for the turn of one request and gives the moment of its beginning. Rejects with `INTERRUPTED`. */
  begin(run: Run): Promise<number>;
  /** A request that began then was one too many; nothing is asked for `seconds`. */
  tooFast(began: number, seconds: number): void;
  /** A request that began then was answered. */
  fine(began: number): void;
}

/** Milliseconds between two requests after the first refusal; doubled by each one that follows in spite of that. */
const FIRST_GAP = 250;
const LONGEST_GAP = 10_000;

export function createHostPace(perSecond: number | undefined, waiting: Waiting): HostPace {
  const nextByLimit = limitPerSecond(perSecond);
  let [gap, slowedAt, pausedUntil, last] = [0, Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY];
  return {
    async begin(run) {
      const now = waiting.now();
      const at = nextByLimit(Math.max(now, pausedUntil, last + gap));
      last = at;
      if (at > now) await waiting.wait(at - now, run);
      return at;
    },
    tooFast(began, seconds) {
      const now = waiting.now();
      pausedUntil = Math.max(pausedUntil, now + seconds * 1000);
      // Those that were under way together are refused together: that is one reason, not many.
      if (began <= slowedAt) return;
      slowedAt = now;
      gap = Math.min(LONGEST_GAP, Math.max(FIRST_GAP, gap * 2));
    },
    fine(began) {
      if (gap === 0 || began <= slowedAt) return;
      gap = gap < FIRST_GAP / 10 ? 0 : gap * 0.8;
    },
  };
}

/** At most so many in any second: one begins when the one so many before it began a second ago. Below one per second, the second is longer. */
function limitPerSecond(perSecond: number | undefined): (earliest: number) => number {
  if (perSecond === undefined) return (earliest) => earliest;
  const count = Math.max(1, Math.floor(perSecond));
  const span = (count / perSecond) * 1000;
  const begun: number[] = [];
  return (earliest) => {
    const first = begun.length < count ? undefined : begun.shift();
    const at = first === undefined ? earliest : Math.max(earliest, first + span);
    begun.push(at);
    return at;
  };
}
