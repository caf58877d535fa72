import { readFile } from 'node:fs/promises';
import type { Machine } from './command-line.ts';

const PRELOAD: string = new URL('signal-at.mjs', import.meta.url).href;

/** The same machine, on which the next command gets a signal just before an effect on the file system: the Nth, or the first that names this text (`test/support/signal-at.mjs`). */
export function signalledAt(machine: Machine, signal: NodeJS.Signals, effect: number | string): Machine {
  return withPreload(machine, { SIGNAL_AT: `${signal} ${effect}` });
}

/** The same machine, on which commands write down their effects on the file system. */
export function countingEffects(machine: Machine, log: string): Machine {
  return withPreload(machine, { EFFECTS_LOG: log });
}

/** How many effects were written down. */
export async function effectsIn(log: string): Promise<number> {
  return (await readFile(log, 'utf8')).trimEnd().split('\n').length;
}

function withPreload(machine: Machine, more: Readonly<Record<string, string>>): Machine {
  const options = [machine.environment?.['NODE_OPTIONS'] ?? '', `--import=${PRELOAD}`].join(' ').trim();
  return { ...machine, environment: { ...machine.environment, ...more, NODE_OPTIONS: options } };
}

/** `points` numbers, spread evenly from the first effect to the last. */
export function spread(effects: number, points: number): number[] {
  const step = (effects - 1) / (points - 1);
  return [...new Set(Array.from({ length: points }, (_, i) => Math.round(1 + i * step)))];
}
