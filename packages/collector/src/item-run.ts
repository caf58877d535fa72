import type { Run } from '@gapferry/core';

/** The run a source gets for one item: stops with `signal`, and what it tells is told of that item. The beginning and the end of an item are the collector's to tell. */
export function itemRun(run: Run, item: string, signal: AbortSignal = run.signal): Run {
  return {
    signal,
    emit(event) {
      if (event.kind === 'bytes' || event.kind === 'retry') run.emit({ ...event, item });
      else if (event.kind === 'warning') run.emit({ item, ...event });
      else if (event.kind === 'request') run.emit(event);
    },
  };
}
