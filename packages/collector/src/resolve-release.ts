import type { Lock } from '@gapferry/bundle';
import type { Run } from '@gapferry/core';
import { discoverImages } from './discover-images.ts';
import type { DiscoveredImage, Discovery, LookFetcher } from './discovery.ts';
import type { Lead } from './leads.ts';
import { type ResolveRequest, resolveBundle } from './resolve-bundle.ts';

export interface ResolveReleaseRequest extends ResolveRequest {
  /** Absent: charts are not looked into, and the lock holds the wishes of the bundle alone. */
  readonly discovery?: Discovery;
  /** How charts and artifacts that are looked into are fetched; plainly from their source unless given. */
  readonly fetcher?: LookFetcher;
}

export interface ResolvedRelease {
  readonly lock: Lock;
  /** What charts name and what becomes of it, sorted by image; absent where nobody looked. */
  readonly discovered?: readonly DiscoveredImage[];
  /** What repositories point to, and what in them was not followed; absent where nobody looked. */
  readonly leads?: readonly Lead[];
}

/** Everything that a release would hold: what the bundle wishes, and the images that its charts and repositories name. Throws like `resolveBundle` and `discoverImages`. */
export async function resolveRelease(request: ResolveReleaseRequest, run: Run): Promise<ResolvedRelease> {
  const lock = await resolveBundle(request, run);
  const { discovery } = request;
  if (discovery === undefined) return { lock };
  const survey = await discoverImages(
    { ...request, discovery, lock, fetcher: request.fetcher ?? plainFetcher(request, discovery) },
    run,
  );
  return { lock: survey.lock, discovered: survey.images, leads: survey.leads };
}

/** From the source into the store that is looked into. */
export function plainFetcher(
  { sources }: Pick<ResolveRequest, 'sources'>,
  { store }: Discovery,
): LookFetcher {
  return {
    chart: (pin, run) => sources.chart.fetch(pin, store, run),
    image: (pin, run) => sources.image.fetch(pin, store, run),
  };
}
