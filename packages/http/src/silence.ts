import { checkRun, GapferryError, type Run } from '@gapferry/core';
import { type TripPurpose, tripFailure } from './trip-failure.ts';

/** How long the other side may take. */
export interface Patience {
  /** Milliseconds of waiting in which at least `leastBytes` must come. */
  readonly idleMs: number;
  readonly leastBytes: number;
  /** Milliseconds until the answer to a body that was sent begins: the server may have to check and move all of it. */
  readonly answerMs: number;
  /** Milliseconds of silence after which it is told of, and again each time it has become twice as long. */
  readonly tellMs: number;
  /** In place of `answerMs`, and until the answer has ended: the server works meanwhile, and any byte says so. */
  readonly workingMs?: number;
  /** In place of `idleMs` once it has everything: it may begin to answer before its work is done, and only say that it is still there. */
  readonly restMs?: number;
}

/** Watches one trip: ends it when the run is stopped or the other side is silent for too long. */
export interface SilenceWatch {
  /** Aborts the trip. */
  readonly signal: AbortSignal;
  /** We wait for the other side from now on, after so many bytes came; without a number it was enough. */
  waiting(bytes?: number): void;
  /** The other side is to take a piece of what is sent. */
  sending(): void;
  /** The other side waits for us: its silence is our own. */
  busy(): void;
  /** The other side has everything and is to answer. */
  asked(): void;
  /** Always call it: the run must not keep trips alive that ended. */
  stop(): void;
  /** The error the trip really ended with. */
  failure(error: unknown): GapferryError;
}

export function watchSilence(
  purpose: TripPurpose & { readonly method?: string },
  patience: Patience,
  run: Run,
): SilenceWatch {
  const abort = new AbortController();
  const interrupt = (): void => abort.abort();
  let silence: GapferryError | undefined;
  const { item, url } = purpose;
  const window = openWindow(patience, {
    tell: (ms) => run.emit({ kind: 'silence', item, place: url.host, ms }),
    tooLong(what, ms) {
      silence = tooSilent(purpose, what, ms);
      abort.abort();
    },
  });
  if (run.signal.aborted) interrupt();
  run.signal.addEventListener('abort', interrupt, { once: true });
  return {
    ...window,
    signal: abort.signal,
    stop() {
      window.stop();
      run.signal.removeEventListener('abort', interrupt);
    },
    failure: (error) => silence ?? afterCheck(error, purpose, run),
  };
}

/** What the other side was waited for. */
type Awaited = 'answer' | 'taking' | 'judgement' | 'rest';

interface Listener {
  tell(ms: number): void;
  tooLong(awaited: Silence, ms: number): void;
}

interface Silence {
  readonly awaited: Awaited;
  /** Bytes that came all the same. */
  readonly came: number;
}

/** A timer that fires so many milliseconds late was held up on this side: by a process that stood still, or a machine. What came meanwhile is taken in before anybody is called silent. */
const LATE_MS = 100;

/** Counts what comes while we wait. A window ends well with `leastBytes`, and badly when it was waited in for too long. The timer is left alone while all is well: it is
 *  looked at the time when it fires. */
function openWindow(
  { idleMs: idle, leastBytes: least, answerMs, workingMs, restMs = idle, tellMs }: Patience,
  { tell, tooLong }: Listener,
): Pick<SilenceWatch, 'waiting' | 'sending' | 'busy' | 'asked' | 'stop'> {
  let [idleMs, leastBytes] = [idle, least];
  let [limit, came, waited, since, tellAt] = [idleMs, 0, 0, performance.now(), tellMs];
  let quietSince = since;
  let [counting, stopped, heldUp] = [true, false, false];
  let awaited: Awaited = 'answer';
  let timer = setTimeout(look, Math.min(limit, tellAt));
  const restart = (what: Awaited, ms: number): void => {
    const isSooner = ms < limit || tellAt > tellMs;
    [came, waited, since, counting, tellAt] = [0, 0, performance.now(), true, tellMs];
    [awaited, limit, quietSince, heldUp] = [what, ms, since, false];
    if (isSooner) arm(Math.min(limit, tellAt));
  };
  function arm(ms: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(look, ms);
  }
  function look(): void {
    const silentMs = waited + (counting ? performance.now() - since : 0);
    if (counting && silentMs >= limit - 0.5) {
      if (heldUp || silentMs < limit + LATE_MS) tooLong({ awaited, came }, limit);
      else arm(LATE_MS);
      heldUp = true;
      return;
    }
    if (counting && silentMs >= tellAt - 0.5) {
      const quietMs = performance.now() - quietSince;
      // What drips is not silent.
      if (quietMs >= tellMs / 2) tell(Math.round(quietMs));
      while (tellAt <= silentMs + 0.5) tellAt *= 2;
    }
    arm(counting ? Math.min(limit, tellAt) - silentMs : Math.min(limit, tellMs));
  }
  return {
    waiting(bytes = leastBytes) {
      came += bytes;
      quietSince = performance.now();
      if (came >= leastBytes || awaited !== 'rest') return restart('rest', idleMs);
      if (!counting) since = performance.now();
      counting = true;
    },
    sending: () => restart('taking', idleMs),
    busy() {
      if (counting) waited += performance.now() - since;
      counting = false;
    },
    asked() {
      if (workingMs !== undefined) [idleMs, leastBytes] = [workingMs, 1];
      else idleMs = restMs;
      restart('judgement', workingMs ?? answerMs);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function afterCheck(error: unknown, purpose: TripPurpose, run: Run): GapferryError {
  checkRun(run);
  return tripFailure(error, purpose);
}

function tooSilent(
  { item, url, method = 'GET' }: TripPurpose & { readonly method?: string },
  { awaited, came }: Silence,
  ms: number,
): GapferryError {
  const long = `for ${Math.round(ms / 100) / 10} s`;
  const what = {
    answer: `said nothing ${long} when it was asked for ${item}`,
    taking: `took nothing more of ${item} ${long}`,
    judgement: `said nothing ${long} after it had got all of what was sent of ${item}`,
    rest: `sent ${came === 0 ? 'nothing more' : `no more than ${came} bytes`} of ${item} ${long}`,
  }[awaited];
  return new GapferryError({
    code: 'TIMED_OUT',
    message: `${url.host} ${what} (${method} ${url.pathname.slice(0, 300)})`,
    origin: 'source',
    retryable: true,
    data: { host: url.host, item, method, path: url.pathname, silentMs: ms },
  });
}
