import {
  type ChartFinding,
  type Confidence,
  canonicalJson,
  describePlace,
  GapferryError,
  type ImageFinding,
  isGapferryError,
  type LeftOut,
  type ReferenceFinding,
  type Run,
  type TreeFault,
  type TreeFindings,
} from '@gapferry/core';
import type { ChartDiscovery, Entry } from '@gapferry/helm';

/** Finds the images of one chart. */
export type ChartLook = Pick<ChartDiscovery, 'discover'>;

/** Files that are looked into, and what they are known as. */
export interface LookedTree {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly leftOut: readonly LeftOut[];
  /** Of the item: `git`, and its id. */
  readonly kind: string;
  readonly id: string;
  readonly url: string;
  /** The refs and commits that the files are. */
  readonly revisions: readonly string[];
  /** Nothing but what these lead to counts. */
  readonly entries?: readonly Entry[];
}

/** Charts of one tree that are rendered; each Application with values of its own counts. */
const MOST_CHARTS = 500;

/** What files name, by themselves and by charts among them. What something that is not sure leads to is not surer than that. Throws `SOURCE_NOT_FOUND` for an entry that leads nowhere, `LIMIT_EXCEEDED`,
 *  and what rendering throws for a chart of which it is certain how it is installed. */
export async function lookIntoTree(tree: LookedTree, charts: ChartLook, run: Run): Promise<TreeFindings> {
  if (tree.entries === undefined) return lookAsSure(tree, 'certain', charts, run);
  const found: TreeFindings[] = [];
  for (const [confidence, entries] of Map.groupBy(tree.entries, (entry) => entry.confidence))
    found.push(await lookAsSure({ ...tree, entries }, confidence, charts, run));
  return joinFindings(found);
}

async function lookAsSure(
  tree: LookedTree,
  atMost: Confidence,
  charts: ChartLook,
  run: Run,
): Promise<TreeFindings> {
  const { discoverTree, treeOfFiles } = await import('@gapferry/helm');
  const { entries, kind, id, url, revisions } = tree;
  const { images, references, problems, within, ...found } = discoverTree(treeOfFiles(tree.files), {
    identity: { urls: [url], revisions },
    ...(entries !== undefined && { entries: { all: entries, item: `${kind} ${id}` } }),
  });
  const capped = <T extends { readonly confidence: Confidence }>(one: T): T => ({
    ...one,
    confidence: lessSure(one.confidence, atMost),
  });
  const rendered = await lookIntoTreeCharts(found.charts.map(capped), tree, charts, run);
  return {
    images: [...images, ...references.flatMap(toImage), ...rendered.images].map(capped),
    references: references.map(capped),
    problems: [...leftOut(tree, within), ...problems, ...rendered.problems],
  };
}

/** What of the places that were looked at was not read. */
function leftOut({ leftOut: files }: LookedTree, within: readonly string[] | undefined): TreeFault[] {
  return files
    .filter(
      ({ path }) => within === undefined || within.some((one) => one === '' || path.startsWith(`${one}/`)),
    )
    .map(({ path, reason }) => ({ place: { file: path, path: '' }, message: reason }));
}

const SURENESS: readonly Confidence[] = ['possible', 'likely', 'certain'];

function lessSure(one: Confidence, other: Confidence): Confidence {
  return SURENESS.indexOf(one) < SURENESS.indexOf(other) ? one : other;
}

type Rendered = Pick<TreeFindings, 'images' | 'problems'>;

/** A chart that certainly is installed and does not render ends the look, as any chart does; of others it is told. That a host could not be asked for a dependency always ends it. */
async function lookIntoTreeCharts(
  findings: readonly ChartFinding[],
  { files, leftOut, id: item, url }: LookedTree,
  charts: ChartLook,
  run: Run,
): Promise<Rendered> {
  const { imagesOfTreeChart } = await import('@gapferry/helm');
  const here = { files, leftOut: leftOut.map(({ path }) => path), item, url };
  const images: ImageFinding[] = [];
  const problems: TreeFault[] = [];
  for (const finding of installations(findings)) {
    try {
      images.push(...(await imagesOfTreeChart(finding, here, charts, run)));
    } catch (error) {
      if (!isGapferryError(error) || !OF_THE_CHART.has(error.code)) throw error;
      if (finding.confidence === 'certain') throw notRendered(finding, error);
      problems.push({
        place: finding.place,
        message: `the chart ${pathOf(finding)} is not looked into: ${error.message}`,
      });
    }
  }
  return { images, problems };
}

const OF_THE_CHART: ReadonlySet<string> = new Set([
  'CONTENT_INVALID',
  'CONFIG_INVALID',
  'LIMIT_EXCEEDED',
  'SOURCE_NOT_FOUND',
]);

function notRendered(finding: ChartFinding, error: GapferryError): GapferryError {
  return new GapferryError({
    code: error.code,
    origin: error.origin ?? 'source',
    message: `the chart ${pathOf(finding)}, which ${describePlace(finding.place)} installs, does not render: ${error.message}`,
    ...(error.hint !== undefined && { hint: error.hint }),
    data: error.data,
    cause: error,
  });
}

/** `.` at the root. */
function pathOf({ source }: ChartFinding): string {
  return (source.from === 'tree' && source.path) || '.';
}

/** Each once for all that decides what it renders to. Throws `LIMIT_EXCEEDED`. */
function installations(findings: readonly ChartFinding[]): ChartFinding[] {
  const distinct = new Map(
    findings.map((finding) => [canonicalJson({ ...finding, place: finding.place.file }), finding]),
  );
  if (distinct.size <= MOST_CHARTS) return [...distinct.values()];
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `${distinct.size} installations of charts lie in the repository; at most ${MOST_CHARTS} are looked into`,
    hint: 'leave out "images: discover" of the repository, and name its images under "images"',
  });
}

export function joinFindings(found: readonly TreeFindings[]): TreeFindings {
  return {
    images: found.flatMap(({ images }) => images),
    references: found.flatMap(({ references }) => references),
    problems: found.flatMap(({ problems }) => problems),
  };
}

/** An image that an object names which starts nothing: whether it is one is upstream's to say. Without tag and digest it is a repository that is watched. */
function toImage(reference: ReferenceFinding): ImageFinding[] {
  if (reference.kind !== 'image' || reference.confidence === 'possible') return [];
  if (!/@sha256:|:[^/]+$/.test(reference.reference)) return [];
  const { reference: text, place } = reference;
  return [{ reference: text, method: 'custom-resource', confidence: 'likely', place }];
}
