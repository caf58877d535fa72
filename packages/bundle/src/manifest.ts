import type {
  Attachment,
  ContentDate,
  Descriptor,
  Digest,
  DirectoryFile,
  FileCheck,
  GitCheck,
  GitRef,
  LfsObject,
  NamedBy,
  RepositoryAbout,
  SizedDigest,
  UpstreamCheck,
} from '@gapferry/core';
import { z } from 'zod';
import { aboutSchema } from './about-schema.ts';
import {
  attachmentsSchema,
  chartCheckedSchema,
  gitCheckedSchema,
  imageCheckedSchema,
} from './attachment-schemas.ts';
import { contentDateSchema } from './content-date-schema.ts';
import { fileCheckedSchema } from './file-checked.ts';
import { directoryFileSchema, MAX_INLINE_FILES } from './file-list.ts';
import { FORMATS } from './formats.ts';
import { lfsObjectSchema, MAX_INLINE_LFS } from './lfs-list.ts';
import { namedBySchema } from './named-by.ts';
import {
  descriptorSchema,
  digestSchema,
  gitRefSchema,
  nameSchema,
  oidSchema,
  refNameSchema,
  sizedDigestSchema,
  textSchema,
  versionSchema,
} from './schemas.ts';

/** The content identity of a release (docs/spec/03-manifest.md): canonical JSON, no clock, no host of ours, no path of ours. */
export interface Manifest {
  readonly format: 'gapferry.manifest/1';
  readonly bundle: string;
  readonly version: string;
  /** Wanted platforms, sorted; empty: all. */
  readonly platforms: readonly string[];
  /** Hosts that were spoken to over plain HTTP or unverified TLS, sorted; absent when there were none. */
  readonly insecure?: readonly string[];
  /** Every blob of every item, sorted by digest. Git packs are not here: they stand in packs.json. */
  readonly blobs: readonly SizedDigest[];
  /** Sorted by kind, then id. */
  readonly items: readonly Item[];
}

export type Item = ImageItem | ChartItem | GitItem | FileItem;
export type ItemKind = Item['kind'];

interface ItemBase {
  /** The full upstream identity, unique per kind. */
  readonly id: string;
  /** Digests of everything the item needs, sorted; each stands in the manifest's `blobs`. */
  readonly blobs: readonly Digest[];
}

export interface ImageItem extends ItemBase {
  readonly kind: 'image';
  readonly root: Descriptor;
  readonly platforms: readonly string[];
  /** Digest that upstream served for the reference. Differs from `root` when the index was filtered. */
  readonly upstream: Digest;
  /** The upstream index as it came, when `root` is a filtered index. */
  readonly upstreamIndex?: Descriptor;
  /** What belongs to the image and travels with it, sorted by `byAttachment`. Those about the upstream index, and what is about them, are a record, as it is. */
  readonly attachments?: readonly Attachment[];
  /** Which demands upstream's signatures met outside, sorted. What decides inside is the site's own policy. */
  readonly checked?: readonly UpstreamCheck[];
  /** How fresh it is, where it is content that grows old. */
  readonly content?: ContentDate;
  /** Which items' content names the image, sorted by `byNaming`. */
  readonly namedBy?: readonly NamedBy[];
}

export interface ChartItem extends ItemBase {
  readonly kind: 'chart';
  readonly root: Descriptor;
  readonly name: string;
  readonly version: string;
  /** `oci://…` or the archive's URL. */
  readonly source: string;
  readonly archive: Descriptor;
  /** As for images. */
  readonly attachments?: readonly Attachment[];
  /** As for images, and whose provenance was checked. */
  readonly checked?: readonly UpstreamCheck[];
  /** Which items' content points to the chart, sorted by `byNaming`. */
  readonly namedBy?: readonly NamedBy[];
}

export interface GitItem extends ItemBase {
  readonly kind: 'git';
  readonly source: string;
  readonly objectFormat: 'sha1' | 'sha256';
  /** Sorted by name. Over 1,000 refs: a blob with the canonical JSON of the list, named by digest. */
  readonly refs: readonly GitRef[] | { readonly list: Descriptor };
  readonly head?: string;
  /** Commits whose parents were cut off, sorted; absent for a whole history. */
  readonly shallow?: readonly string[];
  /** Files that Git LFS keeps for the repository, sorted by `oid`; each is one of the item's blobs. Over 1,000: a blob with the canonical JSON of the list. Absent when there are none. */
  readonly lfs?: readonly LfsObject[] | { readonly list: Descriptor };
  /** What its host said of it; absent where that was nothing. */
  readonly about?: RepositoryAbout;
  /** Whose signatures met the demands of bundle.yaml outside, on which refs; sorted by `signerKey`. What decides inside is the site's own policy. */
  readonly checked?: readonly GitCheck[];
  /** The tags and commits that were checked, as a blob: the canonical JSON of the list of `{oid, type, content}`, sorted by id. There is one with `checked` only. */
  readonly signed?: Descriptor;
  /** Which items' content points to the repository, sorted by `byNaming`. */
  readonly namedBy?: readonly NamedBy[];
}

export type FileItem = SingleFileItem | DirectoryItem;

interface FileItemBase extends ItemBase {
  readonly kind: 'file';
  /** The file's URL, or `local`. */
  readonly source: string;
  /** What the content was checked against outside, sorted by canonical JSON. */
  readonly checked: readonly FileCheck[];
}

export interface SingleFileItem extends FileItemBase {
  readonly root: Descriptor;
  /** As for images. */
  readonly content?: ContentDate;
}

/** Its id ends with a slash. */
export interface DirectoryItem extends FileItemBase {
  /** Sorted by path. Over 1,000 files: a blob with the canonical JSON of the list. The item's blobs are theirs, each once, and the list. */
  readonly files: readonly DirectoryFile[] | { readonly list: Descriptor };
  /** As for images. */
  readonly content?: ContentDate;
}

const base = { id: textSchema, blobs: z.array(digestSchema).min(1).max(200_000) };
const platforms = z
  .array(z.string().regex(/^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*){1,2}$/))
  .max(1000);
const attachments = attachmentsSchema.optional();

const imageSchema = z.strictObject({
  kind: z.literal('image'),
  ...base,
  root: descriptorSchema,
  platforms,
  upstream: digestSchema,
  upstreamIndex: descriptorSchema.optional(),
  attachments,
  checked: imageCheckedSchema.optional(),
  content: contentDateSchema.optional(),
  namedBy: namedBySchema.optional(),
});

const chartSchema = z.strictObject({
  kind: z.literal('chart'),
  ...base,
  root: descriptorSchema,
  name: textSchema,
  version: versionSchema,
  source: textSchema,
  archive: descriptorSchema,
  attachments,
  checked: chartCheckedSchema.optional(),
  namedBy: namedBySchema.optional(),
});

const gitSchema = z.strictObject({
  kind: z.literal('git'),
  id: textSchema,
  blobs: z.array(digestSchema).max(100_000),
  source: textSchema,
  objectFormat: z.enum(['sha1', 'sha256']),
  refs: z.union([z.array(gitRefSchema).max(1000), z.strictObject({ list: descriptorSchema })]),
  head: refNameSchema.optional(),
  shallow: z.array(oidSchema).min(1).max(1000).optional(),
  lfs: z
    .union([z.array(lfsObjectSchema).min(1).max(MAX_INLINE_LFS), z.strictObject({ list: descriptorSchema })])
    .optional(),
  about: aboutSchema.optional(),
  checked: gitCheckedSchema.optional(),
  signed: descriptorSchema.optional(),
  namedBy: namedBySchema.optional(),
});

const fileSchema = z
  .strictObject({
    kind: z.literal('file'),
    ...base,
    root: descriptorSchema.optional(),
    files: z
      .union([
        z.array(directoryFileSchema).min(1).max(MAX_INLINE_FILES),
        z.strictObject({ list: descriptorSchema }),
      ])
      .optional(),
    source: textSchema,
    checked: fileCheckedSchema,
    content: contentDateSchema.optional(),
  })
  .refine(({ root, files }) => (root === undefined) !== (files === undefined), {
    error: 'has either root or files',
  });

/** Shape only; what must hold between the members is `checkManifest`. */
export const manifestSchema: z.ZodType<Manifest> = z.strictObject({
  format: z.literal(FORMATS.manifest),
  bundle: nameSchema,
  version: versionSchema,
  platforms,
  insecure: z.array(textSchema).min(1).max(1000).optional(),
  blobs: z.array(sizedDigestSchema).max(200_000),
  items: z.array(z.discriminatedUnion('kind', [imageSchema, chartSchema, gitSchema, fileSchema])).max(50_000),
}) as unknown as z.ZodType<Manifest>;

/** `image docker.io/library/nginx:1.27.3`: how an item is named to people. */
export function describeItem(item: Pick<Item, 'kind' | 'id'>): string {
  return `${item.kind} ${item.id}`;
}

/** Refs in line, or undefined when they are in a blob. */
export function inlineRefs(item: GitItem): readonly GitRef[] | undefined {
  return 'list' in item.refs ? undefined : item.refs;
}

/** Is the item a directory with all its files? */
export function isDirectoryItem(item: Item): item is DirectoryItem {
  return item.kind === 'file' && 'files' in item;
}
