import type { Machine } from './command-line.ts';

const PRELOAD: string = new URL('shifted-clock.mjs', import.meta.url).href;

/** The same machine, whose clock is wrong by so many minutes. */
export function shiftedClock(machine: Machine, minutes: number): Machine {
  const options = [machine.environment?.['NODE_OPTIONS'] ?? '', `--import=${PRELOAD}`].join(' ').trim();
  const environment = {
    ...machine.environment,
    NODE_OPTIONS: options,
    CLOCK_SHIFT_MINUTES: String(minutes),
  };
  return { ...machine, environment };
}
