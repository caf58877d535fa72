import type { ImageWish } from '@gapferry/core';
import type { BundleConfig } from './bundle-config.ts';
import { toImageWish } from './image-entry.ts';

/** The wish for an image that a chart names, as if `images` of bundle.yaml had its reference in a line of its own: the bundle's platforms (all that upstream has where the reference
 *  is a digest: inside, that very index is asked for), and what `upstream` demands of its repository. Throws `REFERENCE_INVALID`. */
export function discoveredWish(
  reference: string,
  { platforms, upstream = [] }: Pick<BundleConfig, 'platforms' | 'upstream'>,
): ImageWish {
  return toImageWish(reference, { platforms, upstream });
}
