import { GapferryError, quietRun } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { runAll } from './run-all.ts';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('doing one thing for many', () => {
  it('gives results in the order of what they are for', async () => {
    const later = async (n: number): Promise<number> => {
      for (let i = n; i < 5; i++) await tick();
      return n * 10;
    };
    expect(await runAll([1, 2, 3, 4], later, 4, quietRun())).toEqual([10, 20, 30, 40]);
    expect(await runAll([], later, 0, quietRun())).toEqual([]);
  });

  it.each([1, 2, 3])('does at most %i at a time', async (limit) => {
    let [open, most] = [0, 0];
    const act = async (): Promise<void> => {
      most = Math.max(most, ++open);
      await tick();
      open--;
    };
    await runAll([1, 2, 3, 4, 5], act, limit, quietRun());
    expect(most).toBe(limit);
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
    await expect(runAll([1, 2, 3, 4, 5], act, 3, quietRun())).rejects.toBe(failure);
    expect(began).toEqual([1, 2, 3]);
    expect(stopped).toEqual([1, 3]);
  });

  it('ends with INTERRUPTED when the run was stopped, whatever else went wrong', async () => {
    const stop = new AbortController();
    const act = async (): Promise<void> => {
      stop.abort();
      throw new Error('torn off');
    };
    await expect(runAll([1], act, 1, quietRun(stop.signal))).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
