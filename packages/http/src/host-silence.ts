import { GapferryError } from '@gapferry/core';

/** What is known of a host that says nothing. Many questions wait side by side for one host: they wait through one silence together, not each through one of its own. */
export interface HostSilence {
  /** Throws while the host is known to be silent: `TIMED_OUT`, which no other try can help. */
  requireVoice(item: string): void;
  heard(): void;
  /** A try that began then ended with this. */
  failed(began: number, error: unknown): void;
}

/** Silences, one after the other, after which a host is left alone. */
const ENOUGH = 2;
/** Milliseconds that it is left alone for. */
const REST_MS = 30_000;

/** `now`: milliseconds, of which only differences mean anything. */
export function createHostSilence(host: string, now: () => number): HostSilence {
  let [silences, since, until] = [0, 0, Number.NEGATIVE_INFINITY];
  return {
    requireVoice(item) {
      if (silences < ENOUGH || now() > until + REST_MS) return;
      throw new GapferryError({
        code: 'TIMED_OUT',
        message: `${host} was not asked for ${item} any more: it said nothing to anybody for ${Math.round((until - since) / 1000)} s`,
        origin: 'source',
        retryable: true,
        data: { host, item, unasked: true },
      });
    },
    heard() {
      silences = 0;
    },
    failed(began, error) {
      if (!(error instanceof GapferryError) || error.code !== 'TIMED_OUT') return;
      // Those that were under way together endured one silence.
      if (silences > 0 && began < until) return;
      if (silences === 0) since = began;
      silences += 1;
      until = now();
    },
  };
}
