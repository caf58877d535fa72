import type { PlanStep } from '@gapferry/bundle';

/** Milliseconds since some moment, of a clock that nobody sets: `performance.now`. */
export type Monotonic = () => number;

/** Bytes that went by, and how long that took in whole milliseconds. */
export interface Measured {
  readonly bytes: number;
  readonly ms: number;
}

/** How long the parts of an import took, in whole milliseconds ≥ 0; no set clock makes them wrong. */
export interface ImportTiming {
  /** From the first entry in the ledger to the record. */
  readonly total: number;
  /** Both gates: from the first blob that was read to the survey, and hashing what is sent of a release that was let in before; absent where nobody watched. */
  readonly verification?: Measured;
  /** Sending to all targets, reading everything back, and setting names. */
  readonly content: number;
  readonly barrier: number;
  readonly names: number;
  /** From the begin of the first to the end of the last content that the target was sent; only targets that got some. Sorted by name. */
  readonly targets: readonly ({ readonly target: string } & Measured)[];
}

/** When something began and ended, in monotonic milliseconds. */
export interface Span {
  readonly began: number;
  readonly ended: number;
}

/** What an act gave, and when it began and ended. */
export async function spanOf<T>(monotonic: Monotonic, act: () => Promise<T>): Promise<T & Span> {
  const began = monotonic();
  const result = await act();
  return { ...result, began, ended: monotonic() };
}

/** Whole milliseconds between two moments; never negative, whatever the clock that was passed in does. */
export function lengthOf({ began, ended }: Span): number {
  return Math.max(0, Math.round(ended - began));
}

/** Moments between the stages of an import. */
export interface Laps {
  readonly began: number;
  readonly loaded: number;
  readonly proved: number;
  readonly named: number;
}

/** The durations for the record, from the moments between the stages and from when each content was sent. */
export function toTiming(
  laps: Laps,
  sent: ReadonlyMap<PlanStep, Span & { readonly bytes: number }>,
  verification: Measured | undefined,
): ImportTiming {
  const { began, loaded, proved, named } = laps;
  return {
    total: lengthOf({ began, ended: named }),
    ...(verification !== undefined && { verification }),
    content: lengthOf({ began, ended: loaded }),
    barrier: lengthOf({ began: loaded, ended: proved }),
    names: lengthOf({ began: proved, ended: named }),
    targets: [...Map.groupBy(sent, ([step]) => step.target)]
      .map(([target, own]) => ({ target, ...measuredOver(own.map(([, span]) => span)) }))
      .sort((a, b) => (a.target < b.target ? -1 : 1)),
  };
}

/** All their bytes, from the earliest begin to the latest end. */
function measuredOver(spans: readonly (Span & { readonly bytes: number })[]): Measured {
  // Not by spread: a release can have more items than a call takes arguments.
  const began = spans.reduce((least, span) => Math.min(least, span.began), Number.POSITIVE_INFINITY);
  const ended = spans.reduce((most, span) => Math.max(most, span.ended), Number.NEGATIVE_INFINITY);
  return { bytes: spans.reduce((sum, { bytes }) => sum + bytes, 0), ms: lengthOf({ began, ended }) };
}
