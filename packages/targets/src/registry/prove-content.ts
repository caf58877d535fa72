import { GapferryError, type OciContent, type Run } from '@gapferry/core';
import { lookAtContent } from './look-at-content.ts';
import type { RegistryPlace } from './registry-place.ts';

/** The barrier: every manifest is read back and hashed, every blob asked for by its digest and size (the registry hashed it when it came, and keeps it under that name), every referrer
 *  found by its subject. Content that its tags told of was complete when they were set. Throws `BLOB_MISSING` or `DIGEST_MISMATCH`. */
export async function proveContent(place: RegistryPlace, load: OciContent, run: Run): Promise<void> {
  if (place.memory.looks.get(load)?.byTag === true) return;
  const [first, ...others] = await lookAtContent(place, load, run);
  if (first === undefined) return;
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  throw new GapferryError({
    code: 'BLOB_MISSING',
    message: `${load.item}: ${first.digest}${more} did not come back from the target ${place.target}: the registry says that it is not there`,
    hint: 'nothing was made visible; look whether something cleans up at the target, and run the import again',
    origin: 'target',
    data: { item: load.item, digest: first.digest, target: place.target },
  });
}
