import type { LeftOut } from './commit-tree.ts';
import { GapferryError } from './errors.ts';

/** One entry of a tree's listing, or of an archive's. */
export interface TreeFile {
  readonly kind: 'file' | 'link' | 'submodule';
  /** Bytes; NaN for a submodule. */
  readonly size: number;
  readonly path: string;
}

export interface ChosenFiles<F extends TreeFile> {
  readonly wanted: readonly F[];
  /** What is not read and may hold manifests, or is a part of a chart. */
  readonly leftOut: readonly LeftOut[];
  /** Links of which only their target says whether they lead to anything. */
  readonly links: readonly F[];
}

/** What is read of one tree. `archive`: of a chart that another one brings along. */
const LIMITS = { file: 1_048_576, archive: 33_554_432, files: 100_000, bytes: 67_108_864 } as const;

/** Which files of a tree are read: manifests first, then the other files of charts, then everything else as long as there is room for it. Throws `LIMIT_EXCEEDED` for too many files, or bytes of manifests. */
export function chooseTreeFiles<F extends TreeFile>(entries: readonly F[], what: string): ChosenFiles<F> {
  if (entries.length > LIMITS.files)
    throw tooMuch(`${what} has ${entries.length} files, more than ${LIMITS.files}`);
  const isPartOfChart = chartsAmong(entries);
  const ranked = Map.groupBy(entries, ({ path }) => (MANIFEST.test(path) ? 0 : isPartOfChart(path) ? 1 : 2));
  const wanted: F[] = [];
  const leftOut: LeftOut[] = [];
  const links: F[] = [];
  let bytes = 0;
  for (const rank of [0, 1, 2] as const)
    for (const entry of ranked.get(rank) ?? []) {
      const reason = reasonAgainst(entry, rank === 2) ?? roomFor(entry, bytes);
      if (reason === undefined) {
        bytes += entry.size;
        wanted.push(entry);
      } else if (rank < 2 || entry.kind === 'submodule') leftOut.push({ path: entry.path, reason });
      else if (entry.kind === 'link') links.push(entry);
      if (rank === 0 && reason === NO_ROOM)
        throw tooMuch(`the manifests of ${what} have more than ${LIMITS.bytes} bytes`);
    }
  return { wanted, leftOut, links };
}

/** What may hold manifests, or says what becomes of them. */
const MANIFEST = /\.(?:ya?ml|json|tpl)$|(?:^|\/)Kustomization$/i;
const NO_ROOM = `it does not fit into the ${LIMITS.bytes} bytes that are read`;

/** Whether a path lies in the directory of a chart. */
function chartsAmong(entries: readonly TreeFile[]): (path: string) => boolean {
  const charts = new Set(
    entries.flatMap(({ path }) =>
      /(?:^|\/)Chart\.yaml$/.test(path) ? [path.slice(0, -'Chart.yaml'.length)] : [],
    ),
  );
  return (path) => {
    for (let end = path.lastIndexOf('/') + 1; end > 0; end = path.lastIndexOf('/', end - 2) + 1)
      if (charts.has(path.slice(0, end))) return true;
    return charts.has('');
  };
}

function reasonAgainst({ kind, size, path }: TreeFile, isPlain: boolean): string | undefined {
  if (kind === 'submodule') return 'it is a submodule: its files are in another repository';
  if (kind === 'link') return 'it is a symbolic link';
  const limit = !isPlain && /(?:^|\/)charts\/[^/]+\.tgz$/.test(path) ? LIMITS.archive : LIMITS.file;
  return size > limit ? `it has ${size} bytes, more than ${limit}` : undefined;
}

function roomFor({ size }: TreeFile, bytes: number): string | undefined {
  return bytes + size > LIMITS.bytes ? NO_ROOM : undefined;
}

function tooMuch(message: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `its images are not looked for: ${message}`,
    hint: 'name its images under "images" in bundle.yaml, and leave out "images: discover" where it says so',
  });
}
