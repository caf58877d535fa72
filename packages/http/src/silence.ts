import { checkRun, GapferryError, type Run } from '@gapferry/core';
import { type TripPurpose, tripFailure } from './trip-failure.ts';

/** How long the other side may take. */
export interface Patience {
  /** Milliseconds of waiting in which at least `leastBytes` must come. */
  readonly idleMs: number;
  readonly leastBytes: number;
  /** Milliseconds until the answer to a body that was sent begins: the server may have to check and move all of it. */
  readonly answerMs: number;
  /** In place of `answerMs`, and until the answer has ended: the server works meanwhile, and any byte says so. */
  readonly workingMs?: number;
}

/** Watches one trip: ends it when the run is stopped or the other side is silent for too long. */
export interface SilenceWatch {
  /** Aborts the trip. */
  readonly signal: AbortSignal;
  /** We wait for the other side from now on, after so many bytes came; without a number it was enough. */
  waiting(bytes?: number): void;
  /** The other side waits for us: its silence is our own. */
  busy(): void;
  /** The other side has everything and is to answer. */
  asked(): void;
  /** Always call it: the run must not keep trips alive that ended. */
  stop(): void;
  /** The error the trip really ended with. */
  failure(error: unknown): GapferryError;
}

export function watchSilence(purpose: TripPurpose, patience: Patience, run: Run): SilenceWatch {
  const abort = new AbortController();
  const interrupt = (): void => abort.abort();
  let silence: GapferryError | undefined;
  const window = openWindow(patience, (came, ms) => {
    silence = tooSilent(purpose, came, ms);
    abort.abort();
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

/** Counts what comes while we wait. A window ends well with `leastBytes`, and badly when it was waited in for too long. The timer is left alone while all is well: it is
 *  looked at the time when it fires. */
function openWindow(
  { idleMs: idle, leastBytes: least, answerMs, workingMs }: Patience,
  tooLong: (came: number, ms: number) => void,
): Pick<SilenceWatch, 'waiting' | 'busy' | 'asked' | 'stop'> {
  let [idleMs, leastBytes] = [idle, least];
  let [limit, came, waited, since] = [idleMs, 0, 0, performance.now()];
  let [counting, stopped] = [true, false];
  let timer = setTimeout(look, limit);
  const restart = (ms: number): void => {
    [came, waited, since, counting] = [0, 0, performance.now(), true];
    if (ms === limit) return;
    limit = ms;
    arm(ms);
  };
  function arm(ms: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(look, ms);
  }
  function look(): void {
    const left = limit - waited - (counting ? performance.now() - since : 0);
    if (!counting) arm(limit);
    else if (left > 0.5) arm(left);
    else tooLong(came, limit);
  }
  return {
    waiting(bytes = leastBytes) {
      came += bytes;
      if (came >= leastBytes) return restart(idleMs);
      if (!counting) since = performance.now();
      counting = true;
    },
    busy() {
      if (counting) waited += performance.now() - since;
      counting = false;
    },
    asked() {
      if (workingMs !== undefined) [idleMs, leastBytes] = [workingMs, 1];
      restart(workingMs ?? answerMs);
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

function tooSilent({ item, url }: TripPurpose, came: number, ms: number): GapferryError {
  const what = came === 0 ? 'sent nothing' : `sent no more than ${came} bytes`;
  return new GapferryError({
    code: 'TIMED_OUT',
    message: `${url.host} ${what} of ${item} for ${Math.round(ms / 1000)} s`,
    origin: 'source',
    retryable: true,
    data: { host: url.host, item },
  });
}
