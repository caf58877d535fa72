import { printable, type RunEvent, type Stage } from '@gapferry/core';
import { formatBytes, formatDuration } from '@gapferry/report';

/** How long a rate of very few bytes is worth nothing: the first go alone, and tell of days. */
const TELLING_SECONDS = 30;

/** The numbers that move: what the stage has done, and how long it and what follows will take. */
export class Counter {
  stage: Stage = 'fetch';
  /** Bytes of the stage. */
  total = 0;
  moved = 0;
  /** Bytes that were there already: they count, but tell nothing about the rate. */
  reused = 0;
  /** Bytes per second of the loading that follows verifying, if any is to follow. */
  #follows: { readonly rate?: number } | undefined;
  /** Bytes of the pass before, and at most of the one after this. */
  #behind = 0;
  #ahead = 0;
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

  /** Of both passes, as `whole`. */
  get done(): number {
    return this.#behind + this.bytes;
  }

  /** Never 0: a bar ends somewhere. */
  get whole(): number {
    return Math.max(1, this.#behind + Math.max(this.total, this.bytes) + this.#ahead);
  }

  count(event: RunEvent): void {
    if (event.kind === 'stage') this.#begin(event.stage, event.bytes ?? 0);
    else if (event.kind === 'loading-follows') this.#follows = event;
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
    if (this.#follows !== undefined) {
      this.#behind += this.bytes;
      if (stage === 'verify') this.#ahead = bytes;
      if (stage === 'apply') this.#ahead = 0;
    }
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
    const tells = this.moved >= this.total / 100 || seconds >= TELLING_SECONDS;
    const left =
      this.total > this.bytes && tells && rate > 0 ? this.#left((this.total - this.bytes) / rate) : '';
    const of = this.total > this.bytes ? ` of ${formatBytes(this.total)}` : '';
    const there = this.reused > 0 ? ` (${formatBytes(this.reused)} were there)` : '';
    return `${formatBytes(this.bytes)}${of}${there}, ${formatBytes(rate)}/s${left}`;
  }

  /** What will be sent is known only when the targets were asked: until then it may be all of it. */
  #left(seconds: number): string {
    if (this.#ahead === 0) return `, ${formatDuration(seconds * 1000)} left`;
    const { rate = 0 } = this.#follows ?? {};
    if (rate <= 0) return `, ${formatDuration(seconds * 1000)} left, then loading`;
    return `, at most ${formatDuration((seconds + this.#ahead / rate) * 1000)} left with loading`;
  }

  /** What is under way, the latest first: `…/nginx:1.27 and 3 more`. */
  items(): string {
    const [latest, ...others] = [...this.#active].reverse().map(printable);
    if (latest === undefined) return '';
    const name = latest.length > 50 ? `…${latest.slice(-49)}` : latest;
    return others.length === 0 ? name : `${name} and ${others.length} more`;
  }
}
