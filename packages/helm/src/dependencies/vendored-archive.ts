import type { ChartArchive } from '../chart-archive.ts';
import { packChart } from '../pack-chart.ts';

/** A chart to be laid into another's `charts/`. */
export interface VendoredChart {
  readonly name: string;
  readonly version: string;
  readonly archive: Uint8Array;
}

/** A copy of a chart's archive with charts in `charts/`, as `helm dependency build` lays them there. Aliases need nothing more: a chart that is wanted under several is there once.
 *  It is for rendering alone: what travels is the archive as it came. The same input gives the same bytes. */
export function vendoredArchive(
  { root, files }: Pick<ChartArchive, 'root' | 'files'>,
  dependencies: readonly VendoredChart[],
): Promise<Uint8Array> {
  const more = dependencies.map(
    ({ name, version, archive }) => [`charts/${name}-${version}.tgz`, archive] as const,
  );
  return packChart(root, new Map([...files, ...more]));
}
