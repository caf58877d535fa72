import {
  type ChartContents,
  type ChartPin,
  GapferryError,
  type ImageDiscovery,
  type ImageFinding,
  type Run,
} from '@gapferry/core';
import { readChartFiles } from './chart-archive.ts';
import { completeChart, type FetchDependency } from './dependencies/complete-chart.ts';
import { imagesInChart } from './discover/images-in-chart.ts';
import { type ChartRenderer, createChartRenderer } from './render/chart-renderer.ts';

export interface ChartDiscoveryOptions {
  /** How dependencies are fetched that a chart does not bring along. `path`: of a chart on this machine, as bundle.yaml writes it. */
  readonly dependencies: (path?: string) => FetchDependency;
  /** Its own, started with the first chart, unless given. */
  readonly renderer?: ChartRenderer;
}

export interface ChartDiscovery extends ImageDiscovery {
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
    discover: async (chart, run) => findImages(chart, dependencies, renderer, run),
    close: () => renderer.close(),
  };
}

async function findImages(
  { pin, archive, rendering }: ChartContents,
  dependencies: ChartDiscoveryOptions['dependencies'],
  renderer: ChartRenderer,
  run: Run,
): Promise<readonly ImageFinding[]> {
  const fetch = dependencies(pin.from === 'local' ? pin.path : undefined);
  const whole = await completeChart(archive, fetch, run);
  const files = new Map<string, Uint8Array>();
  await unpack(whole, { item: pin.id, into: files, depth: 0, bytes: { left: LIMITS.bytes } }, '', run);
  const { values, ...rest } = rendering;
  const read = values?.map((one) => ('content' in one ? one : valuesIn(files, one.chartFile, pin)));
  const { text } = await renderer.render(
    { item: pin.id, archive: whole, ...rest, ...(read !== undefined && { values: read }) },
    run,
  );
  return imagesInChart({ rendered: text, files });
}

/** A values file that the chart itself brings. */
function valuesIn(
  files: ReadonlyMap<string, Uint8Array>,
  path: string,
  { id, name }: ChartPin,
): { readonly name: string; readonly content: string } {
  const content = files.get(`${name}/${path}`);
  if (content !== undefined) return { name: path, content: Buffer.from(content).toString('utf8') };
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
