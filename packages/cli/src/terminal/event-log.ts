import { closeSync, openSync, writeSync } from 'node:fs';
import { formatTime, GapferryError, type RunEvent, redactData } from '@gapferry/core';
import { systemClock } from '../clock.ts';
import { reasonOf } from '../environment.ts';

/** What `--events` writes: one JSON object a line (NDJSON), `{at, ...RunEvent}`. */
export interface EventLog {
  tell(event: RunEvent): void;
  close(): void;
}

/** Opens a file to append to, or stderr for `-`: stdout belongs to the result. Throws `USAGE` when it cannot be opened; a log that cannot be written later is given up, the work goes on. */
export function openEventLog(target: string): EventLog {
  const file = target === '-' ? process.stderr.fd : openFile(target);
  let broken = false;
  return {
    tell(event) {
      if (broken) return;
      const line = `${JSON.stringify({ at: formatTime(systemClock.now()), ...redactData({ ...event }) })}\n`;
      try {
        writeWhole(file, Buffer.from(line));
      } catch {
        broken = true;
      }
    },
    close: () => {
      if (target !== '-') closeSync(file);
    },
  };
}

/** How long somebody who does not read is waited for. */
const PATIENCE_MS = 5000;

/** A pipe that is full says so instead of waiting, or takes a part. */
function writeWhole(file: number, bytes: Uint8Array): void {
  const until = Date.now() + PATIENCE_MS;
  for (let at = 0; at < bytes.byteLength; ) {
    try {
      at += writeSync(file, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || Date.now() > until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'a', 0o644);
  } catch (cause) {
    throw new GapferryError({
      code: 'USAGE',
      message: `cannot write events to ${path}: ${reasonOf(cause)}`,
      hint: 'name a file in a directory that is there, or - for stderr',
      cause,
    });
  }
}
