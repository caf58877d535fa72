import { printable, type RunEvent } from '@gapferry/core';
import { formatDuration } from '@gapferry/report';

type Silence = Extract<RunEvent, { kind: 'silence' }>;

/** Many wait for one host at once: one line tells of it. */
export class Silences {
  readonly #toldAt = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Undefined where a line about the host has just been said. */
  lineOf({ place, item, ms }: Silence): string | undefined {
    const now = this.#now();
    const toldAt = this.#toldAt.get(place) ?? Number.NEGATIVE_INFINITY;
    if (now - toldAt < ms / 3) return undefined;
    this.#toldAt.set(place, now);
    return `  waiting for ${printable(place)}, silent for ${formatDuration(ms)}: ${printable(item)}`;
  }
}
