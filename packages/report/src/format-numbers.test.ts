import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes } from './format-bytes.ts';
import { formatDuration } from './format-duration.ts';

describe('bytes for people', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [1005, '1.00 kB'],
    [9994, '9.99 kB'],
    [9995, '10.0 kB'],
    [99_949, '99.9 kB'],
    [99_950, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [1_870_000_000, '1.87 GB'],
    [12_345_678, '12.3 MB'],
    [Number.MAX_SAFE_INTEGER, '9.01 PB'],
    [-1500, '-1.50 kB'],
    [0.4, '0 B'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('are never more than half a digit wrong, and never four digits', () => {
    const factors = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, PB: 1e15, EB: 1e18 };
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        const [number = '', unit = 'B'] = formatBytes(bytes).split(' ');
        const said = Number(number) * factors[unit as keyof typeof factors];
        expect(Math.abs(said - bytes)).toBeLessThanOrEqual(bytes * 0.0051);
        expect(number.replace('.', '').length).toBeLessThanOrEqual(3);
      }),
    );
  });
});

describe('durations for people', () => {
  it.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [999.6, '1.0 s'],
    [4234, '4.2 s'],
    [9949, '9.9 s'],
    [9950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [185_000, '3 min 5 s'],
    [3_599_500, '1 h'],
    [7_800_000, '2 h 10 min'],
    [86_399_000, '1 d'],
    [273_600_000, '3 d 4 h'],
    [-5, '0 ms'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
