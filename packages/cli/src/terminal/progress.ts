import type { RunEvent, Stage } from '@gapferry/core';
import { printable } from '@gapferry/core';
import { formatBytes, formatDuration } from '@gapferry/report';
import type { SingleBar } from 'cli-progress';
import { Counter } from './counter.ts';
import { LookUps } from './look-ups.ts';
import type { Output } from './output.ts';
import { Silences } from './silences.ts';

/** Shows what a run does, on stderr. */
export interface Progress {
  tell(event: RunEvent): void;
  /** Takes the bar away so that a line can be printed. */
  stop(): void;
}

const DOING: Readonly<Record<Stage, string>> = {
  resolve: 'asking upstream',
  discover: 'looking for images in',
  fetch: 'fetching',
  assemble: 'assembling',
  seal: 'sealing',
  export: 'writing',
  verify: 'verifying',
  survey: 'asking the targets',
  plan: 'planning',
  apply: 'loading',
  serve: 'serving',
};

/** Nothing but warnings. */
export function silentProgress(output: Output): Progress {
  return {
    tell(event) {
      const line = event.kind === 'warning' ? lineOf(event) : undefined;
      if (line !== undefined) output.err(line);
    },
    stop: () => {},
  };
}

/** A line every few seconds, for logs. */
export function lineProgress(
  output: Output,
  everyMs = 5000,
  now: () => number = () => performance.now(),
): Progress {
  const counter = new Counter(now);
  const lines = new Lines(now);
  let last = now();
  return {
    tell(event) {
      counter.count(event);
      for (const line of lines.of(event)) output.err(line);
      if (event.kind !== 'bytes' || now() - last < everyMs) return;
      last = now();
      output.err(
        `  ${DOING[counter.stage]}: ${counter.summary()}${counter.items() && `; ${counter.items()}`}`,
      );
    },
    stop: () => {},
  };
}

/** A bar with bytes, rate, ETA and the item that is moving, on a terminal. */
export async function barProgress(output: Output): Promise<Progress> {
  const { default: cliProgress } = await import('cli-progress');
  const counter = new Counter(() => performance.now());
  const lines = new Lines(() => performance.now());
  const format = '  {doing} {bar} {summary}  {item}';
  let bar: SingleBar | undefined;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    stop,
    tell(event) {
      counter.count(event);
      const said = lines.of(event);
      if (said.length > 0) stop();
      for (const line of said) output.err(line);
      if (event.kind !== 'bytes') return;
      bar ??= new cliProgress.SingleBar(
        {
          format,
          clearOnComplete: true,
          hideCursor: true,
          stream: process.stderr,
          barsize: 24,
          etaBuffer: 1000,
        },
        cliProgress.Presets.shades_classic,
      );
      const payload = { doing: DOING[counter.stage], summary: counter.summary(), item: counter.items() };
      if (!bar.isActive) bar.start(counter.whole, counter.done, payload);
      bar.setTotal(counter.whole);
      bar.update(counter.done, payload);
    },
  };
}

/** What is said in lines, besides the numbers that move. */
class Lines {
  readonly #lookUps = new LookUps();
  readonly #silences: Silences;

  constructor(now: () => number) {
    this.#silences = new Silences(now);
  }

  of(event: RunEvent): string[] {
    if (event.kind === 'lookup') {
      this.#lookUps.count(event);
      return [];
    }
    const said = event.kind === 'silence' ? this.#silences.lineOf(event) : lineOf(event);
    const found = event.kind === 'stage' ? this.#lookUps.take() : undefined;
    return [...(found === undefined ? [] : [found]), ...(said === undefined ? [] : [said])];
  }
}

function lineOf(event: RunEvent): string | undefined {
  if (event.kind === 'request')
    return `  ${event.status} ${printable(event.method)} ${printable(event.path)}`;
  if (event.kind === 'warning')
    return `warning: ${event.item === undefined ? '' : `${printable(event.item)}: `}${printable(event.message)}`;
  if (event.kind === 'retry')
    return `  trying again (${event.attempt}) in ${formatDuration(event.waitMs)}: ${printable(whyAgain(event))}`;
  if (event.kind === 'stage' && event.items !== undefined)
    return `  ${DOING[event.stage]} ${event.items} item(s)${event.bytes === undefined ? '' : `, ${formatBytes(event.bytes)}`}`;
  return undefined;
}

/** Most reasons name the item and the place themselves. */
function whyAgain({ item, place, reason }: Extract<RunEvent, { kind: 'retry' }>): string {
  return reason.includes(item) ? reason : `${item} from ${place}: ${reason}`;
}
