import {
  type ChartFinding,
  type CommitTree,
  canonicalJson,
  type FindingPlace,
  GapferryError,
  type GitPin,
  type ImageDiscovery,
  type ImageFinding,
  isGapferryError,
  type ReferenceFinding,
  type Run,
  type TreeDiscovery,
  type TreeFault,
  type TreeFindings,
  type TreeReader,
} from '@gapferry/core';

/** Charts of one tree that are rendered; each Application with values of its own counts. */
const MOST_CHARTS = 500;

/** Finds what the files of pinned commits name, also by charts among them. Where pinned refs lead to several trees, places say which: `v1.0:overlays/prod/kustomization.yaml`. */
export function treeDiscovery(reader: TreeReader, charts: ImageDiscovery): TreeDiscovery {
  return {
    discover: async (pin, run) => {
      const found: TreeFindings[] = [];
      const names: string[] = [];
      for await (const tree of reader.readTrees(pin, run)) {
        found.push(await lookInto(tree, pin, charts, run));
        names.push(shortName(tree));
      }
      const several = found.length > 1;
      return joined(found.map((one, i) => (several ? placed(one, names[i] ?? '') : one)));
    },
  };
}

async function lookInto(
  tree: CommitTree,
  pin: GitPin,
  charts: ImageDiscovery,
  run: Run,
): Promise<TreeFindings> {
  const { discoverTree, treeOfFiles } = await import('@gapferry/helm');
  const identity = { urls: [pin.url], revisions: [...tree.refs, ...tree.commits] };
  const { images, references, problems } = discoverTree(treeOfFiles(tree.files), { identity });
  const rendered = await lookIntoTreeCharts(references, tree, pin, charts, run);
  return {
    images: [...images, ...references.flatMap(toImage), ...rendered.images],
    references,
    problems: [...leftOut(tree), ...problems, ...rendered.problems],
  };
}

type Rendered = Pick<TreeFindings, 'images' | 'problems'>;

/** A chart that cannot be rendered by what the tree says is told; that a host could not be asked for one of its dependencies ends the look. */
async function lookIntoTreeCharts(
  references: readonly ReferenceFinding[],
  tree: CommitTree,
  pin: GitPin,
  charts: ImageDiscovery,
  run: Run,
): Promise<Rendered> {
  const { imagesOfTreeChart } = await import('@gapferry/helm');
  const [item, url] = [pin.id, pin.url];
  const here = { files: tree.files, leftOut: tree.leftOut.map(({ path }) => path), item, url };
  const images: ImageFinding[] = [];
  const problems: TreeFault[] = [];
  for (const finding of installations(references)) {
    try {
      images.push(...(await imagesOfTreeChart(finding, here, charts, run)));
    } catch (error) {
      if (!isGapferryError(error) || !OF_THE_CHART.has(error.code)) throw error;
      const path = finding.source.from === 'tree' ? finding.source.path : '';
      problems.push({
        place: finding.place,
        message: `the chart ${path} is not looked into: ${error.message}`,
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

/** Charts of the tree, each once for all that decides what it renders to. Throws `LIMIT_EXCEEDED`. */
function installations(references: readonly ReferenceFinding[]): ChartFinding[] {
  const found = references
    .filter((reference) => reference.kind === 'chart')
    .filter(({ source }) => source.from === 'tree');
  const distinct = new Map(
    found.map((finding) => [canonicalJson({ ...finding, place: finding.place.file }), finding]),
  );
  if (distinct.size <= MOST_CHARTS) return [...distinct.values()];
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `${distinct.size} installations of charts lie in the repository; at most ${MOST_CHARTS} are looked into`,
    hint: 'leave out "images: discover" of the repository, and name its images under "images"',
  });
}

function leftOut(tree: CommitTree): TreeFault[] {
  return tree.leftOut.map(({ path, reason }) => ({
    place: { file: path, path: '' },
    message: reason,
  }));
}

function shortName({ refs }: CommitTree): string {
  return (refs[0] ?? '').replace(/^refs\/(?:heads|tags)\//, '');
}

function placed({ images, references, problems }: TreeFindings, name: string): TreeFindings {
  const at = <T extends { readonly place: FindingPlace }>(found: T): T => ({
    ...found,
    place: { ...found.place, file: `${name}:${found.place.file}` },
  });
  return { images: images.map(at), references: references.map(at), problems: problems.map(at) };
}

function joined(found: readonly TreeFindings[]): TreeFindings {
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
