import { parseChartMetadata } from '../chart-metadata.ts';
import { dependencyError } from '../dependencies/chart-dependency.ts';
import type { FetchDependency } from '../dependencies/complete-chart.ts';
import { parseHelmIgnore } from '../local/helm-ignore.ts';
import { type ChartFiles, packChart } from '../pack-chart.ts';
import { directoryOf, pathFrom } from './file-tree.ts';
import { refused, tooMuch } from './refusals.ts';

/** The files that a chart lies among. */
export interface ChartTree {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Paths that the tree has and `files` does not. */
  readonly leftOut: readonly string[];
  /** For messages, and the item's name while it is rendered. */
  readonly item: string;
  /** Of the repository. */
  readonly url: string;
}

export interface PackedChart {
  readonly name: string;
  readonly version: string;
  readonly archive: Uint8Array;
}

/** An archive of 32 MiB is the largest that is taken; headers need some of it. */
const LIMITS = { bytes: 31_457_280, files: 20_000 } as const;

/** Packs the chart in a directory of the tree as `helm package` would. Throws `CONTENT_INVALID` for what is no chart, or has a part that was not read and may decide what it renders to, and `LIMIT_EXCEEDED`. */
export async function packTreeChart(directory: string, tree: ChartTree): Promise<PackedChart> {
  const files = chartFiles(directory, tree);
  const chartYaml = files.get('Chart.yaml');
  if (chartYaml === undefined) throw refused(directory, 'it is no chart: it has no Chart.yaml');
  const requirements = files.get('requirements.yaml');
  const metadata = parseChartMetadata(textIn(chartYaml), requirements && textIn(requirements), directory);
  const { name, version } = metadata;
  return { name, version, archive: await packChart(name, files) };
}

/** Brings the charts that a chart in the tree names by `file://`, from the tree. `directory`: of the outermost chart. */
export function chartsBeside(directory: string, tree: ChartTree): FetchDependency {
  return async ({ name, version, place, chain }) => {
    const steps = place.kind === 'local' ? place.path : [];
    const found = steps.reduce<string | undefined>(
      (at, step) => (at === undefined ? undefined : pathFrom(at, step)),
      directory,
    );
    const refuse = (why: string): Error =>
      dependencyError({
        name: `${name} ${version}`,
        chain,
        why: `its repository "file://${steps.at(-1)}" ${why}`,
        hint: 'correct Chart.yaml, or let the chart bring its dependencies along (helm dependency build)',
      });
    if (found === undefined) throw refuse('leaves the tree');
    if (!tree.files.has(below(found, 'Chart.yaml'))) throw refuse('is no chart of the tree');
    return (await packTreeChart(found, tree)).archive;
  };
}

function chartFiles(directory: string, { files, leftOut }: ChartTree): ChartFiles {
  const prefix = below(directory, '');
  const ignored = parseHelmIgnore(textIn(files.get(`${prefix}.helmignore`)), directory);
  const missing = leftOut.find((path) => {
    const inner = path.slice(prefix.length);
    return path.startsWith(prefix) && DECIDES.test(inner) && !isIgnored(inner, ignored);
  });
  if (missing !== undefined) throw refused(missing, 'it is part of the chart, and was not read');
  const own = new Map<string, Uint8Array>();
  let bytes = 0;
  for (const [path, content] of files) {
    if (!path.startsWith(prefix)) continue;
    const inner = path.slice(prefix.length);
    if (isIgnored(inner, ignored)) continue;
    if (/\p{Cc}|\\/u.test(inner)) throw refused(path, 'the name is not allowed in a chart');
    bytes += content.byteLength;
    if (bytes > LIMITS.bytes || own.size >= LIMITS.files)
      throw tooMuch(directory, `the chart has more than ${LIMITS.bytes} bytes or ${LIMITS.files} files`);
    own.set(inner, content);
  }
  return own;
}

/** What Helm reads of a chart. Anything else only its templates may read, which say so nowhere: it is told of as left out. */
const DECIDES = /^(?:templates|charts|crds)(?:\/|$)|^(?:Chart|requirements)\.lock$|\.(?:ya?ml|json|tpl)$/i;

/** A folder that is ignored takes what is in it along. */
function isIgnored(path: string, ignored: ReturnType<typeof parseHelmIgnore>): boolean {
  for (let folder = directoryOf(path); folder !== ''; folder = directoryOf(folder))
    if (ignored(folder, true)) return true;
  return ignored(path, false);
}

function below(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

export function textIn(content: Uint8Array | undefined): string {
  return Buffer.from(content ?? [])
    .toString('utf8')
    .replace(/^\ufeff/, '');
}
