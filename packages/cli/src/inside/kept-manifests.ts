import { type Manifest, parseManifest } from '@gapferry/bundle';
import { type Digest, digestOf, hexOf } from '@gapferry/core';
import type { LoadedRelease } from '@gapferry/importer';
import { type KeptRelease, readKeptReleases } from './kept-releases.ts';
import { openKeptRelease } from './open-kept-release.ts';

/** Of the releases that the site keeps, the manifests, by statement; each is the one that the ledger says was loaded, or it is left out. */
export async function readKeptManifests(
  stateDirectory: string,
  releases: readonly LoadedRelease[],
): Promise<ReadonlyMap<Digest, Manifest>> {
  const kept = await readKeptReleases(stateDirectory);
  const manifests = new Map<Digest, Manifest>();
  for (const release of releases) {
    const manifest = await readManifest(keptOf(kept, release), release.manifest);
    if (manifest !== undefined) manifests.set(release.statement, manifest);
  }
  return manifests;
}

/** The place in the site's state, where there is one. */
export function keptOf(
  kept: readonly KeptRelease[],
  { channel, sequence, statement }: Pick<LoadedRelease, 'channel' | 'sequence' | 'statement'>,
): KeptRelease | undefined {
  return kept.find(
    (one) => one.channel === channel && one.sequence === sequence && hexOf(statement).startsWith(one.id),
  );
}

async function readManifest(kept: KeptRelease | undefined, wanted: Digest): Promise<Manifest | undefined> {
  if (kept === undefined) return undefined;
  const { medium, address } = await openKeptRelease(kept);
  const { manifest } = await medium.readRelease(address);
  return digestOf(manifest) === wanted ? parseManifest(manifest) : undefined;
}
