import {
  checkRun,
  GapferryError,
  isGapferryError,
  isInterruption,
  printable,
  type Run,
} from '@gapferry/core';
import { type ChartArchive, readChartArchive, readChartFiles } from '../chart-archive.ts';
import { type ChartRequirement, parseChartLock, parseChartMetadata } from '../chart-metadata.ts';
import { newestVersion } from '../chart-version.ts';
import { type ChartDependency, dependencyError, describeChain, placeOf } from './chart-dependency.ts';
import { type VendoredChart, vendoredArchive } from './vendored-archive.ts';

/** Brings a dependency's archive. Throws `SOURCE_NOT_FOUND` only when there is none. */
export type FetchDependency = (dependency: ChartDependency, run: Run) => Promise<Uint8Array>;

/** Charts nest a few levels; what has more is an attack, or a cycle with changing versions. */
const LIMITS = { depth: 16, charts: 500, bytes: 104_857_600 } as const;

/** A copy of the archive that has all its dependencies in `charts/`, for rendering; the archive itself where nothing is missing. What Chart.yaml names and `charts/` does not have is fetched in the version
 *  of Chart.lock, or by Chart.yaml's range where there is no lock; so are the dependencies of what was fetched. Conditions and tags make no difference, as for `helm dependency build`: the renderer judges them.
 *  `hasDirectories`: what `file://` names comes along with the chart, and so is nothing to warn of. Throws `CONTENT_INVALID` for cycles, `@name` and places that only its packager has, `SOURCE_NOT_FOUND` for what does not exist, `LIMIT_EXCEEDED`; each with the chain of charts that leads there. */
export async function completeChart(
  archive: Uint8Array,
  fetch: FetchDependency,
  run: Run,
  { hasDirectories = false }: { readonly hasDirectories?: boolean } = {},
): Promise<Uint8Array> {
  const trip: Trip = { fetch, run, hasDirectories, fetched: new Map(), charts: 0, bytes: 0 };
  return complete(archive, { chain: [], within: [] }, trip);
}

interface Trip {
  readonly fetch: FetchDependency;
  readonly run: Run;
  readonly hasDirectories: boolean;
  /** What several charts want is asked for once. */
  readonly fetched: Map<string, Promise<Uint8Array>>;
  charts: number;
  bytes: number;
}

/** How a chart was come to. */
interface Way {
  /** `name version` of every chart above it. */
  readonly chain: readonly string[];
  /** `file://` repositories that lead to it; undefined below a chart that was not taken from a directory. */
  readonly within: readonly string[] | undefined;
}

async function complete(archive: Uint8Array, way: Way, trip: Trip): Promise<Uint8Array> {
  checkRun(trip.run);
  const chart = await readChartFiles(archive, way.chain.at(-1) ?? 'the chart', trip.run);
  const own = `${chart.metadata.name} ${chart.metadata.version}`;
  if (way.chain.includes(own))
    throw dependencyError({
      name: own,
      chain: way.chain,
      why: 'the charts need each other in a circle',
      hint: 'tell the owner of the chart',
    });
  const missing = await missingRequirements(chart, trip.run);
  if (missing.length === 0) return archive;
  const left = missing.filter(({ repository }) => !trip.hasDirectories || !repository.startsWith('file://'));
  if (way.chain.length === 0 && left.length > 0) warn(own, left, trip.run);
  const chain = [...way.chain, own];
  const vendored: VendoredChart[] = [];
  for (const requirement of exactRequirements(chart, missing, chain))
    vendored.push(await bring(requirement, { ...way, chain }, trip));
  return vendoredArchive(chart, vendored);
}

/** The archive travels as it is: the inside must not learn of this from Helm. */
function warn(chart: string, missing: readonly ChartRequirement[], run: Run): void {
  const names = missing.map(({ name }) => name).join(', ');
  const message = `the chart ${chart} does not bring its dependencies (${names.slice(0, 500)}): their images are found, but Helm will not install it inside without them; pack it after helm dependency build`;
  run.emit({ kind: 'warning', message: printable(message) });
}

/** Helm counts what has the name, whatever its version (`action.CheckDependencies`). */
async function missingRequirements(chart: ChartArchive, run: Run): Promise<readonly ChartRequirement[]> {
  const { dependencies } = chart.metadata;
  if (dependencies.length === 0) return [];
  const there = new Set<string>();
  let archives = 0;
  for (const [path, content] of chart.files) {
    const [, folder, file] = /^charts\/([^/_.][^/]*)(\/Chart\.yaml)?$/.exec(path) ?? [];
    if (folder === undefined) continue;
    if (file !== undefined)
      there.add(nameIn(content, chart.files.get(`charts/${folder}/requirements.yaml`), path));
    else if (folder.endsWith('.tgz')) {
      archives += 1;
      if (archives > LIMITS.charts)
        throw tooMuch(
          `charts/${folder}`,
          [chart.metadata.name],
          `there are more than ${LIMITS.charts} of them`,
        );
      there.add((await readChartArchive(content, path, run)).name);
    }
  }
  return dependencies.filter(({ name }) => !there.has(name));
}

function nameIn(chartYaml: Uint8Array, requirements: Uint8Array | undefined, path: string): string {
  const [chart = '', more] = [chartYaml, requirements].map(
    (content) =>
      content &&
      Buffer.from(content)
        .toString('utf8')
        .replace(/^\ufeff/, ''),
  );
  return parseChartMetadata(chart, more, path).name;
}

/** In the versions of the lock, where the chart has one. */
function exactRequirements(
  { files, metadata }: ChartArchive,
  missing: readonly ChartRequirement[],
  chain: readonly string[],
): readonly ChartRequirement[] {
  const lock = files.get('Chart.lock') ?? files.get('requirements.lock');
  if (lock === undefined) return missing;
  const locked = parseChartLock(Buffer.from(lock).toString('utf8'), metadata.name);
  return missing.map((requirement) => {
    const { name, version: range } = requirement;
    const entry = locked.find((one) => one.name === name && fits(one.version, requirement, chain));
    if (entry !== undefined) return { ...requirement, version: entry.version };
    throw dependencyError({
      name: `${name} ${range}`,
      chain,
      why: 'Chart.lock has no version of it that Chart.yaml takes',
      hint: 'Chart.lock is out of step with Chart.yaml: run helm dependency update, or tell the owner of the chart',
    });
  });
}

function fits(
  version: string,
  { name, version: range }: ChartRequirement,
  chain: readonly string[],
): boolean {
  try {
    return newestVersion([version], range) !== undefined;
  } catch (error) {
    throw withChain(error, `${name} ${range}`, chain);
  }
}

async function bring(
  requirement: ChartRequirement,
  { chain, within }: Way,
  trip: Trip,
): Promise<VendoredChart> {
  const name = `${requirement.name} ${requirement.version}`;
  if (chain.length > LIMITS.depth) throw tooMuch(name, chain, `charts nest more than ${LIMITS.depth} deep`);
  const place = placeOf(requirement, within, chain);
  const dependency: ChartDependency = {
    name: requirement.name,
    version: requirement.version,
    place,
    chain,
  };
  const archive = await fetchOnce(dependency, trip).catch((error: unknown) => {
    throw withChain(error, name, chain);
  });
  const metadata = await readChartArchive(archive, name, trip.run);
  if (metadata.name !== requirement.name || !fits(metadata.version, requirement, chain))
    throw dependencyError({
      name,
      chain,
      why: `what lies there is ${metadata.name} ${metadata.version}`,
      hint: 'correct the version in Chart.yaml, or tell the owner of the chart',
    });
  count(archive, name, chain, trip);
  const inner: Way = { chain, within: place.kind === 'local' ? place.path : undefined };
  const { version } = metadata;
  return { name: metadata.name, version, archive: await complete(archive, inner, trip) };
}

function fetchOnce(dependency: ChartDependency, trip: Trip): Promise<Uint8Array> {
  const key = JSON.stringify([dependency.place, dependency.name, dependency.version]);
  const asked = trip.fetched.get(key) ?? trip.fetch(dependency, trip.run);
  trip.fetched.set(key, asked);
  return asked;
}

function count(archive: Uint8Array, name: string, chain: readonly string[], trip: Trip): void {
  trip.charts += 1;
  trip.bytes += archive.byteLength;
  if (trip.charts > LIMITS.charts) throw tooMuch(name, chain, `there are more than ${LIMITS.charts} of them`);
  if (trip.bytes > LIMITS.bytes)
    throw tooMuch(name, chain, `together they have more than ${LIMITS.bytes} bytes`);
}

function tooMuch(name: string, chain: readonly string[], why: string): GapferryError {
  return dependencyError({ name, chain, why, hint: 'tell the owner of the chart', code: 'LIMIT_EXCEEDED' });
}

/** A range that is none is the chart's mistake, not the operator's. */
function withChain(error: unknown, name: string, chain: readonly string[]): unknown {
  if (!isGapferryError(error) || isInterruption(error)) return error;
  const { code, message, hint, origin, retryable, retryAfter, data } = error;
  return new GapferryError({
    code: code === 'USAGE' ? 'CONTENT_INVALID' : code,
    message: `the dependency ${describeChain(name, chain)}: ${message}`,
    origin: origin ?? 'source',
    retryable,
    ...(hint !== undefined && { hint }),
    ...(retryAfter !== undefined && { retryAfter }),
    data: { ...data, chain: [...chain, name] },
    cause: error,
  });
}
