import { checkRun, type Run } from '@gapferry/core';
import pLimit, { type LimitFunction } from 'p-limit';
import { createHostPace, type HostPace } from './host-pace.ts';
import type { SettingsFor } from './host-settings.ts';
import { createHostSilence, type HostSilence } from './host-silence.ts';
import type { Waiting } from './waiting.ts';

/** Waits for one of a host's places, and for the turn. `wanted`: the item of a question that a host which is known to be silent need not be asked. Rejects with `INTERRUPTED`, and `TIMED_OUT` for such a host. */
export type TakeSlot = (url: URL, run: Run, wanted?: string) => Promise<Slot>;

export interface Slot {
  release(): void;
  /** Tells how the host took it. `tooMany`: seconds it asks to leave it alone. */
  answered(tooMany?: number): void;
  /** There was no answer. */
  failed(error: unknown): void;
}

interface Host {
  readonly limit: LimitFunction;
  readonly pace: HostPace;
  readonly silence: HostSilence;
}

/** Limits the trips under way per host. Not left to the agent's queue: a trip that waits its turn there would look like a server that is silent. */
export function createSlots(perHost: number, settingsFor: SettingsFor, waiting: Waiting): TakeSlot {
  const hosts = new Map<string, Host>();
  return async (url, run, wanted) => {
    const host = hosts.get(url.host) ?? newHost(url);
    hosts.set(url.host, host);
    const release = await takeFrom(host.limit, run);
    try {
      const began = await host.pace.begin(run);
      if (wanted !== undefined) host.silence.requireVoice(wanted);
      return {
        release,
        answered(tooMany) {
          host.silence.heard();
          if (tooMany === undefined) host.pace.fine(began);
          else host.pace.tooFast(began, tooMany);
        },
        failed: (error) => host.silence.failed(began, error),
      };
    } catch (error) {
      release();
      throw error;
    }
  };

  function newHost(url: URL): Host {
    const { connections, requestsPerSecond } = settingsFor(url);
    return {
      limit: pLimit(connections ?? perHost),
      pace: createHostPace(requestsPerSecond, waiting),
      silence: createHostSilence(url.host, () => waiting.now()),
    };
  }
}

function takeFrom(limit: LimitFunction, run: Run): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      try {
        checkRun(run);
      } catch (error) {
        reject(error);
      }
    };
    run.signal.addEventListener('abort', stop, { once: true });
    void limit(() => {
      run.signal.removeEventListener('abort', stop);
      if (run.signal.aborted) return stop();
      return new Promise<void>((done) => resolve(done));
    });
  });
}
