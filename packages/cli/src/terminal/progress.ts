import type { RunEvent, Stage } from '@gapferry/core';
import { printable } from '@gapferry/core';
import { formatBytes, formatDuration } from '@gapferry/report';
import type { SingleBar } from 'cli-progress';
import type { Output } from './output.ts';

/** Shows what a run does, on stderr. */
export interface Progress {
  tell(event: RunEvent): void;
  /** Takes the bar away so that a line can be printed. */
  stop(): void;
}

const DOING: Readonly<Record<Stage, string>> = {
  resolve: 'asking upstream',
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

/** Nothing but warnings: for `--json`. */
export function silentProgress(): Progress {
  return { tell: () => {}, stop: () => {} };
}

/** A line every few seconds, for logs. */
export function lineProgress(
  output: Output,
  everyMs = 5000,
  now: () => number = () => performance.now(),
): Progress {
  const counter = new Counter(now);
  let last = now();
  return {
    tell(event) {
      counter.count(event);
      const said = lineOf(event);
      if (said !== undefined) output.err(said);
      if (event.kind !== 'bytes' || now() - last < everyMs) return;
      last = now();
      output.err(`  ${DOING[counter.stage]}: ${counter.summary()}`);
    },
    stop: () => {},
  };
}

/** A bar with bytes, rate, ETA and the item that is moving, on a terminal. */
export async function barProgress(output: Output): Promise<Progress> {
  const { default: cliProgress } = await import('cli-progress');
  const counter = new Counter(() => performance.now());
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
      const said = lineOf(event);
      if (said !== undefined) {
        stop();
        output.err(said);
      }
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
      if (!bar.isActive) bar.start(Math.max(counter.total, 1), 0, counter.payload());
      bar.setTotal(Math.max(counter.total, counter.bytes, 1));
      bar.update(counter.bytes, counter.payload());
    },
  };
}

function lineOf(event: RunEvent): string | undefined {
  if (event.kind === 'request')
    return `  ${event.status} ${printable(event.method)} ${printable(event.path)}`;
  if (event.kind === 'warning')
    return `warning: ${event.item === undefined ? '' : `${printable(event.item)}: `}${printable(event.message)}`;
  if (event.kind === 'retry')
    return `  trying again (${event.attempt}) in ${formatDuration(event.waitMs)}: ${printable(event.item)} from ${printable(event.place)}: ${printable(event.reason)}`;
  if (event.kind === 'stage' && event.items !== undefined)
    return `  ${DOING[event.stage]} ${event.items} item(s)${event.bytes === undefined ? '' : `, ${formatBytes(event.bytes)}`}`;
  return undefined;
}

class Counter {
  stage: Stage = 'fetch';
  bytes = 0;
  total = 0;
  item = '';
  readonly #now: () => number;
  #since: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  count(event: RunEvent): void {
    if (event.kind === 'stage') {
      this.stage = event.stage;
      this.bytes = 0;
      this.total = event.bytes ?? 0;
      this.#since = this.#now();
    } else if (event.kind === 'item-started') {
      this.item = event.item;
      if (this.stage === 'fetch') this.total += event.bytes ?? 0;
    } else if (event.kind === 'bytes') {
      this.item = event.item;
      this.bytes += event.bytes;
    }
  }

  summary(): string {
    const seconds = Math.max((this.#now() - this.#since) / 1000, 0.001);
    const rate = this.bytes / seconds;
    const left =
      this.total > this.bytes && rate > 0
        ? `, ${formatDuration(((this.total - this.bytes) / rate) * 1000)} left`
        : '';
    const of = this.total > this.bytes ? ` of ${formatBytes(this.total)}` : '';
    return `${formatBytes(this.bytes)}${of}, ${formatBytes(rate)}/s${left}`;
  }

  payload(): { doing: string; summary: string; item: string } {
    const item = printable(this.item);
    return {
      doing: DOING[this.stage],
      summary: this.summary(),
      item: item.length > 50 ? `…${item.slice(-49)}` : item,
    };
  }
}
