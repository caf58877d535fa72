import type { Clock } from '@gapferry/core';

/** A clock that stands still until it is told to move. */
export interface FixedClock extends Clock {
  advance(seconds: number): void;
}

/** `iso`: RFC 3339, `2026-01-01T00:00:00Z`. */
export function fixedClock(iso: string): FixedClock {
  let time = Date.parse(iso);
  if (Number.isNaN(time)) throw new TypeError(`${iso} is not a time`);
  return {
    now: () => new Date(time),
    advance: (seconds) => {
      time += seconds * 1000;
    },
  };
}
