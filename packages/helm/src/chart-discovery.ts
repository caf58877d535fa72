import {
  type ChartContents,
  type ChartPin,
  GapferryError,
  type ImageDiscovery,
  type ImageFinding,
  type RenderingValues,
  type Run,
} from '@gapferry/core';
import { readChartFiles } from './chart-archive.ts';
import { completeChart, type FetchDependency } from './dependencies/complete-chart.ts';
import { imagesInChart } from './discover/images-in-chart.ts';
import type { YamlNode } from './discover/yaml-tree.ts';
import { documentOverrides } from './discover-tree/image-overrides.ts';
import { type ChartRenderer, createChartRenderer } from './render/chart-renderer.ts';

export interface ChartDiscoveryOptions {
  /** How dependencies are fetched that a chart does not bring along. `path`: of a chart on this machine, as bundle.yaml writes it. */
  readonly dependencies: (path?: string) => FetchDependency;
  /** Its own, started with the first chart, unless given. */
  readonly renderer?: ChartRenderer;
}

export interface ChartDiscovery extends ImageDiscovery {
  /** `beside`: brings what the chart names by `file://`, where it is a directory among others; `place.path` of the dependency leads there. Absent: only a chart on this machine has such. */
  discover(chart: ChartContents, run: Run, beside?: FetchDependency): Promise<readonly ImageFinding[]>;
  /** Ends the renderer. */
  close(): Promise<void>;
}

/** Charts within charts, and bytes of all that is unpacked. */
const LIMITS = { depth: 16, bytes: 209_715_200 } as const;

/** Finds the images of charts: completes them with their dependencies, renders them with Helm's engine, and walks what comes out, and what they say themselves. */
export function chartDiscovery({
  dependencies,
  renderer = createChartRenderer(),
}: ChartDiscoveryOptions): ChartDiscovery {
  return {
    discover: async (chart, run, beside) => {
      const { pin, archive } = chart;
      const fetch = withBeside(dependencies(pin.from === 'local' ? pin.path : undefined), beside);
      const whole = await completeChart(archive, fetch, run, { hasDirectories: beside !== undefined });
      return findImages(chart, whole, renderer, run);
    },
    close: () => renderer.close(),
  };
}

/** What lies beside the chart is brought from there, everything else as for any chart. */
function withBeside(fetch: FetchDependency, beside: FetchDependency | undefined): FetchDependency {
  if (beside === undefined) return fetch;
  return (dependency, run) =>
    dependency.place.kind === 'local' ? beside(dependency, run) : fetch(dependency, run);
}

/** `whole`: the chart with its dependencies. */
async function findImages(
  { pin, rendering, overrides = [] }: ChartContents,
  whole: Uint8Array,
  renderer: ChartRenderer,
  run: Run,
): Promise<readonly ImageFinding[]> {
  const files = new Map<string, Uint8Array>();
  await unpack(whole, { item: pin.id, into: files, depth: 0, bytes: { left: LIMITS.bytes } }, '', run);
  const { values, ...rest } = rendering;
  const read = values?.flatMap((one) => ('content' in one ? one : valuesIn(files, one, pin)));
  const { text } = await renderer.render(
    { item: pin.id, archive: whole, ...rest, ...(read !== undefined && { values: read }) },
    run,
  );
  if (overrides.length === 0) return imagesInChart({ rendered: text, files });
  const change = documentOverrides(overrides, pin.id);
  // Texts, numbers and lists in, the same out.
  return imagesInChart({ rendered: text, files, change: (document) => change(document) as YamlNode });
}

type ChartFileValues = Extract<RenderingValues, { readonly chartFile: string }>;

/** A values file that the chart itself brings. */
function valuesIn(
  files: ReadonlyMap<string, Uint8Array>,
  { chartFile: path, optional }: ChartFileValues,
  { id, name }: ChartPin,
): { readonly name: string; readonly content: string }[] {
  const content = files.get(`${name}/${path}`);
  if (content !== undefined) return [{ name: path, content: Buffer.from(content).toString('utf8') }];
  if (optional === true) return [];
  throw new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: `the chart ${id} has no values file ${path}, which it is to be installed with`,
    hint: 'correct what names the file',
  });
}

interface Unpacking {
  readonly item: string;
  readonly into: Map<string, Uint8Array>;
  readonly depth: number;
  readonly bytes: { left: number };
}

/** Every file below the chart's directory, archives in `charts/` as the directories that they are to Helm. */
async function unpack(archive: Uint8Array, to: Unpacking, above: string, run: Run): Promise<void> {
  const { root, files } = await readChartFiles(archive, to.item, run);
  for (const [path, content] of files) {
    to.bytes.left -= content.byteLength;
    if (to.bytes.left < 0 || to.depth > LIMITS.depth) throw tooMuch(to.item);
    const [, parent] = /^((?:.*\/)?charts\/)[^/_.][^/]*\.tgz$/.exec(path) ?? [];
    if (parent === undefined) to.into.set(`${above}${root}/${path}`, content);
    else await unpack(content, { ...to, depth: to.depth + 1 }, `${above}${root}/${parent}`, run);
  }
}

function tooMuch(item: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `the chart ${item} is refused: with the charts in it, it unpacks to more than ${LIMITS.bytes} bytes or ${LIMITS.depth} levels`,
  });
}
