import type { RunEvent, Stage } from '@gapferry/core';
import { printable } from '@gapferry/core';
import { formatBytes, formatDuration } from '@gapferry/report';
import type { SingleBar } from 'cli-progress';
import { LookUps } from './look-ups.ts';
import type { Output } from './output.ts';

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
  const lines = new Lines();
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
  const lines = new Lines();
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
      if (!bar.isActive) bar.start(Math.max(counter.total, 1), 0, counter.payload());
      bar.setTotal(Math.max(counter.total, counter.bytes, 1));
      bar.update(counter.bytes, counter.payload());
    },
  };
}

/** What is said in lines, besides the numbers that move. */
class Lines {
  readonly #lookUps = new LookUps();

  of(event: RunEvent): string[] {
    if (event.kind === 'lookup') {
      this.#lookUps.count(event);
      return [];
    }
    const said = lineOf(event);
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

class Counter {
  stage: Stage = 'fetch';
  total = 0;
  moved = 0;
  /** Bytes that were there already: they count, but tell nothing about the rate. */
  reused = 0;
  /** Items begun and not done, the one that moved last at the end. */
  readonly #active = new Set<string>();
  readonly #now: () => number;
  #since: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  get bytes(): number {
    return this.moved + this.reused;
  }

  count(event: RunEvent): void {
    if (event.kind === 'stage') this.#begin(event.stage, event.bytes ?? 0);
    else if (event.kind === 'item-started') {
      this.#active.add(event.item);
      if (this.stage === 'fetch') this.total += event.bytes ?? 0;
    } else if (event.kind === 'item-done') this.#active.delete(event.item);
    else if (event.kind === 'bytes') {
      if (event.reused) this.reused += event.bytes;
      else this.moved += event.bytes;
      this.#active.delete(event.item);
      this.#active.add(event.item);
    }
  }

  #begin(stage: Stage, bytes: number): void {
    this.stage = stage;
    this.total = bytes;
    this.moved = 0;
    this.reused = 0;
    this.#active.clear();
    this.#since = this.#now();
  }

  summary(): string {
    const seconds = Math.max((this.#now() - this.#since) / 1000, 0.001);
    const rate = this.moved / seconds;
    const left =
      this.total > this.bytes && rate > 0
        ? `, ${formatDuration(((this.total - this.bytes) / rate) * 1000)} left`
        : '';
    const of = this.total > this.bytes ? ` of ${formatBytes(this.total)}` : '';
    const there = this.reused > 0 ? ` (${formatBytes(this.reused)} were there)` : '';
    return `${formatBytes(this.bytes)}${of}${there}, ${formatBytes(rate)}/s${left}`;
  }

  /** What is under way, the latest first: `…/nginx:1.27 and 3 more`. */
  items(): string {
    const [latest, ...others] = [...this.#active].reverse().map(printable);
    if (latest === undefined) return '';
    const name = latest.length > 50 ? `…${latest.slice(-49)}` : latest;
    return others.length === 0 ? name : `${name} and ${others.length} more`;
  }

  payload(): { doing: string; summary: string; item: string } {
    return { doing: DOING[this.stage], summary: this.summary(), item: this.items() };
  }
}
