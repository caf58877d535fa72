import { describe, expect, it } from 'vitest';
import { estimateTime } from './estimate-time.ts';

const MIB = 1 << 20;
const work = {
  verify: 400 * MIB,
  readBack: 400 * MIB,
  targets: new Map([
    ['harbor', 100 * MIB],
    ['minio', 10 * MIB],
  ]),
};
const rates = {
  verification: 200 * MIB,
  readBack: 400 * MIB,
  targets: new Map([
    ['harbor', 50 * MIB],
    ['minio', MIB],
  ]),
};

describe('the time that an import will take', () => {
  it('is that of verifying, of the slowest target, and of reading back', () => {
    expect(estimateTime(work, rates)).toEqual({
      ms: 2000 + 10_000 + 1000,
      parts: [
        { what: 'verify', bytes: 400 * MIB, perSecond: 200 * MIB, ms: 2000 },
        { what: 'send', target: 'harbor', bytes: 100 * MIB, perSecond: 50 * MIB, ms: 2000 },
        { what: 'send', target: 'minio', bytes: 10 * MIB, perSecond: MIB, ms: 10_000 },
        { what: 'read-back', bytes: 400 * MIB, perSecond: 400 * MIB, ms: 1000 },
      ],
    });
  });

  it('is not guessed where nothing was ever measured', () => {
    expect(estimateTime(work, { targets: new Map() })).toBeUndefined();
    expect(
      estimateTime(work, { verification: 0, targets: new Map([['harbor', Number.NaN]]) }),
    ).toBeUndefined();
  });

  it('names what was never measured beside what was', () => {
    const { unknown, ms, parts } = estimateTime(work, { verification: 200 * MIB, targets: new Map() }) ?? {};
    expect({ unknown, ms, parts: parts?.length }).toEqual({
      unknown: ['harbor', 'minio', 'read-back'],
      ms: 2000,
      parts: 1,
    });
  });

  it('does not ask for the rate of what is next to nothing', () => {
    const little = { verify: 400 * MIB, readBack: 400 * MIB, targets: new Map([['gitea', 1000]]) };
    expect(estimateTime(little, rates)).toMatchObject({ ms: 3000 });
    expect(estimateTime(little, rates)).not.toHaveProperty('unknown');
    expect(estimateTime({ verify: 10, readBack: 10, targets: new Map() }, rates)).toBeUndefined();
  });
});
