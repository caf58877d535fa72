import type { JsonValue } from '@gapferry/core';
import { memoryLedger } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { measuredRates } from './measured-rates.ts';

const MIB = 1 << 20;
let ledger: ReturnType<typeof memoryLedger>;
beforeEach(() => {
  ledger = memoryLedger();
});

function finished(timing?: JsonValue): void {
  ledger.append('import.finished', { record: { site: 'plant-7', ...(timing !== undefined && { timing }) } });
}

describe('the measured rates of a site', () => {
  it('are unknown before anything was measured, and with records of older versions', () => {
    expect(measuredRates(ledger)).toEqual({ targets: new Map() });
    finished();
    expect(measuredRates(ledger)).toEqual({ targets: new Map() });
  });

  it('are bytes per second, of verifying and of each target', () => {
    finished({
      verification: { bytes: 4 * MIB, ms: 2000 },
      targets: [
        { target: 'harbor', bytes: 3 * MIB, ms: 1000 },
        { target: 'minio', bytes: MIB, ms: 500 },
      ],
    });
    finished({ targets: [{ target: 'harbor', bytes: MIB, ms: 1000 }] });
    expect(measuredRates(ledger)).toEqual({
      verification: 2 * MIB,
      targets: new Map([
        ['harbor', 2 * MIB],
        ['minio', 2 * MIB],
      ]),
    });
  });

  it('tell how fast a release is loaded as a whole, with reading back and names', () => {
    const timing = { total: 4000, content: 1000, barrier: 2000, names: 1000, targets: [] };
    ledger.append('import.finished', { record: { bytes: 8 * MIB, timing } });
    ledger.append('import.finished', { record: { bytes: 0, timing } });
    expect(measuredRates(ledger).loading).toBe(2 * MIB);
  });

  it('take no rate of reading back from a release that was let in before: less was verified than read back', () => {
    const timing = { verification: { bytes: 4 * MIB, ms: 1000 }, barrier: 8000 };
    ledger.append('import.finished', { record: { admitted: { entry: 3, notRead: 9 }, timing } });
    expect(measuredRates(ledger)).toEqual({ verification: 4 * MIB, targets: new Map() });
    ledger.append('import.finished', { record: { timing } });
    expect(measuredRates(ledger).readBack).toBe(MIB / 2);
  });

  it('are those of the latest five imports that sent enough to tell', () => {
    finished({ targets: [{ target: 'harbor', bytes: 100 * MIB, ms: 1 }] });
    for (let n = 0; n < 5; n += 1) finished({ targets: [{ target: 'harbor', bytes: MIB, ms: 100 }] });
    finished({ targets: [{ target: 'harbor', bytes: MIB - 1, ms: 9000 }] });
    expect(measuredRates(ledger).targets).toEqual(new Map([['harbor', 10 * MIB]]));
  });

  it('are never infinite', () => {
    finished({ targets: [{ target: 'harbor', bytes: MIB, ms: 0 }] });
    expect(measuredRates(ledger).targets.get('harbor')).toBe(MIB * 1000);
  });

  it('are not made of what is no measurement', () => {
    finished({
      verification: { bytes: '1', ms: null },
      targets: [null, 'x', { target: 'a', bytes: -1, ms: 1 }],
    });
    finished({ verification: 7, targets: 7 });
    finished(['x']);
    expect(measuredRates(ledger)).toEqual({ targets: new Map() });
  });
});
