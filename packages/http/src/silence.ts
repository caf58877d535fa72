import { checkRun, GapferryError, type Run } from '@gapferry/core';
import { type TripPurpose, tripFailure } from './trip-failure.ts';

/** Watches one trip: ends it when the run is stopped or the other side is silent for too long. */
export interface SilenceWatch {
  /** Aborts the trip. */
  readonly signal: AbortSignal;
  /** We wait for the other side from now on. */
  waiting(): void;
  /** The other side waits for us: its silence is our own. */
  busy(): void;
  /** Always call it: the run must not keep trips alive that ended. */
  stop(): void;
  /** The error the trip really ended with. */
  failure(error: unknown): GapferryError;
}

export function watchSilence(purpose: TripPurpose, idleMs: number, run: Run): SilenceWatch {
  const abort = new AbortController();
  let silent = false;
  let counting = true;
  const timer = setTimeout(() => {
    if (!counting) return void timer.refresh();
    silent = true;
    abort.abort();
  }, idleMs);
  const interrupt = (): void => abort.abort();
  if (run.signal.aborted) interrupt();
  run.signal.addEventListener('abort', interrupt, { once: true });
  return {
    signal: abort.signal,
    waiting() {
      counting = true;
      timer.refresh();
    },
    busy() {
      counting = false;
    },
    stop() {
      clearTimeout(timer);
      run.signal.removeEventListener('abort', interrupt);
    },
    failure: (error) => (silent ? tooSilent(purpose, idleMs) : afterCheck(error, purpose, run)),
  };
}

function afterCheck(error: unknown, purpose: TripPurpose, run: Run): GapferryError {
  checkRun(run);
  return tripFailure(error, purpose);
}

function tooSilent({ item, url }: TripPurpose, idleMs: number): GapferryError {
  return new GapferryError({
    code: 'TIMED_OUT',
    message: `${url.host} sent nothing of ${item} for ${Math.round(idleMs / 1000)} s`,
    origin: 'source',
    retryable: true,
    data: { host: url.host, item },
  });
}
