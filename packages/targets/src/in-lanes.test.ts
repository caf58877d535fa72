import { quietRun } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { inLanes } from './in-lanes.ts';

const run = quietRun();

describe('work in lanes', () => {
  it('has so many under way at once, and results in order', async () => {
    let [now, most] = [0, 0];
    const act = async (n: number): Promise<number> => {
      now += 1;
      most = Math.max(most, now);
      for (let i = 0; i < 10 - n; i += 1) await Promise.resolve();
      now -= 1;
      return n * 2;
    };
    expect(await inLanes([1, 2, 3, 4, 5, 6, 7], 3, act, run)).toEqual([2, 4, 6, 8, 10, 12, 14]);
    expect(most).toBe(3);
    expect(await inLanes([], 3, act, run)).toEqual([]);
  });

  it('stops with the first failure, when nothing is under way any more', async () => {
    const [begun, ended]: [number[], number[]] = [[], []];
    const act = async (n: number, inner: typeof run): Promise<void> => {
      begun.push(n);
      if (n === 2) throw new Error('two');
      await new Promise((resolve) => inner.signal.addEventListener('abort', resolve, { once: true }));
      ended.push(n);
    };
    await expect(inLanes([1, 2, 3, 4], 2, act, run)).rejects.toThrow('two');
    expect([begun, ended]).toEqual([[1, 2], [1]]);
  });
});
