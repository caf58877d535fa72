import { describeItem, type Item, loadedAttachments, type Manifest, placesOf } from '@gapferry/bundle';
import {
  type Digest,
  isDigest,
  type Ledger,
  type PruneManifest,
  type PruneRefs,
  type SizedDigest,
} from '@gapferry/core';
import { historyWithPrunes } from './choose-pruned.ts';
import { IMPORT_ENTRIES } from './import-entries.ts';
import { isHere, type TargetPlaces } from './is-here.ts';
import { parseOci, rootsOf } from './known-roots.ts';

/** Items of which imports of one channel began to send content to a target, by release: what was there when they came is not among them. */
export type SentItems = ReadonlyMap<Digest, ReadonlySet<number>>;

/** By target, as the ledger tells it. `here`: as for `pruneRequests`. */
export function sentItems(
  ledger: Ledger,
  channel: string,
  here: TargetPlaces,
): ReadonlyMap<string, SentItems> {
  const sent = new Map<string, Map<Digest, Set<number>>>();
  for (const entry of historyWithPrunes(ledger, [IMPORT_ENTRIES.began])) {
    if ('pruned' in entry) {
      for (const releases of sent.values()) for (const one of entry.pruned) releases.delete(one);
      continue;
    }
    const { data } = entry;
    const { statement } = data;
    if (data['channel'] !== channel || !isDigest(statement)) continue;
    const places = membersOf(data['places']);
    for (const [target, items] of Object.entries(membersOf(data['sends']))) {
      if (!isHere(target, here, places)) continue;
      const releases = sent.get(target) ?? new Map<Digest, Set<number>>();
      const indexes = releases.get(statement) ?? new Set();
      for (const index of Array.isArray(items) ? items : []) indexes.add(index);
      sent.set(target, releases.set(statement, indexes));
    }
  }
  return sent;
}

/** What of it goes, of releases that go and whose items the site still knows. */
export interface GoingContent {
  readonly manifests: readonly PruneManifest[];
  readonly refs: readonly PruneRefs[];
  /** Statements of which files were sent. */
  readonly files: ReadonlySet<Digest>;
  /** Contents of these. */
  readonly contents: readonly SizedDigest[];
}

/** `releases`: the manifests of those that go. */
export function goingContent(
  sent: SentItems,
  releases: ReadonlyMap<Digest, Manifest>,
  needed: ReadonlySet<Digest>,
): GoingContent {
  const manifests: PruneManifest[] = [];
  const refs: PruneRefs[] = [];
  const files = new Set<Digest>();
  const contents = new Map<Digest, SizedDigest>();
  for (const [statement, { items, blobs }] of releases) {
    const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
    for (const [i, item] of items.entries()) {
      if (sent.get(statement)?.has(i) !== true) continue;
      if (item.kind === 'file') {
        files.add(statement);
        for (const digest of item.blobs)
          if (!needed.has(digest)) contents.set(digest, { digest, size: sizes.get(digest) ?? 0 });
      } else if (item.kind === 'git') refs.push(waitingRefs(item, statement));
      else manifests.push(...manifestsOf(item).filter(({ digest }) => !needed.has(digest)));
    }
  }
  return { manifests, refs, files, contents: [...contents.values()] };
}

function waitingRefs(item: Item, statement: Digest): PruneRefs {
  const repository = (placesOf(item)[0] ?? '').slice('git '.length);
  return { item: describeItem(item), repository, backups: {}, statements: [statement] };
}

function manifestsOf(item: Extract<Item, { kind: 'image' | 'chart' }>): PruneManifest[] {
  const { repository } = parseOci(placesOf(item)[0] ?? '') ?? { repository: '' };
  const loaded = new Set(loadedAttachments(item).map(({ root }) => root.digest));
  return rootsOf(item)
    .filter(({ root }) => root === item.root || loaded.has(root.digest))
    .map((known) => ({ item: describeItem(item), repository, digest: known.root.digest, ...known }));
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>) : {};
}
