import type { BundleConfig, Lock } from '@gapferry/bundle';
import { requireVersion } from '@gapferry/bundle';
import { canonicalBytes, digestOf, hexOf } from '@gapferry/core';

/** The version of a release: the one asked for, else the one in bundle.yaml, else one derived from what was found: `0.0.0-` and the first 12 hex digits of the
 *  sha256 of the lock's canonical JSON (RFC 8785). The same lock gives the same version on every machine and on every day. Throws `USAGE` for one that is no version. */
export function releaseVersion(
  asked: string | undefined,
  config: Pick<BundleConfig, 'version'>,
  lock: Lock,
): string {
  if (asked !== undefined) return requireVersion(asked);
  return config.version ?? `0.0.0-${hexOf(digestOf(canonicalBytes(lock))).slice(0, 12)}`;
}
