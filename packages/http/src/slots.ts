import { checkRun, type Run } from '@gapferry/core';
import pLimit, { type LimitFunction } from 'p-limit';
import { createHostPace, type HostPace } from './host-pace.ts';
import type { SettingsFor } from './host-settings.ts';
import type { Waiting } from './waiting.ts';

/** Waits for one of a host's places, and for the turn. Rejects with `INTERRUPTED`. */
export type TakeSlot = (url: URL, run: Run) => Promise<Slot>;

export interface Slot {
  release(): void;
  /** Tells how the host took it. `tooMany`: seconds it asks to leave it alone. */
  answered(tooMany?: number): void;
}

interface Host {
  readonly limit: LimitFunction;
  readonly pace: HostPace;
}

/** Limits the trips under way per host. Not left to the agent's queue: a trip that waits its turn there would look like a server that is silent. */
export function createSlots(perHost: number, settingsFor: SettingsFor, waiting: Waiting): TakeSlot {
  const hosts = new Map<string, Host>();
  return async (url, run) => {
    const host = hosts.get(url.host) ?? newHost(url);
    hosts.set(url.host, host);
    const release = await takeFrom(host.limit, run);
    try {
      const began = await host.pace.begin(run);
      return {
        release,
        answered: (tooMany) =>
          tooMany === undefined ? host.pace.fine(began) : host.pace.tooFast(began, tooMany),
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
