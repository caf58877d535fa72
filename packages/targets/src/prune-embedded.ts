import { rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type Descriptor,
  type Digest,
  hasLinks,
  inLanes,
  isDigest,
  MANIFEST_LIMITS,
  type PruneFile,
  type PruneNames,
  type PruneOutcome,
  type PruneRequest,
  type PruneStep,
  parseManifestLinks,
  type Run,
  readVerified,
  type SizedDigest,
  unsafePathReason,
} from '@gapferry/core';
import { type EmbeddedStore, isPrunable, type NamedRoot, type PrunableStore } from './embedded-store.ts';
import { embeddedRoots } from './embedded-tree.ts';
import { ociName } from './map-item.ts';
import { treeError } from './tree-error.ts';
import { factsAt, seeFile } from './tree-look.ts';
import { syncDirectory } from './tree-write.ts';

export interface PrunePlace {
  readonly store: EmbeddedStore;
  /** Root of the embedded depot. */
  readonly tree: string;
}

/** Files that are read at a time. */
const FILES_AT_ONCE = 4;

/** Names that no release that stays sets and that stand where the channel left them; then blobs that only they, or names that moved on since, or files of releases that go needed; then files that are as the channel left them. */
export async function prunableInDepot(
  place: PrunePlace,
  request: PruneRequest,
  run: Run,
): Promise<readonly PruneStep[]> {
  if (!isPrunable(place.store)) return [];
  const { names, blobs } = await judge(place.store, request, run);
  const files = await inLanes(
    request.files.flatMap(pathsOf),
    FILES_AT_ONCE,
    (file, inner) => fileStep(place, file, inner),
    run,
  );
  const stays = (await place.store.listReleases()).length > 0 && {
    stays: 'this depot holds releases as well, which may need it',
  };
  return [
    ...names.map(({ name }): PruneStep => ({ place: name, what: 'name' })),
    ...blobs.map(({ digest, size }): PruneStep => ({ place: digest, what: 'blob', bytes: size, ...stays })),
    ...files.flat(),
  ];
}

export async function pruneInDepot(
  place: PrunePlace,
  step: PruneStep,
  request: PruneRequest,
  run: Run,
): Promise<PruneOutcome> {
  const { store } = place;
  if (!isPrunable(store)) return { state: 'stays', why: 'this depot lets nothing go' };
  switch (step.what) {
    case 'name': {
      const { names } = await judgeNames(store, request);
      const going = names.filter(({ name }) => name === step.place);
      await store.dropNames(going, run);
      return { state: going.length > 0 ? 'removed' : 'gone' };
    }
    case 'blob':
      // The steps are those of right now: names went before, and nobody else works with the depot.
      if (isDigest(step.place)) await store.discard(step.place);
      return { state: 'removed' };
    default:
      return await pruneFile(place, step, request, run);
  }
}

/** Names and files that are not there. */
export async function goneInDepot(
  { store, tree }: PrunePlace,
  { manifests, tags, files }: PruneNames,
  run: Run,
): Promise<PruneNames> {
  const there = new Set((await store.names()).map(({ name }) => name));
  const root = embeddedRoots(tree).files;
  const gone: PruneFile[] = [];
  for (const file of files) {
    const facts = await Promise.all(pathsOf(file).map(({ path }) => seeFile(root, path, run)));
    if (facts.every((seen) => seen === undefined)) gone.push(file);
  }
  return {
    manifests: manifests.filter(
      ({ repository, digest }) => !there.has(ociName({ repository, root: { digest } })),
    ),
    tags: tags.filter((tag) => !there.has(ociName({ ...tag, root: tag }))),
    files: gone,
  };
}

async function judge(
  store: PrunableStore,
  request: PruneRequest,
  run: Run,
): Promise<{ readonly names: readonly NamedRoot[]; readonly blobs: readonly SizedDigest[] }> {
  const { names, others } = await judgeNames(store, request);
  const stays = new Map<Digest, Descriptor>();
  for (const root of [...others.map((one) => one.root), ...(await store.unnamed())])
    await gather(store, root, stays, run);
  const reached = new Map<Digest, Descriptor>();
  const roots = [...names, ...request.manifests].flatMap(({ root }) => root ?? []);
  for (const root of roots) await gather(store, root, reached, run);
  const blobs = [...reached.values()].filter(
    ({ digest }) => !stays.has(digest) && !request.needed.has(digest),
  );
  const contents: SizedDigest[] = [];
  for (const content of request.contents) {
    const isOther = stays.has(content.digest) || reached.has(content.digest);
    if (!isOther && !request.needed.has(content.digest) && (await store.has(content, run)))
      contents.push(content);
  }
  // What names others goes after them, an index last: what a break leaves is found again from it.
  const parts = blobs.filter(({ mediaType }) => !hasLinks(mediaType));
  const manifests = blobs.filter(({ mediaType }) => hasLinks(mediaType)).reverse();
  return { names, blobs: [...contents, ...parts, ...manifests] };
}

async function judgeNames(
  store: EmbeddedStore,
  request: PruneRequest,
): Promise<{ readonly names: readonly NamedRoot[]; readonly others: readonly NamedRoot[] }> {
  const own = new Map(request.tags.map((tag) => [ociName({ ...tag, root: tag }), tag.digest]));
  for (const { repository, digest } of request.manifests) {
    const name = ociName({ repository, root: { digest } });
    own.set(name, digest);
  }
  const all = await store.names();
  const isOwn = ({ name, root }: NamedRoot): boolean =>
    own.get(name) === root.digest && !request.needed.has(root.digest);
  return { names: all.filter(isOwn), others: all.filter((one) => !isOwn(one)) };
}

/** Everything that is there of what a root reaches. */
async function gather(
  store: EmbeddedStore,
  part: Descriptor,
  into: Map<Digest, Descriptor>,
  run: Run,
): Promise<void> {
  if (into.has(part.digest) || !(await store.has(part, run))) return;
  into.set(part.digest, part);
  if (!hasLinks(part.mediaType) || part.size > MANIFEST_LIMITS.maxBytes) return;
  const bytes = await readVerified(part, store.open(part, run), { origin: 'target' });
  for (const link of parseManifestLinks(bytes, part.mediaType, `manifest ${part.digest}`).links)
    await gather(store, link, into, run);
}

interface OwnFile {
  readonly path: string;
  readonly digest: string;
}

/** Of a directory each of its files. What the ledger says is judged before it becomes a path. */
function pathsOf({ path, left }: PruneFile): OwnFile[] {
  return Object.entries(left).flatMap(([name, digest]) => {
    const file = path.endsWith('/') ? name : path;
    return unsafePathReason(file) === undefined ? [{ path: file, digest }] : [];
  });
}

async function fileStep({ tree }: PrunePlace, file: OwnFile, run: Run): Promise<PruneStep[]> {
  const root = embeddedRoots(tree).files;
  const seen = await seeFile(root, file.path, run);
  if (seen?.digest !== file.digest) return [];
  const facts = await factsAt(root, file.path);
  return [{ place: `files/${file.path}`, what: 'file', bytes: Number(facts?.size ?? 0) }];
}

async function pruneFile(
  { tree }: PrunePlace,
  step: PruneStep,
  { files }: PruneRequest,
  run: Run,
): Promise<PruneOutcome> {
  const root = embeddedRoots(tree).files;
  const own = files.flatMap(pathsOf).find(({ path }) => `files/${path}` === step.place);
  const seen = own === undefined ? undefined : await seeFile(root, own.path, run);
  if (own === undefined || seen === undefined) return { state: 'gone' };
  if (seen.digest !== own.digest)
    return { state: 'stays', why: 'somebody changed it since an earlier release left it there' };
  await removeFile(root, own.path);
  return { state: 'removed' };
}

/** And the directories that are empty without it. */
async function removeFile(root: string, path: string): Promise<void> {
  const file = join(root, ...path.split('/'));
  try {
    await rm(file);
    await syncDirectory(dirname(file));
  } catch (error) {
    throw treeError('remove', file, error);
  }
  for (let directory = dirname(file); directory !== root; directory = dirname(directory))
    try {
      await rmdir(directory);
    } catch {
      return;
    }
}
