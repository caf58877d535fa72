import { type Command, type Measured, measure } from './measure.ts';

/** Something that does the same work. The first of a comparison is the one the others are compared with. */
export interface Contestant {
  readonly name: string;
  readonly command: Command;
  /** Before every run, not measured: empties what the run will fill. */
  readonly prepare?: () => Promise<void>;
}

/** A contestant that cannot take part, and why. */
export interface Absentee {
  readonly name: string;
  readonly missing: string;
}

export interface Comparison {
  readonly name: string;
  readonly runs: readonly Measured[];
  /** Its time divided by that of the first contestant, run by run: the median. */
  readonly ratio: number;
}

/** Runs everybody in turn (A B C C B A …) after one round that does not count: a machine that becomes slower becomes so for all, and nobody always inherits the memory and the disk that the same other one left. */
export async function sideBySide(contestants: readonly Contestant[], runs: number): Promise<Comparison[]> {
  const measured = contestants.map((): Measured[] => []);
  for (let round = 0; round <= runs; round++) {
    const inTurn = [...contestants.entries()];
    if (round % 2 === 1) inTurn.reverse();
    for (const [index, { name, command, prepare }] of inTurn) {
      await prepare?.();
      process.stderr.write(`bench: ${round === 0 ? 'warm-up' : `run ${round} of ${runs}`}: ${name}\n`);
      const result = await measure(command);
      if (round > 0) measured[index]?.push(result);
    }
  }
  const first = measured[0] ?? [];
  return contestants.map(({ name }, index) => {
    const own = measured[index] ?? [];
    const ratios = own.map(({ seconds }, run) => seconds / (first[run]?.seconds ?? Number.NaN));
    return { name, runs: own, ratio: median(ratios) };
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
