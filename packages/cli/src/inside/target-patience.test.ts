import { expect, it } from 'vitest';
import { targetPatience } from './target-patience.ts';

it.each([
  [undefined, 60, 12, 10],
  [600, 600, 120, 10],
  [30, 30, 12, 10],
  [5, 5, 5, 5],
])(
  'with %s s of patience, %d s are for what is sent, %d s for what is read and %d s for a connection',
  (patience, sending, reading, connecting) => {
    expect(targetPatience(patience === undefined ? {} : { patience })).toEqual({
      idleTimeoutMs: sending * 1000,
      readingTimeoutMs: reading * 1000,
      connectTimeoutMs: connecting * 1000,
    });
  },
);
