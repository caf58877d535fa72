import type { Run } from '@gapferry/core';

/** Counts what goes over the wire for one blob, and tells of it once, however often it must be sent. */
export interface SentBytes {
  /** To be given to the HTTP client: its `bytes` events pass here. */
  readonly run: Run;
  /** Bytes sent, also those that were sent again. */
  readonly total: number;
  /** The next request sends from here on. What lies before is not told: whoever knows what was planned says what was there already. */
  continueAt(offset: number): void;
}

export function countSentBytes(run: Run): SentBytes {
  let [total, position, told] = [0, 0, 0];
  return {
    run: {
      signal: run.signal,
      emit(event) {
        if (event.kind !== 'bytes') return run.emit(event);
        total += event.bytes;
        position += event.bytes;
        if (position > told) run.emit({ ...event, bytes: position - told });
        told = Math.max(told, position);
      },
    },
    get total() {
      return total;
    },
    continueAt(offset) {
      position = offset;
      told = Math.max(told, offset);
    },
  };
}
