import {
  type AttachedArtifact,
  attachedTo,
  type ChartItem,
  contentOf,
  type FileItem,
  type ImageItem,
  type Item,
  type ItemKind,
  isDirectoryItem,
  isFiltered,
  type Manifest,
  type Packs,
  releaseBlobs,
} from '@gapferry/bundle';
import {
  type Digest,
  type FileCheck,
  printable,
  shortDigest,
  totalSize,
  type UpstreamCheck,
} from '@gapferry/core';
import { filteredNote, signerText, typesText } from './attached-text.ts';
import { fileCheckText } from './file-check-text.ts';
import { formatBytes } from './format-bytes.ts';
import { formatTable } from './format-table.ts';
import { count, KIND_TITLES, KINDS } from './kind-titles.ts';

/** What is in a release, as a document for other programs. */
export interface InventoryJson {
  readonly format: 'gapferry.inventory/1';
  readonly bundle: string;
  readonly version: string;
  readonly platforms: readonly string[];
  /** Distinct blobs, Git packs included. */
  readonly blobs: number;
  readonly bytes: number;
  readonly items: readonly InventoryItem[];
}

export interface InventoryItem {
  readonly kind: ItemKind;
  readonly id: string;
  /** Root digest; for Git the number of refs says more, for a directory that of its files. */
  readonly digest?: Digest;
  /** For Git; absent when the list is a blob. */
  readonly refs?: number;
  /** For a directory; absent when the list is a blob. */
  readonly files?: number;
  /** Everything the item needs, shared blobs included: the items' bytes add up to more than the release's. */
  readonly bytes: number;
  /** What belongs to an image or chart; absent when there is nothing. */
  readonly attachments?: readonly AttachedArtifact[];
  /** Which demands upstream's signatures met outside. */
  readonly checked?: readonly UpstreamCheck[];
  /** What a file was held against outside. */
  readonly held?: readonly FileCheck[];
  /** Of when content that grows old is: RFC 3339. */
  readonly updated?: string;
  /** What is loaded is a filtered index: upstream's signature over the index does not cover it. */
  readonly filtered?: true;
}

export function toInventoryJson(manifest: Manifest, packs?: Packs): InventoryJson {
  const blobs = releaseBlobs(manifest, packs);
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  return {
    format: 'gapferry.inventory/1',
    bundle: manifest.bundle,
    version: manifest.version,
    platforms: manifest.platforms,
    blobs: blobs.length,
    bytes: totalSize(blobs),
    items: manifest.items.map((item) => ({ ...toInventoryItem(item, sizes, packs), ...updatedOf(item) })),
  };
}

function toInventoryItem(
  item: Item,
  sizes: ReadonlyMap<Digest, number>,
  packs: Packs | undefined,
): InventoryItem {
  const own = totalSize(item.blobs.map((digest) => ({ digest, size: sizes.get(digest) ?? 0 })));
  const { kind, id } = item;
  if (isDirectoryItem(item))
    return {
      kind,
      id,
      ...('list' in item.files ? {} : { files: item.files.length }),
      bytes: own,
      ...heldOf(item),
    };
  if (item.kind === 'file') return { kind, id, digest: item.root.digest, bytes: own, ...heldOf(item) };
  if (item.kind !== 'git')
    return { kind, id, digest: item.root.digest, bytes: own, ...attachedMembers(item) };
  const packed = packs?.items.find((other) => other.id === id)?.packs ?? [];
  const refs = 'list' in item.refs ? {} : { refs: item.refs.length };
  return { kind, id, ...refs, bytes: own + totalSize(packed) };
}

function updatedOf(item: Item): Pick<InventoryItem, 'updated'> {
  const content = contentOf(item);
  return content === undefined ? {} : { updated: content.updated };
}

function heldOf({ checked }: FileItem): Pick<InventoryItem, 'held'> {
  return checked.length === 0 ? {} : { held: checked };
}

function attachedMembers(
  item: ImageItem | ChartItem,
): Pick<InventoryItem, 'attachments' | 'checked' | 'filtered'> {
  return {
    ...(item.attachments && { attachments: attachedTo(item) }),
    ...(item.checked && { checked: item.checked }),
    ...(isFiltered(item) && { filtered: true }),
  };
}

/** What is in a release, for people: one line per item, by kind, and what it weighs. */
export function formatInventory(manifest: Manifest, packs?: Packs): string {
  const inventory = toInventoryJson(manifest, packs);
  const platforms = manifest.platforms.length === 0 ? '' : `, for ${manifest.platforms.join(', ')}`;
  const title = `${manifest.bundle} ${manifest.version}: ${count(inventory.items.length, 'item')}, ${count(inventory.blobs, 'blob')}, ${formatBytes(inventory.bytes)}${platforms}`;
  const sections = KINDS.flatMap((kind) => {
    const own = inventory.items.filter((item) => item.kind === kind);
    return own.length === 0
      ? []
      : [`${KIND_TITLES[kind]}\n${formatTable(own.map(rowOf), { indent: 2, right: [2] })}`];
  });
  const note = filteredNote(inventory.items.filter(({ filtered }) => filtered).length);
  return [printable(title), ...sections, ...(note === undefined ? [] : [`${note}.`])].join('\n\n');
}

function rowOf(item: InventoryItem): string[] {
  return [item.id, identityText(item), formatBytes(item.bytes), notesText(item)];
}

function identityText({ kind, digest, refs, files }: InventoryItem): string {
  if (digest !== undefined) return `${shortDigest(digest)}…`;
  const [many, noun] = kind === 'file' ? [files, 'file'] : [refs, 'ref'];
  return many === undefined ? `many ${noun}s` : count(many, noun);
}

function notesText({ attachments = [], checked = [], held = [], updated, filtered }: InventoryItem): string {
  return [
    ...(updated === undefined ? [] : [`of ${updated}`]),
    ...held.filter((check) => check !== 'given-sha256').map(fileCheckText),
    ...checked.map((check) => `signed by ${signerText(check)}`),
    ...(attachments.length === 0 ? [] : [`with ${typesText(attachments)}`]),
    ...(filtered === undefined ? [] : ['filtered index']),
  ].join('; ');
}
