import {
  type Attachment,
  byAttachment,
  byNaming,
  type ChartHolding,
  type ChartPin,
  type Descriptor,
  type Digest,
  type DirectoryFile,
  type FileHolding,
  type GitHolding,
  type Holding,
  type ImageHolding,
  type ImagePin,
  type LfsObject,
  type NamedBy,
  type SizedDigest,
  type UpstreamCheck,
  uniqueByDigest,
} from '@gapferry/core';
import { checkKey } from './attachment-schemas.ts';
import { checkManifest, itemKey } from './check-manifest.ts';
import { bareContentDate } from './content-date-schema.ts';
import { sortedFileChecks } from './file-checked.ts';
import { fileBlobs } from './file-list.ts';
import { FORMATS } from './formats.ts';
import { lfsBlob } from './lfs-list.ts';
import type { ChartItem, FileItem, GitItem, ImageItem, Item, Manifest } from './manifest.ts';
import { mergeGitChecks } from './merge-git-checks.ts';
import { checkPacks, type Packs } from './packs.ts';

/** Ref lists longer than this are blobs named by digest. */
export const MAX_INLINE_REFS = 1000;

export interface Assembly {
  readonly bundle: string;
  readonly version: string;
  readonly platforms: readonly string[];
  readonly insecure: readonly string[];
  readonly holdings: readonly Holding[];
  /** The ref-list blobs of Git items with more than `MAX_INLINE_REFS` refs, by item id; see `refListOf`. */
  readonly refLists: ReadonlyMap<string, Descriptor>;
  /** Likewise of those with more than `MAX_INLINE_LFS` LFS objects. */
  readonly lfsLists?: ReadonlyMap<string, Descriptor>;
  /** Likewise of directories with more than `MAX_INLINE_FILES` files. */
  readonly fileLists?: ReadonlyMap<string, Descriptor>;
  /** The number that the release gets: packs that no release carried before say so. */
  readonly sequence?: number;
}

/** Makes the manifest and packs.json from what was fetched: pure, sorted, complete; the same holdings give the same bytes. Throws `MANIFEST_INVALID`. */
export function assemble(input: Assembly): {
  readonly manifest: Manifest;
  readonly packs: Packs | undefined;
} {
  const items = input.holdings
    .map((holding) => toItem(holding, input))
    .sort((a, b) => (itemKey(a) < itemKey(b) ? -1 : 1));
  const blobs = uniqueByDigest([
    ...input.holdings.flatMap(holdingBlobs),
    ...input.refLists.values(),
    ...(input.lfsLists?.values() ?? []),
    ...(input.fileLists?.values() ?? []),
  ]).map(({ digest, size }) => ({ digest, size }));
  const manifest = checkManifest({
    format: FORMATS.manifest,
    bundle: input.bundle,
    version: input.version,
    platforms: [...input.platforms].sort(),
    ...(input.insecure.length > 0 && { insecure: [...input.insecure].sort() }),
    blobs,
    items,
  });
  return { manifest, packs: assemblePacks(input, manifest) };
}

function assemblePacks({ holdings, sequence }: Assembly, manifest: Manifest): Packs | undefined {
  const packed = holdings
    .filter((holding) => holding.kind === 'git')
    .filter((holding) => holding.packs.length > 0);
  const items = packed
    .map(({ pin, packs }) => ({
      id: pin.id,
      packs: packs.map(({ digest, size, prerequisites, since = sequence }) => ({
        digest,
        size,
        prerequisites: [...prerequisites],
        ...(since !== undefined && { since }),
      })),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const packs = checkPacks({ format: FORMATS.packs, items }, manifest);
  return items.length === 0 ? undefined : packs;
}

type Lists = Pick<Assembly, 'refLists' | 'lfsLists' | 'fileLists'>;

function toItem(holding: Holding, lists: Lists): Item {
  switch (holding.kind) {
    case 'image':
      return toImageItem(holding);
    case 'chart':
      return toChartItem(holding);
    case 'git':
      return toGitItem(holding, lists);
    case 'file':
      return toFileItem(holding, lists);
  }
}

function toImageItem(holding: ImageHolding): ImageItem {
  const { pin, root, blobs, platforms, upstreamIndex } = holding;
  return {
    kind: 'image',
    id: pin.id,
    blobs: digestsOf(upstreamIndex === undefined ? blobs : [...blobs, upstreamIndex]),
    root: bare(root),
    platforms: [...platforms].sort(),
    upstream: pin.root.digest,
    ...(upstreamIndex && { upstreamIndex: bare(upstreamIndex) }),
    ...attachedTo(holding),
    ...datedAs(holding),
    ...namersOf(pin),
  };
}

function datedAs({ content }: Pick<ImageHolding, 'content'>): Pick<ImageItem, 'content'> {
  return content === undefined ? {} : { content: bareContentDate(content) };
}

function toChartItem(holding: ChartHolding): ChartItem {
  const { pin, root, blobs, archive } = holding;
  return {
    kind: 'chart',
    id: pin.id,
    blobs: digestsOf(blobs),
    root: bare(root),
    name: pin.name,
    version: pin.version,
    source: sourceOf(pin),
    archive: bare(archive),
    ...attachedTo(holding),
    ...namersOf(pin),
  };
}

/** A manifest names no path of whoever made it. */
function sourceOf(pin: ChartPin): string {
  switch (pin.from) {
    case 'oci':
      return `oci://${pin.id}`;
    case 'repository':
      return pin.url;
    case 'local':
      return 'local';
  }
}

/** Members without entries are left out: what has no attachments keeps its bytes. */
function attachedTo({
  attachments = [],
  checked = [],
}: ImageHolding | ChartHolding): Pick<ImageItem, 'attachments' | 'checked'> {
  const checks = new Map(checked.map((check) => [checkKey(check), check]));
  return {
    ...(attachments.length > 0 && { attachments: attachments.map(toAttachment).sort(byAttachment) }),
    ...(checks.size > 0 && { checked: [...checks].sort(([a], [b]) => (a < b ? -1 : 1)).map(toCheck) }),
  };
}

function namersOf({ namedBy }: Pick<ImagePin, 'namedBy'>): Pick<ImageItem, 'namedBy'> {
  return namedBy === undefined ? {} : { namedBy: [...namedBy].sort(byNaming).map(toNaming) };
}

function toNaming({ item, method, file, object, path }: NamedBy): NamedBy {
  return { item, method, file, ...(object !== undefined && { object }), path };
}

function toAttachment({ subject, root, artifactType, tag }: Attachment): Attachment {
  return {
    subject,
    root: bare(root),
    ...(artifactType !== undefined && { artifactType }),
    ...(tag !== undefined && { tag }),
  };
}

function toCheck([, check]: readonly [string, UpstreamCheck]): UpstreamCheck {
  switch (check.by) {
    case 'cosign-key':
      return { by: check.by, key: check.key };
    case 'cosign-identity':
      return { by: check.by, identity: check.identity, issuer: check.issuer };
    case 'helm-provenance':
      return { by: check.by, fingerprint: check.fingerprint };
  }
}

function toGitItem(holding: GitHolding, { refLists, lfsLists }: Lists): GitItem {
  const { pin, shallow, signed } = holding;
  const { lfs = [] } = pin;
  const lfsList = lfsLists?.get(pin.id);
  const list = refLists.get(pin.id);
  const refs = list === undefined ? pin.refs.map(({ name, oid }) => ({ name, oid })) : { list: bare(list) };
  return {
    kind: 'git',
    id: pin.id,
    blobs: digestsOf([list ?? [], lfsList ?? [], lfs.map(lfsBlob), signed ?? []].flat()),
    source: pin.url,
    objectFormat: pin.objectFormat,
    refs,
    ...(pin.head && { head: pin.head }),
    ...(shallow !== undefined && shallow.length > 0 && { shallow: [...shallow].sort() }),
    ...(lfs.length > 0 && { lfs: lfsList === undefined ? lfs.map(toLfsObject) : { list: bare(lfsList) } }),
    ...(pin.about !== undefined && { about: pin.about }),
    ...gitChecksOf(holding),
    ...namersOf(pin),
  };
}

function gitChecksOf({ checked = [], signed }: GitHolding): Pick<GitItem, 'checked' | 'signed'> {
  return signed === undefined || checked.length === 0
    ? {}
    : { checked: mergeGitChecks(checked), signed: bare(signed) };
}

function toLfsObject({ oid, size }: LfsObject): LfsObject {
  return { oid, size };
}

function toFileItem(holding: FileHolding, { fileLists }: Lists): FileItem {
  const { pin } = holding;
  const base = { kind: 'file', id: pin.id } as const;
  const source = 'url' in pin ? pin.url : 'local';
  const checked = sortedFileChecks(holding.checked ?? []);
  if ('root' in holding) {
    const { root } = holding;
    return { ...base, blobs: [root.digest], root: bare(root), source, checked, ...datedAs(holding) };
  }
  const list = fileLists?.get(pin.id);
  return {
    ...base,
    blobs: digestsOf([...fileBlobs(holding.files), ...(list === undefined ? [] : [list])]),
    files: list === undefined ? holding.files.map(toDirectoryFile) : { list: bare(list) },
    source,
    checked,
    ...datedAs(holding),
  };
}

function toDirectoryFile({ path, digest, size, executable }: DirectoryFile): DirectoryFile {
  return { path, digest, size, ...(executable && { executable }) };
}

function holdingBlobs(holding: Holding): readonly SizedDigest[] {
  if (holding.kind === 'git')
    return [...(holding.pin.lfs ?? []).map(lfsBlob), ...(holding.signed ? [holding.signed] : [])];
  if (holding.kind === 'file') return 'root' in holding ? [holding.root] : fileBlobs(holding.files);
  return holding.kind === 'image' && holding.upstreamIndex !== undefined
    ? [...holding.blobs, holding.upstreamIndex]
    : holding.blobs;
}

function digestsOf(blobs: readonly SizedDigest[]): Digest[] {
  return uniqueByDigest(blobs).map((blob) => blob.digest);
}

function bare({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
