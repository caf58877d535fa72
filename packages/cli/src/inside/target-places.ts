import type { TargetConfig } from '@gapferry/bundle';
import { canonicalBytes, type Digest, digestOf } from '@gapferry/core';
import type { Site } from './open-site.ts';

/** Where a site file says that things are: what of an entry, changed, means another place. */
const MEMBERS: readonly string[] = ['url', 'endpoint', 'bucket', 'path', 'keys', 'latest'];

/** Digests of where the targets of a site are, by name: what imports left at one place is looked for at no other, though the target has the same name. */
export function targetPlaces(site: Pick<Site, 'config' | 'pathOf'>): Record<string, Digest> {
  return Object.fromEntries(site.config.targets.map((target) => [target.name, placeOf(site, target)]));
}

function placeOf({ pathOf }: Pick<Site, 'pathOf'>, target: TargetConfig): Digest {
  const members = Object.entries(target).filter(([name]) => MEMBERS.includes(name));
  return digestOf(
    canonicalBytes({
      ...Object.fromEntries(members),
      ...(target.kind === 'depot' && { path: pathOf(target.path) }),
      ...(target.kind === 'directory' && { directory: pathOf(target.directory) }),
    }),
  );
}
