import { describe, expect, it } from 'vitest';
import { briefCalls } from './brief-calls.ts';

describe('briefCalls', () => {
  it('makes calls here while they are short, and the next ones elsewhere after a long one', async () => {
    let time = 0;
    const call = briefCalls(() => time);
    const made: string[] = [];
    const make = (ms: number): Promise<number> =>
      call(
        () => {
          time += ms;
          return made.push('here');
        },
        async () => made.push('elsewhere'),
      );
    await make(0.1);
    await make(0.1);
    await make(20);
    for (let i = 0; i < 64; i += 1) await make(0.1);
    await make(0.1);
    expect(made).toEqual(['here', 'here', 'here', ...Array(64).fill('elsewhere'), 'here']);
  });

  it('rejects with what a call throws', async () => {
    const call = briefCalls();
    const fail = (): never => {
      throw new Error('ENOENT');
    };
    await expect(call(fail, async () => 1)).rejects.toThrow('ENOENT');
  });
});
