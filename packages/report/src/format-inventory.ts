import { type Item, type ItemKind, type Manifest, type Packs, releaseBlobs } from '@gapferry/bundle';
import { type Digest, printable, shortDigest, totalSize } from '@gapferry/core';
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
  /** Root digest; for Git the number of refs says more. */
  readonly digest?: Digest;
  /** For Git; absent when the list is a blob. */
  readonly refs?: number;
  /** Everything the item needs, shared blobs included: the items' bytes add up to more than the release's. */
  readonly bytes: number;
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
    items: manifest.items.map((item) => toInventoryItem(item, sizes, packs)),
  };
}

function toInventoryItem(
  item: Item,
  sizes: ReadonlyMap<Digest, number>,
  packs: Packs | undefined,
): InventoryItem {
  const own = totalSize(item.blobs.map((digest) => ({ digest, size: sizes.get(digest) ?? 0 })));
  const { kind, id } = item;
  if (item.kind !== 'git') return { kind, id, digest: item.root.digest, bytes: own };
  const packed = packs?.items.find((other) => other.id === id)?.packs ?? [];
  const refs = 'list' in item.refs ? {} : { refs: item.refs.length };
  return { kind, id, ...refs, bytes: own + totalSize(packed) };
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
  return [printable(title), ...sections].join('\n\n');
}

function rowOf({ id, digest, refs, bytes }: InventoryItem): string[] {
  const identity =
    digest === undefined
      ? refs === undefined
        ? 'many refs'
        : count(refs, 'ref')
      : `${shortDigest(digest)}…`;
  return [id, identity, formatBytes(bytes)];
}
