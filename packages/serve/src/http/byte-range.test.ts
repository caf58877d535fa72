import { describe, expect, it } from 'vitest';
import { parseRange } from './byte-range.ts';

describe('parseRange', () => {
  it.each([
    ['bytes=0-0', 10, { first: 0, last: 0 }],
    ['bytes=1-', 10, { first: 1, last: 9 }],
    ['bytes=9-9', 10, { first: 9, last: 9 }],
    ['bytes=9-10', 10, { first: 9, last: 9 }],
    ['bytes=-1', 10, { first: 9, last: 9 }],
    ['bytes=-10', 10, { first: 0, last: 9 }],
    ['bytes=-11', 10, { first: 0, last: 9 }],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=10-20', 10, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=-1', 0, 'unsatisfiable'],
    ['bytes=5-4', 10, 'whole'],
    ['bytes=-', 10, 'whole'],
    ['bytes=0-1,3-4', 10, 'whole'],
    ['bytes=a-b', 10, 'whole'],
    ['lines=0-1', 10, 'whole'],
    [undefined, 10, 'whole'],
  ] as const)('reads %s of %i bytes', (header, size, range) => {
    expect(parseRange(header, size)).toEqual(range);
  });
});
