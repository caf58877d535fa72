import { type Descriptor, isGapferryError, type Run } from '@gapferry/core';
import type { RegistryPlace } from './registry-place.ts';

/** The verified bytes of a manifest; undefined only where the registry says that there is none. */
export async function readManifest(
  { registry }: RegistryPlace,
  repository: string,
  manifest: Descriptor,
  run: Run,
): Promise<Uint8Array | undefined> {
  try {
    return await registry.readManifest(repository, manifest, run);
  } catch (error) {
    if (isGapferryError(error, 'BLOB_MISSING')) return undefined;
    throw error;
  }
}
