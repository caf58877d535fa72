import { readFile } from 'node:fs/promises';
import type { Machine } from './command-line.ts';

const PRELOAD: string = new URL('kill-at-step.mjs', import.meta.url).href;

/** One step by which a site remembers what it does: `import.named plant` (an entry of the ledger and its target) or what lies in its state: `receipts`. */
export interface JournalStep {
  /** From 1, over one command. */
  readonly number: number;
  readonly side: 'before' | 'after';
  readonly label: string;
}

/** The same machine, on which commands write down the steps of the site with this state, and die at one of them: `killAt` is `NUMBER SIDE` or `SIDE LABEL`. */
export function atStep(machine: Machine, state: string, log: string, killAt = ''): Machine {
  const options = [machine.environment?.['NODE_OPTIONS'] ?? '', `--import=${PRELOAD}`].join(' ').trim();
  const steps = { STEPS_IN: state, STEPS_LOG: log, KILL_AT: killAt };
  return { ...machine, environment: { ...machine.environment, ...steps, NODE_OPTIONS: options } };
}

/** In the order in which they began and ended. */
export async function readSteps(log: string): Promise<JournalStep[]> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, number, side, label = ''] = /^(\d+) (before|after) (.*)$/.exec(line) ?? [];
      return { number: Number(number), side: side === 'before' ? 'before' : 'after', label };
    });
}
