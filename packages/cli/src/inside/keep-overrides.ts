import { join } from 'node:path';
import type { AcceptedOverride, OverrideOrder } from '@gapferry/bundle';
import { digestOf, hexOf } from '@gapferry/core';
import { writeFileAtomically } from '../write-file.ts';

/** Keeps the signed order in `<state>/overrides/`, for whoever asks later who wanted the site to go back. On disk when it returns. */
export async function keepOverrides(
  stateDirectory: string,
  override: AcceptedOverride | undefined,
  order: OverrideOrder | undefined,
): Promise<void> {
  if (override === undefined) return;
  const name = hexOf(override.statement).slice(0, 12);
  for (const bundle of order?.signatures ?? []) {
    const signature = hexOf(digestOf(bundle)).slice(0, 12);
    const file = join(stateDirectory, 'overrides', `${name}-${signature}.sigstore.json`);
    await writeFileAtomically(file, bundle);
  }
}
