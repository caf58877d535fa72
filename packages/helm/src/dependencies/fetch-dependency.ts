import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ChartWish, GapferryError, type Run, readVerified } from '@gapferry/core';
import { type ChartSourceOptions, chartSource } from '../chart-source.ts';
import { packChartDirectory } from '../local/read-chart-directory.ts';
import type { ChartAttachments } from '../registry-charts.ts';
import { type ChartDependency, dependencyError } from './chart-dependency.ts';
import type { FetchDependency } from './complete-chart.ts';
import { memoryStore } from './memory-store.ts';

/** What belongs to a dependency is not looked for: the dependency itself does not travel. */
const NO_ATTACHMENTS: ChartAttachments = { find: async () => [], fetch: async () => [] };

/** Fetches dependencies for `completeChart`, with the credentials, mirrors and certificates of the bundle. `path`: of the chart that needs them, as bundle.yaml writes it, where it is on this machine;
 *  only for a directory `file://` means something. */
export function dependencyFetcher(
  options: Omit<ChartSourceOptions, 'attachments'>,
): (path?: string) => FetchDependency {
  const charts = chartSource({ ...options, attachments: NO_ATTACHMENTS });
  const { baseDirectory } = options;
  return (path) => async (dependency, run) =>
    dependency.place.kind === 'local'
      ? fetchLocal(dependency, dependency.place.path, { baseDirectory, path }, run)
      : fetchRemote(dependency, charts, run);
}

async function fetchLocal(
  { name, version, chain }: ChartDependency,
  steps: readonly string[],
  { baseDirectory, path }: { readonly baseDirectory: string; readonly path: string | undefined },
  run: Run,
): Promise<Uint8Array> {
  const start = path === undefined ? undefined : resolve(baseDirectory, path);
  const isDirectory = start !== undefined && (await stat(start)).isDirectory();
  if (!isDirectory)
    throw dependencyError({
      name: `${name} ${version}`,
      chain,
      why: `its repository "file://${steps.at(-1)}" lies on the machine of whoever packed the chart`,
      hint: 'the chart must bring its dependencies along (helm dependency build)',
    });
  return packChartDirectory(resolve(start, ...steps), `file://${steps.at(-1)}`, run);
}

async function fetchRemote(
  { name, version, place }: ChartDependency,
  charts: ReturnType<typeof chartSource>,
  run: Run,
): Promise<Uint8Array> {
  const common = { kind: 'chart', version: version === '' ? '*' : version } as const;
  const wish: ChartWish =
    place.kind === 'oci'
      ? { ...common, from: 'oci', ref: place.ref }
      : { ...common, from: 'repository', url: place.kind === 'repository' ? place.url : '', name };
  const [pin] = await charts.resolve(wish, run);
  if (pin === undefined) throw new GapferryError({ code: 'INTERNAL', message: `no pin for ${name}` });
  const store = memoryStore();
  const { archive } = await charts.fetch(pin, store, run);
  return readVerified(archive, store.open(archive, run), { origin: 'source' });
}
