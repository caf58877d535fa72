import { quietRun } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHostPace } from './host-pace.ts';

/** A clock that moves only when somebody waits. */
function clock() {
  const time = {
    at: 1000,
    now: () => time.at,
    async wait(ms: number) {
      time.at += ms;
    },
  };
  return time;
}

describe('requests per second', () => {
  it('are never more in any second, whatever the number', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 60 }),
        async (perSecond, pauses) => {
          const time = clock();
          const pace = createHostPace(perSecond, time);
          const begun: number[] = [];
          for (const pause of pauses) {
            time.at += pause;
            begun.push(await pace.begin(quietRun()));
          }
          for (const first of begun)
            expect(begun.filter((at) => at >= first && at < first + 1000).length).toBeLessThanOrEqual(
              perSecond,
            );
        },
      ),
    );
  });

  it('may be less than one', async () => {
    const time = clock();
    const pace = createHostPace(0.5, time);
    for (let i = 0; i < 3; i++) await pace.begin(quietRun());
    expect(time.at).toBe(5000);
  });

  it('cost nothing where there is no limit', async () => {
    const time = clock();
    const pace = createHostPace(undefined, time);
    for (let i = 0; i < 1000; i++) pace.fine(await pace.begin(quietRun()));
    expect(time.at).toBe(1000);
  });
});

describe('a host that is asked too much', () => {
  it('is left alone as long as it asks, by everybody', async () => {
    const time = clock();
    const pace = createHostPace(undefined, time);
    pace.tooFast(await pace.begin(quietRun()), 7);
    expect([await pace.begin(quietRun()), await pace.begin(quietRun())]).toEqual([8000, 8250]);
  });

  it('is asked half as often for each refusal after that, and in full again when it is content', async () => {
    const time = clock();
    const pace = createHostPace(undefined, time);
    const [first, second] = [await pace.begin(quietRun()), await pace.begin(quietRun())];
    pace.tooFast(first, 0);
    // It was under way together with the first one.
    pace.tooFast(second, 0);
    expect(await pace.begin(quietRun())).toBe(1250);
    const again = await pace.begin(quietRun());
    pace.tooFast(again, 0);
    expect((await pace.begin(quietRun())) - again).toBe(500);
    for (let i = 0; i < 20; i++) pace.fine(await pace.begin(quietRun()));
    const before = time.at;
    await pace.begin(quietRun());
    expect(time.at).toBe(before);
  });
});
