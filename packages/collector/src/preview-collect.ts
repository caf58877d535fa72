import {
  directoryDigest,
  type ImageItem,
  type Item,
  isDirectoryItem,
  type Lock,
  type Manifest,
} from '@gapferry/bundle';
import { matchesPlatform, type Pin, parsePlatform, type ReleaseAddress, type Run } from '@gapferry/core';
import type { DiscoveredImage } from './discovery.ts';
import { hasLfs, hasRefs } from './earlier-packs.ts';
import type { Lead } from './leads.ts';
import { lockFor } from './lock-for.ts';
import { previewNumber } from './number-release.ts';
import { recordedRelease } from './recorded-release.ts';
import { releaseVersion } from './release-version.ts';
import type { CollectBasis } from './request.ts';

/** What a collect would do, as far as upstream can be asked without moving content. */
export interface CollectPreview {
  /** The number the release would get if anything changed. */
  readonly address: ReleaseAddress;
  readonly version: string;
  readonly lock: Lock;
  /** As for a collect. */
  readonly discovered?: readonly DiscoveredImage[];
  /** What repositories point to, and what in them was not followed; absent where nobody looked. */
  readonly leads?: readonly Lead[];
  /** In the order of the lock, each compared with the channel's newest release in this depot. */
  readonly items: readonly PreviewedItem[];
  /** Items of that release that are wanted no more. */
  readonly removed: ReadonlyArray<Pick<Item, 'kind' | 'id'>>;
}

export interface PreviewedItem {
  readonly kind: Pin['kind'];
  readonly id: string;
  /** `new`: the release before has none of this name; `changed`: it has another content under it. */
  readonly state: 'new' | 'changed' | 'same';
}

/** `collect --dry-run`: resolves (unless locked), numbers, compares; fetches nothing but the charts that are looked into, and writes nothing, not even to the ledger. Throws what a collect would throw up to there. */
export async function previewCollect(request: CollectBasis, run: Run): Promise<CollectPreview> {
  const { address, last } = await previewNumber(request);
  const { lock, discovered, leads } = await lockFor(request, run);
  const version = releaseVersion(request.version, request.config, lock);
  const before = last === undefined ? undefined : (await recordedRelease(last, request.depot))?.manifest;
  const wanted = new Set(lock.pins.map(nameOf));
  return {
    address,
    version,
    lock,
    ...(discovered && { discovered }),
    ...(leads && { leads }),
    items: lock.pins.map((pin) => ({ kind: pin.kind, id: pin.id, state: stateOf(pin, before) })),
    removed: (before?.items ?? [])
      .filter((item) => !wanted.has(nameOf(item)))
      .map(({ kind, id }) => ({ kind, id })),
  };
}

function nameOf({ kind, id }: Pick<Item, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}

function stateOf(pin: Pin, before: Manifest | undefined): PreviewedItem['state'] {
  const item = before?.items.find((other) => other.kind === pin.kind && other.id === pin.id);
  if (item === undefined) return 'new';
  return isSame(pin, item) ? 'same' : 'changed';
}

function isSame(pin: Pin, item: Item): boolean {
  if (pin.kind === 'image' && item.kind === 'image')
    return pin.root.digest === item.upstream && isFilteredFor(pin.platforms, item);
  if (pin.kind === 'chart' && item.kind === 'chart')
    return pin.from === 'oci' ? pin.root.digest === item.root.digest : pin.archive === item.archive.digest;
  if (pin.kind === 'git' && item.kind === 'git')
    return hasRefs(item, pin) && hasLfs(item, pin) && pin.head === item.head;
  if (pin.kind !== 'file' || item.kind !== 'file') return false;
  return isDirectoryItem(item)
    ? 'files' in pin && pin.files === directoryDigest(item)
    : 'sha256' in pin && pin.sha256 === item.root.digest;
}

/** Would the platform filter keep what it kept? */
function isFilteredFor(wanted: readonly string[], item: ImageItem): boolean {
  if (wanted.length === 0) return item.upstreamIndex === undefined;
  const [wishes, kept] = [wanted.map(parsePlatform), item.platforms.map(parsePlatform)];
  return (
    wishes.every((wish) => kept.some((platform) => matchesPlatform(wish, platform))) &&
    kept.every((platform) => wishes.some((wish) => matchesPlatform(wish, platform)))
  );
}
