import type { Ledger } from '@gapferry/core';
import { IMPORT_ENTRIES } from './import-entries.ts';
import type { Measured } from './import-timing.ts';

/** Bytes per second, as this site's own imports went. */
export interface MeasuredRates {
  /** Reading and hashing a medium; absent when no import measured it. */
  readonly verification?: number;
  /** All that follows the plan (sending, reading back, names), to all targets at once; absent when no import sent enough to tell. */
  readonly loading?: number;
  /** Of a release, reading everything back from the targets before anything gets its name; absent when no import measured it. */
  readonly readBack?: number;
  /** Sending, by the target's name; without those that were never sent enough to tell. */
  readonly targets: ReadonlyMap<string, number>;
}

/** Below this a measurement tells of latencies, not of a rate. */
const ENOUGH_BYTES = 1 << 20;
/** The latest so many measurements count: disks and networks change. */
const LATEST = 5;

/** How fast this site verifies and sends, from the records of its latest imports: of each the last five measurements of at least 1 MiB, all their bytes by all their time.
 *  Records without durations (of older versions) are passed over. Reads the ledger once. */
export function measuredRates(ledger: Ledger): MeasuredRates {
  const verifying: Measured[] = [];
  const loading: Measured[] = [];
  const reading: Measured[] = [];
  const sending = new Map<string, Measured[]>();
  for (const entry of ledger.history([IMPORT_ENTRIES.finished])) {
    const record = objectOf(entry.data['record']);
    const timing = objectOf(record['timing']);
    note(verifying, timing['verification']);
    // Of a release that was let in before less was verified than read back.
    if (record['admitted'] === undefined)
      note(reading, { bytes: objectOf(timing['verification'])['bytes'], ms: timing['barrier'] });
    note(loading, { bytes: record['bytes'], ms: timing['total'] });
    for (const target of listOf(timing['targets'])) {
      const name = String(objectOf(target)['target']);
      const measured = sending.get(name) ?? [];
      sending.set(name, note(measured, target));
    }
  }
  const [verification, loaded, readBack] = [verifying, loading, reading].map(rateOf);
  const targets = [...sending].flatMap(([name, measured]) => {
    const rate = rateOf(measured);
    return rate === undefined ? [] : [[name, rate] as const];
  });
  return {
    ...(verification !== undefined && { verification }),
    ...(loaded !== undefined && { loading: loaded }),
    ...(readBack !== undefined && { readBack }),
    targets: new Map(targets),
  };
}

function note(measured: Measured[], value: unknown): Measured[] {
  const { bytes, ms } = objectOf(value);
  if (typeof bytes === 'number' && typeof ms === 'number' && bytes >= ENOUGH_BYTES && ms >= 0)
    measured.push({ bytes, ms });
  if (measured.length > LATEST) measured.shift();
  return measured;
}

function rateOf(measured: readonly Measured[]): number | undefined {
  if (measured.length === 0) return undefined;
  const bytes = measured.reduce((sum, one) => sum + one.bytes, 0);
  // What took no whole millisecond took one.
  const ms = measured.reduce((sum, one) => sum + Math.max(1, one.ms), 0);
  return (bytes / ms) * 1000;
}

function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
