import { type ArtifactFinding, type Digest, GapferryError, type ImageWish } from '@gapferry/core';
import { validRange } from 'semver';
import type { BundleConfig } from './bundle-config.ts';
import { toImageWish } from './image-entry.ts';

/** What bundle.yaml says of every image and chart. */
export type DiscoveryDefaults = Pick<BundleConfig, 'platforms' | 'upstream'>;

/** The wish for an image that content names, as if `images` of bundle.yaml had its reference in a line of its own: the bundle's platforms (all that upstream has where the reference
 *  is a digest: inside, that very index is asked for), and what `upstream` demands of its repository. Throws `REFERENCE_INVALID`. */
export function discoveredWish(
  reference: string,
  { platforms, upstream = [] }: DiscoveryDefaults,
): ImageWish {
  return toImageWish(reference, { platforms, upstream });
}

/** The wish for an artifact in an OCI registry that content points to: like an image. A digest decides before a range, and a range before a tag, as Flux has it; without any of them it is `latest`.
 *  What a range finds is pinned under `discoveredWish` of its id. Throws `REFERENCE_INVALID`. */
export function discoveredArtifactWish(
  { ref, tag, semver, digest }: Pick<ArtifactFinding, 'ref' | 'tag' | 'semver' | 'digest'>,
  defaults: DiscoveryDefaults,
): ImageWish {
  if (digest !== undefined) return discoveredWish(`${ref}@${digest as Digest}`, defaults);
  if (semver === undefined) return discoveredWish(tag === undefined ? ref : `${ref}:${tag}`, defaults);
  const { platforms, upstream = [] } = defaults;
  return toImageWish({ ref, tags: { semver: rangeOf(semver, ref), newest: 1 } }, { platforms, upstream });
}

/** Masterminds' ranges, which Flux reads, may have a comma where npm's have a space. */
function rangeOf(semver: string, ref: string): string {
  const range = semver.replaceAll(',', ' ').trim().replace(/\s+/g, ' ');
  if (semver.length <= 256 && validRange(range) !== null) return range;
  throw new GapferryError({
    code: 'REFERENCE_INVALID',
    message: `"${semver.slice(0, 200)}" for oci://${ref} is not a semver range`,
    hint: 'write for example ~1.8 or >=2.1 <3',
  });
}
