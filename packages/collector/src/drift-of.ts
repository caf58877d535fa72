import { type BundleConfig, type Drift, driftBetween, type Lock } from '@gapferry/bundle';
import type { Run, Sources } from '@gapferry/core';
import { resolveBundle } from './resolve-bundle.ts';

export interface DriftReport {
  /** Empty: upstream still is what the lock says. Sorted by kind, then id. */
  readonly drift: readonly Drift[];
  /** What the bundle resolves to now. */
  readonly lock: Lock;
}

/** Asks upstream what the wishes are now and compares that with the lock; writes nothing. Throws like `resolveBundle`. */
export async function driftOf(
  config: BundleConfig,
  lock: Lock | undefined,
  sources: Sources,
  run: Run,
): Promise<DriftReport> {
  const now = await resolveBundle({ config, sources }, run);
  return { drift: driftBetween(lock, now), lock: now };
}
