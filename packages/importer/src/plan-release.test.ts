import type { RoomTarget } from '@gapferry/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { Inside, meddledTarget } from './testing/inside.ts';

const MIB = 1 << 20;
let inside: Inside;
beforeEach(async () => {
  inside = new Inside();
  await inside.carryFirst({ files: { tool: 'x'.repeat(4 * MIB) } });
});

/** An import of before, as its record says. */
function finished(): void {
  inside.ledger.append('import.finished', {
    record: {
      timing: {
        verification: { bytes: 8 * MIB, ms: 2000 },
        barrier: 1000,
        targets: [{ target: 'depot', bytes: 2 * MIB, ms: 1000 }],
      },
    },
  });
}

/** The target, with so much room. */
function withRoom(free: number): ReadonlyMap<string, RoomTarget> {
  const room = async (): Promise<{ on: string; needed: number; free: number }> => ({
    on: '/srv/depot',
    needed: 4 * MIB,
    free,
  });
  return new Map([['depot', { ...meddledTarget(inside.target, {}), room }]]);
}

describe('a plan', () => {
  it('says nothing of time while this site has measured nothing', async () => {
    expect(await inside.plan()).not.toHaveProperty('time');
  });

  it('says how long it takes at the rates that the ledger has of earlier imports', async () => {
    finished();
    const { time } = await inside.plan();
    // 4 MiB and a little: verified at 4 MiB/s, sent at 2 MiB/s, read back at 8 MiB/s.
    expect(time?.parts.map(({ what, perSecond }) => [what, perSecond])).toEqual([
      ['verify', 4 * MIB],
      ['send', 2 * MIB],
      ['read-back', 8 * MIB],
    ]);
    expect(time?.ms).toBeGreaterThanOrEqual(3500);
    expect(time?.ms).toBeLessThan(3600);
  });

  it('says nothing of time where there is nothing to do', async () => {
    await inside.apply(await inside.plan());
    finished();
    const plan = await inside.plan();
    expect(plan.totals.toLoad).toBe(0);
    expect(plan).not.toHaveProperty('time');
  });

  it('says what room there is, and is refused where there is too little', async () => {
    const { room } = await inside.plan(undefined, { targets: withRoom(4 * MIB) });
    expect(room).toEqual([{ target: 'depot', on: '/srv/depot', needed: 4 * MIB, free: 4 * MIB }]);
    await expect(inside.plan(undefined, { targets: withRoom(4 * MIB - 1) })).rejects.toMatchObject({
      code: 'NO_SPACE',
      message:
        'there is no room for target depot: /srv/depot has 4,194,303 bytes free, and 4,194,304 are needed',
      hint: 'make room there; nothing was loaded',
    });
  });
});
