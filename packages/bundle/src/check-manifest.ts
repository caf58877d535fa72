import {
  caseCollisions,
  type Digest,
  folderConflicts,
  foldName,
  formatImageReference,
  isIndexType,
  isManifestType,
  parseCanonicalJson,
  parseImageReference,
  RELEASE_LIMITS,
  type SizedDigest,
  toDirectoryName,
  unsafePathReason,
} from '@gapferry/core';
import { attachmentProblems } from './attachment-problems.ts';
import { contentProblems } from './content-of-item.ts';
import { fileCheckProblems } from './file-checked.ts';
import { FILE_LISTS_LIMIT, fileListProblems } from './file-list.ts';
import { requireFormat } from './formats.ts';
import { lfsBlob, unsortedAt } from './lfs-list.ts';
import {
  type ChartItem,
  type DirectoryItem,
  describeItem,
  type GitItem,
  type ImageItem,
  type Item,
  isDirectoryItem,
  type Manifest,
  manifestSchema,
} from './manifest.ts';
import { namingProblems } from './named-by.ts';
import { documentError, type Problem, toProblems } from './problems.ts';
import { gitCheckProblems } from './signed-objects.ts';
import { tagProblems } from './tag-problems.ts';

const LIMITS = { maxBytes: RELEASE_LIMITS.manifest, maxDepth: 12 };

/** Parses manifest.json and checks every invariant, all problems at once.
 *  Throws `LIMIT_EXCEEDED`, `JSON_INVALID`, `FORMAT_UNKNOWN` or `MANIFEST_INVALID`. */
export function parseManifest(bytes: Uint8Array, what = 'manifest.json'): Manifest {
  const value = parseCanonicalJson(bytes, what, LIMITS);
  requireFormat(value, 'manifest', what);
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) throw documentError('MANIFEST_INVALID', what, toProblems(parsed.error));
  return checkManifest(parsed.data, what);
}

/** Every invariant of a manifest, stated once; used when it is assembled and when it is read (docs/spec/03-manifest.md). Throws `MANIFEST_INVALID`. */
export function checkManifest(manifest: Manifest, what = 'manifest.json'): Manifest {
  const problems = [
    ...orderProblems(manifest),
    ...closureProblems(manifest),
    ...manifest.items.flatMap(itemProblems),
    ...nameProblems(manifest),
    ...relationProblems(manifest),
    ...listProblems(manifest),
  ];
  if (problems.length > 0) throw documentError('MANIFEST_INVALID', what, problems);
  return manifest;
}

function orderProblems({ blobs, items, platforms }: Manifest): Problem[] {
  return [
    ...strictlyRising(
      blobs.map((blob) => blob.digest),
      'blobs',
      'blob',
    ),
    ...strictlyRising(items.map(itemKey), 'items', 'item'),
    ...strictlyRising(platforms, 'platforms', 'platform'),
    ...items.flatMap((item, i) =>
      strictlyRising(item.blobs, `items[${i}].blobs`, `blob of ${describeItem(item)}`),
    ),
  ];
}

/** Sort key: items are ordered by kind, then id, both by UTF-16 code units. */
export function itemKey(item: Pick<Item, 'kind' | 'id'>): string {
  return `${item.kind} ${item.id}`;
}

function strictlyRising(keys: readonly string[], path: string, noun: string): Problem[] {
  const problems: Problem[] = [];
  for (let i = 1; i < keys.length; i++) {
    const [before = '', here = ''] = [keys[i - 1], keys[i]];
    if (before === here) problems.push({ path: `${path}[${i}]`, message: `duplicate ${noun} ${here}` });
    else if (before > here)
      problems.push({ path: `${path}[${i}]`, message: `${noun} ${here} is out of order` });
  }
  return problems;
}

/** The blob table and the items name exactly the same digests, with the same sizes. */
function closureProblems({ blobs, items }: Manifest): Problem[] {
  const sizes = new Map<Digest, number>(blobs.map((blob) => [blob.digest, blob.size]));
  const unnamed = new Set(sizes.keys());
  const problems: Problem[] = [];
  items.forEach((item, i) => {
    const own = new Set(item.blobs);
    for (const digest of own) {
      unnamed.delete(digest);
      if (!sizes.has(digest))
        problems.push({
          path: `items[${i}].blobs`,
          message: `${describeItem(item)} needs blob ${digest}, which is not in the list of blobs`,
        });
    }
    for (const { digest, size } of descriptorsOf(item)) {
      if (!own.has(digest))
        problems.push({
          path: `items[${i}]`,
          message: `${describeItem(item)} does not list its own ${digest}`,
        });
      else if (sizes.get(digest) !== size)
        problems.push({
          path: `items[${i}]`,
          message: `${describeItem(item)} says that ${digest} has ${size} bytes, the list of blobs says ${sizes.get(digest)}`,
        });
    }
  });
  for (const digest of unnamed)
    problems.push({ path: 'blobs', message: `blob ${digest} belongs to no item` });
  if (!Number.isSafeInteger(blobs.reduce((sum, blob) => sum + blob.size, 0)))
    problems.push({ path: 'blobs', message: 'the sizes add up to more than can be counted' });
  return problems;
}

/** Sized digests that an item carries besides its list of digests. */
export function descriptorsOf(item: Item): readonly SizedDigest[] {
  switch (item.kind) {
    case 'image':
      return [
        item.root,
        ...(item.upstreamIndex === undefined ? [] : [item.upstreamIndex]),
        ...attached(item),
      ];
    case 'chart':
      return [item.root, item.archive, ...attached(item)];
    case 'git':
      return [
        ...('list' in item.refs ? [item.refs.list] : []),
        ...lfsOf(item),
        ...(item.signed === undefined ? [] : [item.signed]),
      ];
    case 'file':
      return isDirectoryItem(item) ? filesOf(item) : [item.root];
  }
}

function lfsOf({ lfs = [] }: GitItem): readonly SizedDigest[] {
  return 'list' in lfs ? [lfs.list] : lfs.map(lfsBlob);
}

function filesOf({ files }: DirectoryItem): readonly SizedDigest[] {
  return 'list' in files ? [files.list] : files;
}

function attached({ attachments = [] }: ImageItem | ChartItem): SizedDigest[] {
  return attachments.map(({ root }) => root);
}

function itemProblems(item: Item, i: number): Problem[] {
  const problems = [...KIND_PROBLEMS[item.kind](item as never), ...contentProblems(item)];
  return problems.map((message) => ({ path: `items[${i}]`, message: `${describeItem(item)}: ${message}` }));
}

const KIND_PROBLEMS: { readonly [K in Item['kind']]: (item: Extract<Item, { kind: K }>) => string[] } = {
  image: (item) => [
    ...(isReference(item.id) ? [] : ['its id is not a full image reference']),
    ...(digestIn(item.id) === undefined || digestIn(item.id) === item.upstream
      ? []
      : ['what upstream served is not the digest in its id']),
    ...(isIndexType(item.root.mediaType) || isManifestType(item.root.mediaType)
      ? []
      : [`its root has the media type ${item.root.mediaType}`]),
    ...(item.upstreamIndex !== undefined && item.upstreamIndex.digest !== item.upstream
      ? ['its upstream index is not what upstream served']
      : []),
    ...(item.upstreamIndex === undefined && item.upstream !== item.root.digest
      ? ['its root is not what upstream served, and no upstream index is kept']
      : []),
    ...attachmentProblems(item),
  ],
  chart: (item) => [
    ...(isManifestType(item.root.mediaType) ? [] : [`its root has the media type ${item.root.mediaType}`]),
    ...(item.id.endsWith(`:${item.version}`) ? [] : [`its id does not end with its version ${item.version}`]),
    ...pathProblem(toDirectoryName(item.id)),
    ...attachmentProblems(item),
  ],
  git: (item) => [
    ...pathProblem(toDirectoryName(item.id)),
    ...refProblems(item),
    ...shallowProblems(item),
    ...lfsProblems(item),
    ...gitCheckProblems(item),
  ],
  file: (item) => [
    ...(isDirectoryItem(item)
      ? directoryProblems(item)
      : [...pathProblem(item.id), ...(item.blobs.length === 1 ? [] : ['a file has exactly one blob'])]),
    ...fileCheckProblems(item.checked),
  ],
};

/** What names an image is in the same release. */
function relationProblems({ items }: Manifest): Problem[] {
  const there = new Set(items.map(describeItem));
  return items.flatMap((item, i) => {
    const namedBy = item.kind === 'file' ? [] : (item.namedBy ?? []);
    return namingProblems(namedBy, there).map((message) => ({
      path: `items[${i}].namedBy`,
      message: `${describeItem(item)}: ${message}`,
    }));
  });
}

/** Each directory has its own list to its reader, whether or not another one has the same. */
function listProblems({ items }: Manifest): Problem[] {
  const sizes = items.map((item) =>
    isDirectoryItem(item) && 'list' in item.files ? item.files.list.size : 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0) <= FILE_LISTS_LIMIT
    ? []
    : [
        {
          path: 'items',
          message: `the lists of the files of its directories add up to more than ${FILE_LISTS_LIMIT} bytes`,
        },
      ];
}

function digestIn(id: string): string | undefined {
  const at = id.indexOf('@');
  return at < 0 ? undefined : id.slice(at + 1);
}

function shallowProblems({ objectFormat, shallow = [] }: Extract<Item, { kind: 'git' }>): string[] {
  const length = objectFormat === 'sha1' ? 40 : 64;
  return [
    ...strictlyRising(shallow, 'shallow', 'cut').map((problem) => problem.message),
    ...(shallow.every((oid) => oid.length === length) ? [] : [`a cut is not ${objectFormat}`]),
  ];
}

/** Every blob of a repository is a list or an LFS object. With a list of objects, whoever reads it holds the rest against it. */
function lfsProblems(item: GitItem): string[] {
  const { lfs = [] } = item;
  const isList = 'list' in lfs;
  const own = new Set(descriptorsOf(item).map(({ digest }) => digest));
  return [
    ...(!isList && unsortedAt(lfs) >= 0 ? ['its LFS objects are not sorted or stand twice'] : []),
    ...(isList || item.blobs.every((digest) => own.has(digest))
      ? []
      : [
          `it names a blob that is no LFS object${'list' in item.refs ? ' and not its list of refs' : ' although its refs are in line'}`,
        ]),
  ];
}

/** Every blob of a directory is its list or one of its files. With a list, whoever reads it holds the rest against it. */
function directoryProblems({ id, files, blobs }: DirectoryItem): string[] {
  const name = id.endsWith('/') ? pathProblem(id.slice(0, -1)) : ['the id of a directory ends with /'];
  if ('list' in files) return name;
  const own = new Set(files.map(({ digest }) => digest));
  const isClosed = blobs.every((digest) => own.has(digest));
  return [...name, ...fileListProblems(files, id), ...(isClosed ? [] : ['it names a blob that no file is'])];
}

function refProblems(item: Extract<Item, { kind: 'git' }>): string[] {
  if ('list' in item.refs) return [];
  const length = item.objectFormat === 'sha1' ? 40 : 64;
  const names = item.refs.map((ref) => ref.name);
  return [
    ...strictlyRising(names, 'refs', 'ref').map((problem) => problem.message),
    ...folderConflicts(names).map(([folder, name]) => `Git cannot hold both ${folder} and ${name}`),
    ...(item.refs.every((ref) => ref.oid.length === length)
      ? []
      : [`an object id is not ${item.objectFormat}`]),
    ...(item.head === undefined || names.includes(item.head)
      ? []
      : [`its HEAD ${item.head} is not one of its refs`]),
  ];
}

function pathProblem(path: string): string[] {
  const reason = unsafePathReason(path);
  return reason === undefined ? [] : [`its name is not safe: ${reason}`];
}

/** In full: with the short form beside it, one image would stand in a manifest twice. */
function isReference(id: string): boolean {
  try {
    return formatImageReference(parseImageReference(id)) === id;
  } catch {
    return false;
  }
}

/** Names that would be one file or directory on the inside, or one name at a registry. */
function nameProblems({ items }: Manifest): Problem[] {
  const byKind = (kind: Item['kind']): string[] =>
    items
      .filter((item) => item.kind === kind)
      .map((item) => toDirectoryName(isDirectoryItem(item) ? item.id.replace(/\/$/, '') : item.id));
  return (['git', 'file'] as const)
    .flatMap((kind) => [
      ...caseCollisions(byKind(kind)).map(([a, b]) => ({
        path: 'items',
        message: `${kind} ${a} and ${kind} ${b} would have the same name on some file systems`,
      })),
      ...nested(byKind(kind)).map(([a, b]) => ({
        path: 'items',
        message: `${kind} ${b} would lie inside ${kind} ${a}`,
      })),
    ])
    .concat(tagProblems(items));
}

/** Pairs in which one path is a directory on the other's way. */
function nested(paths: readonly string[]): Array<readonly [string, string]> {
  const all = new Set(paths.map(foldName));
  return paths.flatMap((path) => {
    const parts = foldName(path).split('/');
    const above = parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
    return above.filter((parent) => all.has(parent)).map((parent) => [parent, path] as const);
  });
}

/** Blobs of a manifest with the items that need each, for errors that name items. */
export function itemsByBlob(manifest: Manifest): ReadonlyMap<Digest, readonly Item[]> {
  const map = new Map<Digest, Item[]>();
  for (const item of manifest.items)
    for (const digest of item.blobs) {
      const items = map.get(digest);
      if (items === undefined) map.set(digest, [item]);
      else items.push(item);
    }
  return map;
}

/** Sized digests of one item, from the manifest's table. */
export function blobsOf(manifest: Manifest, item: Item): SizedDigest[] {
  const sizes = sizesOf(manifest);
  return item.blobs.flatMap((digest) => {
    const size = sizes.get(digest);
    return size === undefined ? [] : [{ digest, size }];
  });
}

/** Asked for once per item: the table of a large manifest is made once. */
const tables = new WeakMap<Manifest, ReadonlyMap<Digest, number>>();

function sizesOf(manifest: Manifest): ReadonlyMap<Digest, number> {
  const known = tables.get(manifest);
  if (known !== undefined) return known;
  const table = new Map(manifest.blobs.map(({ digest, size }) => [digest, size]));
  tables.set(manifest, table);
  return table;
}
