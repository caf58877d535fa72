import {
  type ArtifactFinding,
  type ChartFinding,
  describePlace,
  GapferryError,
  printable,
  type TreeEntry,
} from '@gapferry/core';
import { type FileTree, pathFrom } from './file-tree.ts';
import { kustomizationFileIn } from './kustomization.ts';
import type { Deployment } from './located-object.ts';

/** What points to a chart or a directory of the tree. */
export type Entry = TreeEntry | ArtifactFinding;

/** What one thing that points into the tree leads to. */
export interface EntryLeads {
  readonly charts: readonly ChartFinding[];
  readonly deployments: readonly Deployment[];
}

/** The chart or the directory that an entry means, as kustomize, Argo CD and Flux would take it. `item` is the repository, for messages. Throws `SOURCE_NOT_FOUND` for a path that is not there, or has
 *  nothing that can be deployed. */
export function leadsOfEntry(entry: Entry, tree: FileTree, item: string): EntryLeads {
  const path = entry.kind === 'chart' ? pathOfChart(entry) : entry.path;
  if (path === undefined) return { charts: [], deployments: [] };
  const directory = pathFrom('', path.replace(/^\/+/, ''));
  const names = directory === undefined ? [] : tree.list(directory);
  if (directory === undefined || names.length === 0) throw notThere(entry, path, item, 'directory');
  if (entry.kind === 'chart') {
    if (!names.includes('Chart.yaml')) throw notThere(entry, path, item, 'chart');
    return { charts: [{ ...entry, source: { from: 'tree', path: directory } }], deployments: [] };
  }
  const { manifests, images = [] } = entry;
  const isBuilt = manifests === 'generated' || kustomizationFileIn(tree, directory) !== undefined;
  if (!isBuilt && manifests === undefined) throw notThere(entry, path, item, 'kustomization');
  if (!isBuilt && names.includes('Chart.yaml')) {
    const { confidence, open, place } = entry;
    const source = { from: 'tree', path: directory } as const;
    const chart: ChartFinding = { kind: 'chart', source, confidence, ...(open && { open }), place };
    return { charts: [chart], deployments: [] };
  }
  // A base of kustomize is changed after it is built; Argo CD and Flux write into the kustomization itself.
  const isBase = manifests === undefined;
  const overlay = {
    images: isBase ? [] : images,
    patches: [],
    components: [],
    place: { file: directory === '' ? '.' : directory, path: '' },
  };
  const deployment: Deployment = {
    directory,
    overlay,
    ...(isBase ? { around: images } : { manifests }),
  };
  return { charts: [], deployments: [deployment] };
}

function pathOfChart({ source }: ChartFinding): string | undefined {
  return source.from === 'git' || source.from === 'tree' ? source.path : undefined;
}

function notThere(
  entry: Entry,
  path: string,
  item: string,
  what: 'directory' | 'chart' | 'kustomization',
): GapferryError {
  const inside = path.slice(0, 500);
  return new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    origin: 'source',
    message: printable(
      `${item} has no ${what} ${JSON.stringify(inside)} at ${revisionOf(entry)}; ${describePlace(entry.place).slice(0, 500)} points there`,
    ),
    hint: 'correct the path or the revision there; links are not followed',
    data: { path: inside },
  });
}

/** As it is written; `HEAD` where nothing is. */
function revisionOf(entry: Entry): string {
  if (entry.kind === 'oci-artifact') return entry.digest ?? entry.tag ?? entry.semver ?? 'latest';
  if (entry.kind === 'git') return entry.revision?.text.slice(0, 200) ?? 'HEAD';
  return (entry.source.from === 'git' && entry.source.revision?.text.slice(0, 200)) || 'HEAD';
}
