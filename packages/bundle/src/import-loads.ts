import {
  type Attachment,
  type ContentLoad,
  type Digest,
  type DirectoryFile,
  fileState,
  GapferryError,
  type GitPack,
  type GitRef,
  type Load,
  type LoadFile,
  MEDIA_TYPES,
  type NameLoad,
  type NameState,
  parseImageReference,
  repositoryOf,
  type SizedDigest,
  toDirectoryName,
  toRepositoryName,
} from '@gapferry/core';
import { requireVerified, type VerifiedRelease } from './complete.ts';
import { type FileLists, filesIn } from './directory-change.ts';
import { loadedAttachments } from './loaded-attachments.ts';
import {
  type ChartItem,
  describeItem,
  type FileItem,
  type GitItem,
  type ImageItem,
  type Item,
  type ItemKind,
  isDirectoryItem,
} from './manifest.ts';

/** Which target takes which kinds; the first that matches takes the item. */
export interface TargetRule {
  readonly name: string;
  readonly takes: readonly ItemKind[];
}

/** What one target is asked to hold for one item: the content, and the name under which it becomes visible. */
export interface ItemLoads {
  readonly target: string;
  readonly item: Item;
  /** Absent for the tag of an attachment: its content goes with the item's. */
  readonly content?: ContentLoad;
  readonly name: NameLoad;
}

/** Blobs of images that targets hold, by item id: what is reached from the root and from the attachments that are loaded, themselves included. */
export type ReachedBlobs = ReadonlyMap<string, ReadonlySet<Digest>>;

/** Says where each item goes, in manifest order, the tags of its attachments after it. `refs` gives the refs of Git items whose list is a blob, `reached` the blobs of images that
 *  carry a record beside what is loaded (`hasRecord`), `files` the files of directories whose list is a blob. Throws `CONFIG_INVALID` for an item that no target takes, `INTERNAL` for something that was not given. */
export function importLoads(
  release: VerifiedRelease,
  targets: readonly TargetRule[],
  refs: ReadonlyMap<string, readonly GitRef[]>,
  reached: ReachedBlobs = new Map(),
  files: FileLists = new Map(),
): ItemLoads[] {
  const { manifest, packs } = requireVerified(release).opened;
  const parts: Parts = {
    sizes: new Map(manifest.blobs.map((blob) => [blob.digest, blob])),
    refs,
    reached,
    files,
    packs: new Map((packs?.items ?? []).map((item) => [item.id, item.packs])),
  };
  const loads = manifest.items.map((item) => {
    const target = targets.find((rule) => rule.takes.includes(item.kind));
    if (target === undefined) throw noTarget(item);
    return { target: target.name, item, ...loadsOf(item, parts) };
  });
  return withAttachmentTags(loads);
}

/** Two items of one repository may have an attachment in common, and one may be an item besides: the same tag with the same root is one load. */
function withAttachmentTags(loads: readonly (ItemLoads & Pair)[]): ItemLoads[] {
  const standing = new Set(loads.map(nameKey));
  return loads.flatMap((main) => [
    main,
    ...attachmentTags(main).filter((load) => {
      const isNew = !standing.has(nameKey(load));
      standing.add(nameKey(load));
      return isNew;
    }),
  ]);
}

function nameKey({ target, name }: ItemLoads): string {
  return `${target} ${placeOf(name)} ${JSON.stringify(wantedState(name))}`;
}

function attachmentTags({ target, item, content }: ItemLoads & Pair): ItemLoads[] {
  if (content.kind !== 'oci') return [];
  const { kind, repository } = content;
  return (content.attachments ?? []).flatMap(({ tag, root }) =>
    tag === undefined
      ? []
      : [
          {
            target,
            item,
            name: { phase: 'name', kind, of: 'attachment', item: content.item, repository, tag, root },
          },
        ],
  );
}

type Pair = { readonly content: ContentLoad; readonly name: NameLoad };

/** Looked up once for all items. */
interface Parts {
  readonly sizes: ReadonlyMap<Digest, SizedDigest>;
  /** By item id. */
  readonly refs: ReadonlyMap<string, readonly GitRef[]>;
  readonly reached: ReachedBlobs;
  /** By item id. */
  readonly files: FileLists;
  /** By item id. */
  readonly packs: ReadonlyMap<string, readonly GitPack[]>;
}

function loadsOf(item: Item, parts: Parts): Pair {
  switch (item.kind) {
    case 'image':
      return imageLoads(item, parts);
    case 'chart':
      return chartLoads(item, parts);
    case 'git':
      return gitLoads(item, parts);
    case 'file':
      return fileLoads(item, parts);
  }
}

function refsOf(item: GitItem, lists: Parts['refs']): readonly GitRef[] {
  if (!('list' in item.refs)) return item.refs;
  const refs = lists.get(item.id);
  if (refs !== undefined) return refs;
  throw new GapferryError({
    code: 'INTERNAL',
    message: `the list of refs of ${describeItem(item)} was not read`,
  });
}

function blobsIn(item: Item, sizes: Parts['sizes']): SizedDigest[] {
  return item.blobs.flatMap((digest) => sizes.get(digest) ?? []);
}

/** What is only a record stays on the medium and in the manifest; it is no part of what a registry serves. */
function imageLoads(item: ImageItem, { sizes, reached }: Parts): Pair {
  const reference = parseImageReference(item.id);
  const base = baseOf(item, repositoryOf(reference));
  const isLoaded = reached.get(item.id);
  if (hasRecord(item) && isLoaded === undefined)
    throw new GapferryError({
      code: 'INTERNAL',
      message: `what ${describeItem(item)} reaches was not read`,
    });
  const blobs = blobsIn(item, sizes).filter(({ digest }) => isLoaded?.has(digest) ?? true);
  return {
    content: { ...base, phase: 'content', blobs, ...attachmentsOf(item) },
    name: { ...base, phase: 'name', of: 'image', ...(reference.tag !== undefined && { tag: reference.tag }) },
  };
}

/** Does the item carry something beside what targets hold? */
export function hasRecord(item: ImageItem): boolean {
  return item.upstreamIndex !== undefined;
}

function attachmentsOf(item: ImageItem | ChartItem): { attachments?: readonly Attachment[] } {
  const attachments = loadedAttachments(item);
  return attachments.length === 0 ? {} : { attachments };
}

function baseOf(item: ImageItem | ChartItem, repository: string) {
  const name = toRepositoryName(repository);
  return { kind: 'oci', item: describeItem(item), repository: name, root: item.root } as const;
}

/** OCI tags have no `+`: Helm writes `_` instead (helm.sh, registries). */
function chartLoads(item: ChartItem, { sizes }: Parts): Pair {
  const base = baseOf(item, item.id.slice(0, -item.version.length - 1));
  return {
    content: { ...base, phase: 'content', blobs: blobsIn(item, sizes), ...attachmentsOf(item) },
    name: { ...base, phase: 'name', of: 'chart', tag: item.version.replaceAll('+', '_') },
  };
}

function gitLoads(item: GitItem, parts: Parts): Pair {
  const refs = refsOf(item, parts.refs);
  const packs = parts.packs.get(item.id) ?? [];
  const lfs = lfsBlobs(item, parts.sizes);
  // `x` and `x.git` are one directory at a target, so they are one place for whoever asks who owns it.
  const repository = toDirectoryName(item.id).replace(/\.git$/, '');
  const shallow = item.shallow === undefined ? {} : { shallow: item.shallow };
  const base = {
    kind: 'git',
    item: describeItem(item),
    repository,
    refs,
    source: item.source,
    ...shallow,
  } as const;
  return {
    content: {
      ...base,
      phase: 'content',
      objectFormat: item.objectFormat,
      packs,
      ...(lfs.length > 0 && { lfs }),
    },
    name: {
      ...base,
      phase: 'name',
      ...(item.head !== undefined && { head: item.head }),
      ...(item.about !== undefined && { about: item.about }),
    },
  };
}

/** All blobs of a repository but its lists and its signed tags and commits. */
function lfsBlobs(item: GitItem, sizes: Parts['sizes']): SizedDigest[] {
  if (item.lfs === undefined) return [];
  const lists = [item.refs, item.lfs].flatMap((list) => ('list' in list ? [list.list.digest] : []));
  const others = item.signed === undefined ? lists : [...lists, item.signed.digest];
  const objects = 'list' in item.lfs ? undefined : new Set(item.lfs.map(({ oid }) => oid));
  return blobsIn(item, sizes).filter(({ digest }) => objects?.has(digest) ?? !others.includes(digest));
}

function fileLoads(item: FileItem, parts: Parts): Pair {
  const path = toDirectoryName(item.id);
  const files = isDirectoryItem(item)
    ? filesIn(item, parts.files).map((file) => toLoadFile(path, file))
    : [{ path, root: item.root }];
  const base = { kind: 'file', item: describeItem(item), path, source: item.source, files } as const;
  return { content: { ...base, phase: 'content' }, name: { ...base, phase: 'name' } };
}

function toLoadFile(directory: string, { path, digest, size, executable }: DirectoryFile): LoadFile {
  return {
    path: `${directory}${path}`,
    root: { mediaType: MEDIA_TYPES.octets, digest, size },
    ...(executable && { executable }),
  };
}

/** The place a name load fills, unique within a target: `oci registry/path:tag`, `git host/path`, `file path`. */
export function placeOf(load: NameLoad): string {
  switch (load.kind) {
    case 'oci':
      return load.tag === undefined
        ? `oci ${load.repository}@${load.root.digest}`
        : `oci ${load.repository}:${load.tag}`;
    case 'git':
      return `git ${load.repository}`;
    case 'file':
      return `file ${load.path}`;
  }
}

/** A place (`placeOf`) for people, to whom `oci` says nothing: `image registry/path:tag`, or without a kind `registry/path:tag`. */
export function placeText(place: string, kind?: ItemKind): string {
  const name = place.slice(place.indexOf(' ') + 1);
  return kind === undefined ? name : `${kind} ${name}`;
}

/** Places that an item of a release fills at its target, with those of its attachments' tags; nothing of it need be at hand but the manifest. */
export function placesOf(item: Item): readonly string[] {
  const loads = loadsOf(item, NOTHING_READ);
  return [loads, ...attachmentTags({ target: '', item, ...loads })].map(({ name }) => placeOf(name));
}

const NOTHING_READ: Parts = {
  sizes: new Map(),
  packs: new Map(),
  refs: always([]),
  reached: always(new Set()),
  files: always([]),
};

function always<T>(value: T): ReadonlyMap<string, T> {
  const map = new Map<string, T>();
  map.get = () => value;
  return map;
}

/** What a name load makes its place stand for. */
export function wantedState(load: NameLoad): NameState {
  switch (load.kind) {
    case 'oci':
      return { digest: load.root.digest };
    case 'git':
      return Object.fromEntries(load.refs.map((ref) => [ref.name, ref.oid]));
    case 'file':
      return fileState(load);
  }
}

export function isContentLoad(load: Load): load is ContentLoad {
  return load.phase === 'content';
}

function noTarget(item: Item): GapferryError {
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: `no target of the site takes ${describeItem(item)}`,
    hint: `add "${item.kind === 'git' ? 'git' : `${item.kind}s`}" to the \`takes\` of a target in site.yaml`,
    origin: 'site',
  });
}
