import { GapferryError } from './errors.ts';

/** The stages of the flow, in the words of the concepts page. */
export type Stage =
  | 'resolve'
  | 'discover'
  | 'fetch'
  | 'assemble'
  | 'seal'
  | 'export'
  | 'verify'
  | 'survey'
  | 'plan'
  | 'apply'
  | 'serve';

/** What libraries tell while they work. Only the cli decides how it looks. */
export type RunEvent =
  | { readonly kind: 'stage'; readonly stage: Stage; readonly items?: number; readonly bytes?: number }
  | { readonly kind: 'item-started'; readonly item: string; readonly bytes?: number }
  /** `bytes` is an increment, not a total. `reused`: the bytes were already there and were not moved. */
  | { readonly kind: 'bytes'; readonly item: string; readonly bytes: number; readonly reused?: boolean }
  | {
      readonly kind: 'item-done';
      readonly item: string;
      readonly outcome: 'done' | 'reused' | 'same';
      readonly bytes?: number;
    }
  | {
      readonly kind: 'retry';
      readonly item: string;
      readonly place: string;
      readonly attempt: number;
      readonly waitMs: number;
      readonly reason: string;
    }
  /** Whoever waits for the place, for the item's sake, has heard nothing from it for so long. */
  | { readonly kind: 'silence'; readonly item: string; readonly place: string; readonly ms: number }
  /** What belongs to the item was looked up: by so many requests, or, with `age`, taken from what was found that many milliseconds ago. */
  | { readonly kind: 'lookup'; readonly item: string; readonly requests: number; readonly age?: number }
  /** What is verified next is loaded afterwards, by the same command: at so many bytes per second, where earlier imports tell; all of its bytes at most. */
  | { readonly kind: 'loading-follows'; readonly rate?: number }
  /** One request that a server answered. `bytes`: of the body that was sent; `path`: without query. */
  | {
      readonly kind: 'request';
      readonly method: string;
      readonly path: string;
      readonly status: number;
      readonly bytes: number;
      /** The body was not sent to its end: the client left, or the content is damaged. */
      readonly cut?: boolean;
    }
  | { readonly kind: 'warning'; readonly message: string; readonly item?: string };

/** The last argument of every port: how to stop, and where to tell. */
export interface Run {
  readonly signal: AbortSignal;
  emit(event: RunEvent): void;
}

/** A Run that nobody stops and nobody listens to, for tests and for small synchronous work. */
export function quietRun(signal: AbortSignal = new AbortController().signal): Run {
  return { signal, emit: () => {} };
}

/** Throws `INTERRUPTED` when the run was stopped. Call it between steps that have no other way to notice. */
export function checkRun(run: Run): void {
  if (!run.signal.aborted) return;
  throw new GapferryError({
    code: 'INTERRUPTED',
    message: 'stopped on request',
    hint: 'run the same command again: it continues where it stopped',
  });
}

/** Now, passed in from outside so that tests and a site's own clock can decide. */
export interface Clock {
  now(): Date;
}

/** RFC 3339 in UTC with whole seconds, the only time format gapferry writes. */
export function formatTime(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
