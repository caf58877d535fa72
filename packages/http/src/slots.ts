import { checkRun, type Run } from '@gapferry/core';
import pLimit, { type LimitFunction } from 'p-limit';
import { createHostPace, type HostPace } from './host-pace.ts';
import type { SettingsFor } from './host-settings.ts';
import { createHostSilence, type HostSilence } from './host-silence.ts';
import type { Waiting } from './waiting.ts';

/** Waits for one of a host's places, and for the turn. Rejects with `INTERRUPTED`, and `TIMED_OUT` for a question that only reads and a host that is known to be silent. */
export type TakeSlot = (url: URL, run: Run, purpose: SlotPurpose) => Promise<Slot>;

export interface SlotPurpose {
  readonly item: string;
  readonly kind: 'reading' | 'sending' | 'body';
}

export interface Slot {
  /** The host has something else to do that was sent to it. */
  readonly isAtWork: boolean;
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
  /** Trips under way that send something. */
  sending: number;
}

/** Limits the trips under way per host. Not left to the agent's queue: a trip that waits its turn there would look like a server that is silent. */
export function createSlots(perHost: number, settingsFor: SettingsFor, waiting: Waiting): TakeSlot {
  const hosts = new Map<string, Host>();
  return async (url, run, { item, kind }) => {
    const host = hosts.get(url.host) ?? newHost(url);
    hosts.set(url.host, host);
    const free = await takeFrom(host.limit, run);
    const sends = kind === 'sending' ? 1 : 0;
    host.sending += sends;
    const release = (): void => {
      host.sending -= sends;
      free();
    };
    try {
      const began = await host.pace.begin(run);
      if (kind === 'reading') host.silence.requireVoice(item);
      return {
        isAtWork: host.sending > sends,
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
      sending: 0,
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
