import {
  type ChartPin,
  type ChartPlace,
  type ChartWish,
  GapferryError,
  isGapferryError,
  type OciChartWish,
  printable,
  type RepositoryChartWish,
} from '@gapferry/core';
import { toChartWish } from './chart-entry.ts';
import type { DiscoveryDefaults } from './discovered-wish.ts';
import { withHint } from './entry-schemas.ts';

/** A chart's place that has charts by version. */
export type VersionedPlace = Extract<ChartPlace, { from: 'oci' | 'repository' }>;

/** The wish for a chart that content points to, as if `charts` of bundle.yaml had it in a line of its own: what `upstream` demands of its repository, and nothing of how it is rendered.
 *  `version`: exact or a range; absent: the newest. What it finds is pinned under `plainChartWish`. Throws `REFERENCE_INVALID`. */
export function discoveredChartWish(
  place: VersionedPlace,
  version: string | undefined,
  { upstream = [] }: DiscoveryDefaults,
): OciChartWish | RepositoryChartWish {
  const wanted = version ?? '*';
  if (wanted === '' || wanted.length > 256 || printable(wanted) !== wanted)
    throw refused(place, `"${printable(wanted.slice(0, 100))}" is neither a version nor a range`);
  if (place.from === 'repository' && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,249}$/.test(place.name))
    throw refused(place, `"${printable(place.name.slice(0, 100))}" is not the name of a chart`);
  const written =
    place.from === 'oci'
      ? { oci: place.ref, version: wanted }
      : { repo: place.url, name: place.name, version: wanted };
  try {
    return toChartWish(written, upstream) as OciChartWish | RepositoryChartWish;
  } catch (error) {
    throw isGapferryError(error) ? refused(place, withHint(error)) : error;
  }
}

/** The wish that the pin of a chart answers which only content wants: its exact version, without any rendering. A repository's base URL is `https://` and what stands in the id before the name,
 *  whatever way the index was read: so it follows from the pin. */
export function plainChartWish(
  { from, id, name, version }: Pick<ChartPin, 'from' | 'id' | 'name' | 'version'>,
  config: DiscoveryDefaults,
): ChartWish {
  const identity = id.slice(0, -version.length - 1);
  if (from === 'oci') return discoveredChartWish({ from, ref: identity }, version, config);
  if (from === 'repository') {
    const url = `https://${identity.slice(0, -name.length - 1)}`;
    return discoveredChartWish({ from, url, name }, version, config);
  }
  throw new GapferryError({
    code: 'INTERNAL',
    message: `chart ${id} is on this machine: no content names it`,
  });
}

function refused(place: VersionedPlace, why: string): GapferryError {
  const where = place.from === 'oci' ? `oci://${place.ref}` : `${place.name} of ${place.url}`;
  return new GapferryError({
    code: 'REFERENCE_INVALID',
    message: printable(`the chart ${where.slice(0, 300)} is refused: ${why}`),
    hint: 'write oci://host/path, or the http:// or https:// URL of a repository and a name, and a version or a range',
  });
}
