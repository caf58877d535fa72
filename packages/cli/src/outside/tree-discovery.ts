import {
  type ArtifactDiscovery,
  type CommitTree,
  type FindingPlace,
  GapferryError,
  type GitPin,
  isGapferryError,
  type Run,
  type SubmoduleReader,
  type TreeDiscovery,
  type TreeEntry,
  type TreeFindings,
  type TreeReader,
} from '@gapferry/core';
import { type EntryRevision, entryRevision, revisionMissing } from './entry-revision.ts';
import { type ChartLook, joinFindings, lookIntoTree } from './look-into-tree.ts';

/** Finds what the files of pinned commits name, also by charts among them. Where there may be several trees, places say which: `v1.0:overlays/prod/kustomization.yaml`. */
export function treeDiscovery(
  reader: TreeReader & Pick<SubmoduleReader, 'readSubmodules'>,
  charts: ChartLook,
): TreeDiscovery & ArtifactDiscovery {
  return {
    discoverArtifact: async ({ id, archive }, run, entries) => {
      const { readArchiveTree } = await import('@gapferry/helm');
      const tree = await readArchiveTree(archive, `image ${id}`, run);
      const artifact = { ...tree, kind: 'image', id, url: `oci://${id}`, revisions: [] };
      return bounded(await lookIntoTree({ ...artifact, ...(entries && { entries }) }, charts, run));
    },
    discover: (pin, run, entries) =>
      entries === undefined
        ? discoverAll(reader, charts, pin, run)
        : discoverEntries(reader, charts, pin, entries, run),
  };
}

async function discoverAll(
  reader: TreeReader,
  charts: ChartLook,
  pin: GitPin,
  run: Run,
): Promise<TreeFindings> {
  const found: TreeFindings[] = [];
  const names: string[] = [];
  for await (const tree of reader.readTrees(pin, run)) {
    found.push(await lookIntoTree(ofCommit(tree, pin), charts, run));
    names.push(shortName(tree));
  }
  const several = found.length > 1;
  return bounded(joinFindings(found.map((one, i) => (several ? placed(one, names[i] ?? '') : one))));
}

/** What is deployed from a repository may need what its commit has checked out: who deploys it decides whether it gets that. */
async function submodulesOf(
  reader: Pick<SubmoduleReader, 'readSubmodules'>,
  pin: GitPin,
  { commits }: CommitTree,
  run: Run,
): Promise<TreeFindings> {
  const { references, problems } = await reader.readSubmodules(pin, run, commits);
  return {
    images: [],
    references: references.map((one) => ({ ...one, confidence: 'likely' as const })),
    problems,
  };
}

/** Each entry in the tree of its revision. Places name the tree where the repository is pinned at more than one object, whichever of them are looked at. */
async function discoverEntries(
  reader: TreeReader & Pick<SubmoduleReader, 'readSubmodules'>,
  charts: ChartLook,
  pin: GitPin,
  entries: readonly TreeEntry[],
  run: Run,
): Promise<TreeFindings> {
  const { newestVersion } = await import('@gapferry/helm');
  const located = entries.map((entry) => ({ entry, at: entryRevision(entry, pin, newestVersion) }));
  const only = {
    refs: [...new Set(located.flatMap(({ at }) => ('ref' in at ? at.ref : [])))],
    commits: [...new Set(located.flatMap(({ at }) => ('commit' in at ? at.commit : [])))],
  };
  const several = new Set(pin.refs.map(({ oid }) => oid)).size > 1 || only.commits.length > 0;
  const missing = new Set(located);
  const found: TreeFindings[] = [];
  try {
    for await (const tree of reader.readTrees(pin, run, only)) {
      const own = located.filter(({ at }) => isIn(tree, at));
      for (const one of own) missing.delete(one);
      const files = ofCommit(tree, pin);
      const looked = await lookIntoTree({ ...files, entries: own.map(({ entry }) => entry) }, charts, run);
      const both = joinFindings([looked, await submodulesOf(reader, pin, tree, run)]);
      found.push(several ? placed(both, shortName(tree)) : both);
    }
  } catch (error) {
    throw withEntry(error, located, pin);
  }
  const [lost] = missing;
  if (lost !== undefined) throw revisionMissing(lost.entry, pin, 'there are no files');
  return bounded(joinFindings(found));
}

function isIn({ refs, commits }: CommitTree, at: EntryRevision): boolean {
  if ('ref' in at) return refs.includes(at.ref);
  return commits.some((commit) => commit.startsWith(at.commit.toLowerCase()));
}

/** The reader knows the commit that is not reached, and not who names it. */
function withEntry(
  error: unknown,
  located: readonly { readonly entry: TreeEntry; readonly at: EntryRevision }[],
  pin: GitPin,
): unknown {
  if (!isGapferryError(error, 'SOURCE_NOT_FOUND') || error.data['revision'] === undefined) return error;
  const lost = located.find(({ at }) => 'commit' in at && at.commit === error.data['revision']);
  return lost === undefined ? error : revisionMissing(lost.entry, pin, error.message);
}

function ofCommit(tree: CommitTree, { id, url }: GitPin): Parameters<typeof lookIntoTree>[0] {
  const { files, leftOut, refs, commits } = tree;
  return { files, leftOut, kind: 'git', id, url, revisions: [...refs, ...commits] };
}

function shortName({ refs: [ref], commits: [commit = ''] }: CommitTree): string {
  return ref === undefined ? commit.slice(0, 12) : ref.replace(/^refs\/(?:heads|tags)\//, '');
}

function placed({ images, references, problems }: TreeFindings, name: string): TreeFindings {
  const at = <T extends { readonly place: FindingPlace }>(found: T): T => ({
    ...found,
    place: { ...found.place, file: `${name}:${found.place.file}` },
  });
  return { images: images.map(at), references: references.map(at), problems: problems.map(at) };
}

/** Characters of values that references bring along. */
const MOST_VALUES = 67_108_864;

function bounded(findings: TreeFindings): TreeFindings {
  let length = 0;
  for (const reference of findings.references)
    for (const values of (reference.kind === 'chart' && reference.values) || [])
      if (values.from === 'inline') length += values.content.length;
  if (length <= MOST_VALUES) return findings;
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `the values of charts that it points to have ${length} characters, more than ${MOST_VALUES}`,
    hint: 'leave out "images: discover" of the repository, and name its images and charts in bundle.yaml',
  });
}
