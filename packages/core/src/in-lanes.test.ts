import { describe, expect, it } from 'vitest';
import { GapferryError } from './errors.ts';
import { inLanes } from './in-lanes.ts';
import { quietRun } from './run.ts';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('work in lanes', () => {
  it('gives results in the order of what they are for', async () => {
    const later = async (n: number): Promise<number> => {
      for (let i = n; i < 5; i++) await tick();
      return n * 10;
    };
    expect(await inLanes([1, 2, 3, 4], 4, later, quietRun())).toEqual([10, 20, 30, 40]);
    expect(await inLanes([], 0, later, quietRun())).toEqual([]);
  });

  it.each([1, 2, 3])('has at most %i under way', async (lanes) => {
    let [open, most] = [0, 0];
    const act = async (): Promise<void> => {
      most = Math.max(most, ++open);
      await tick();
      open--;
    };
    await inLanes([1, 2, 3, 4, 5], lanes, act, quietRun());
    expect(most).toBe(lanes);
  });

  it('tells those that are under way to stop when one fails, begins no other, and throws what failed', async () => {
    const began: number[] = [];
    const stopped: number[] = [];
    const failure = new GapferryError({ code: 'SERVER_ERROR', message: 'broken' });
    const act = async (n: number, run: { readonly signal: AbortSignal }): Promise<void> => {
      began.push(n);
      const stop = new Promise((resolve) => run.signal.addEventListener('abort', resolve));
      await tick();
      if (n === 2) throw failure;
      await stop;
      stopped.push(n);
      throw new GapferryError({ code: 'INTERRUPTED', message: 'stopped' });
    };
    await expect(inLanes([1, 2, 3, 4, 5], 3, act, quietRun())).rejects.toBe(failure);
    expect(began).toEqual([1, 2, 3]);
    expect(stopped).toEqual([1, 3]);
  });

  it('ends with INTERRUPTED when the run was stopped, whatever else went wrong', async () => {
    const stop = new AbortController();
    const act = async (): Promise<void> => {
      stop.abort();
      throw new Error('torn off');
    };
    await expect(inLanes([1], 1, act, quietRun(stop.signal))).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
