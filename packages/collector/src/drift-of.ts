import { type BundleConfig, type Drift, driftBetween, type Lock } from '@gapferry/bundle';
import type { Run, Sources } from '@gapferry/core';
import type { DiscoveredImage, Discovery } from './discovery.ts';
import type { Lead } from './leads.ts';
import { resolveRelease } from './resolve-release.ts';

export interface DriftReport {
  /** Empty: upstream still is what the lock says. Sorted by kind, then id. */
  readonly drift: readonly Drift[];
  /** What the bundle resolves to now. */
  readonly lock: Lock;
  /** What charts name, and what becomes of it; absent where nobody looked. */
  readonly discovered?: readonly DiscoveredImage[];
  /** What repositories point to, and what in them was not followed; absent where nobody looked. */
  readonly leads?: readonly Lead[];
}

/** Asks upstream what the wishes are now and compares that with the lock; writes nothing. Throws like `resolveRelease`. */
export async function driftOf(
  config: BundleConfig,
  lock: Lock | undefined,
  sources: Sources,
  run: Run,
  discovery?: Discovery,
): Promise<DriftReport> {
  const {
    lock: now,
    discovered,
    leads,
  } = await resolveRelease({ config, sources, ...(discovery && { discovery }) }, run);
  return {
    drift: driftBetween(lock, now),
    lock: now,
    ...(discovered && { discovered }),
    ...(leads && { leads }),
  };
}
