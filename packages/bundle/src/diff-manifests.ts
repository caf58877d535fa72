import {
  type Digest,
  GapferryError,
  type GitRef,
  isSameAbout,
  type RepositoryAbout,
  totalSize,
} from '@gapferry/core';
import { type AttachedChange, attachedChange } from './attached-change.ts';
import { type ContentChange, contentChange } from './content-change.ts';
import { type FileChange, type FileLists, fileChanges } from './directory-change.ts';
import {
  type ChartItem,
  type DirectoryItem,
  type GitItem,
  type ImageItem,
  type Item,
  type ItemKind,
  inlineRefs,
  isDirectoryItem,
  type Manifest,
} from './manifest.ts';
import { type Packs, releaseBlobs } from './packs.ts';
import { type SignerChange, signerChange } from './signer-change.ts';

/** What changes for the inside when release B follows release A. */
export interface ReleaseDiff {
  readonly from: { readonly bundle: string; readonly version: string };
  readonly to: { readonly bundle: string; readonly version: string };
  /** Sorted by kind, then id; unchanged items are only counted. */
  readonly changes: readonly ItemChange[];
  readonly unchanged: number;
  /** Bytes of all blobs of each side, and of the blobs that B has and A has not, and the other way round. */
  readonly bytes: {
    readonly from: number;
    readonly to: number;
    readonly added: number;
    readonly removed: number;
  };
}

/** What is said of items on side B besides. */
interface Notes extends ContentChange {
  /** What changes in what belongs to the item. */
  readonly attached?: AttachedChange;
  /** What is loaded is a filtered index: upstream's signature over the index does not cover it. */
  readonly filtered?: true;
  /** Kind and id of the items whose content names an item that is new under its name, sorted. */
  readonly namedBy?: readonly string[];
}

/** `bytes`: of the item's blobs that A has not. */
export type ItemChange =
  | ({
      readonly change: 'added' | 'removed';
      readonly kind: ItemKind;
      readonly id: string;
      readonly bytes: number;
    } & Notes)
  /** Same name, other content: for an image a moved tag. */
  | ({
      readonly change: 'moved';
      readonly kind: 'image' | 'chart' | 'file';
      readonly id: string;
      readonly from: Digest;
      readonly to: Digest;
      readonly bytes: number;
    } & Notes)
  /** Another version of the same repository or chart took the place of one. */
  | ({
      readonly change: 'updated';
      readonly kind: 'image' | 'chart';
      readonly id: string;
      readonly from: string;
      readonly to: string;
      readonly bytes: number;
    } & Notes)
  /** Same name and content, but something else belongs to it, or upstream's signatures proved something else. */
  | ({
      readonly change: 'attached';
      readonly kind: 'image' | 'chart';
      readonly id: string;
      readonly bytes: number;
    } & Notes & { readonly attached: AttachedChange })
  /** Same name and content, but another age is taken for old. */
  | ({
      readonly change: 'content';
      readonly kind: 'image' | 'file';
      readonly id: string;
      readonly bytes: number;
    } & ContentChange)
  /** Files of a directory came, went or changed. */
  | ({
      readonly change: 'files';
      readonly kind: 'file';
      readonly id: string;
      readonly files: readonly FileChange[];
      readonly bytes: number;
    } & ContentChange)
  | {
      readonly change: 'refs';
      readonly kind: 'git';
      readonly id: string;
      /** Sorted by name; empty when only HEAD moved, or something besides refs changed. */
      readonly refs: readonly RefChange[];
      /** The default branch, where it changed. */
      readonly head?: { readonly from?: string; readonly to?: string };
      /** In how many places the history is cut, where that is not the same; 0: it is whole. */
      readonly cuts?: { readonly from: number; readonly to: number };
      /** How many files of Git LFS came and went, where any did. */
      readonly lfs?: { readonly added: number; readonly removed: number };
      /** Who signed its refs, where that changed. */
      readonly signers?: SignerChange;
      /** What the host says of the repository, where that changed; without members where it says nothing. */
      readonly about?: { readonly from: RepositoryAbout; readonly to: RepositoryAbout };
      /** Of the packs and lists that A has not. */
      readonly bytes: number;
    };

export interface RefChange {
  readonly name: string;
  readonly from?: string;
  readonly to?: string;
  /** Commits reached from `to` and not from `from`, and the other way round; absent where the objects are not at hand. */
  readonly commits?: { readonly added: number; readonly removed: number };
}

/** One side of a comparison. `refs` gives the refs of Git items whose list is a blob. */
export interface DiffSide {
  readonly manifest: Manifest;
  readonly packs?: Packs | undefined;
  readonly refs?: ReadonlyMap<string, readonly GitRef[]>;
  /** Likewise the files of directories. */
  readonly files?: FileLists;
}

/** Compares two manifests; pure. An empty A is a manifest without items. */
export function diffManifests(a: DiffSide, b: DiffSide): ReleaseDiff {
  const before = new Map(a.manifest.items.map((item) => [keyOf(item), item]));
  const after = new Map(b.manifest.items.map((item) => [keyOf(item), item]));
  const both = [...after].flatMap(([key, item]) =>
    before.has(key) ? [[before.get(key) as Item, item] as const] : [],
  );
  const newBytes = newBytesIn(a, b);
  const changed = both.flatMap(([was, is]) => changeOf(was, is, a, b, newBytes));
  const added = [...after].filter(([key]) => !before.has(key)).map(([, item]) => item);
  const removed = [...before].filter(([key]) => !after.has(key)).map(([, item]) => item);
  const changes = [...changed, ...pairVersions(removed, added, newBytes)].sort((x, y) =>
    `${x.kind} ${x.id}` < `${y.kind} ${y.id}` ? -1 : 1,
  );
  return {
    from: sideOf(a),
    to: sideOf(b),
    changes,
    unchanged: both.length - changed.length,
    bytes: byteChange(a, b),
  };
}

function sideOf({ manifest }: DiffSide): { bundle: string; version: string } {
  return { bundle: manifest.bundle, version: manifest.version };
}

function keyOf(item: Item): string {
  return `${item.kind} ${item.id}`;
}

function byteChange(a: DiffSide, b: DiffSide): ReleaseDiff['bytes'] {
  const [from, to] = [releaseBlobs(a.manifest, a.packs), releaseBlobs(b.manifest, b.packs)];
  const [had, has] = [new Set(from.map((blob) => blob.digest)), new Set(to.map((blob) => blob.digest))];
  return {
    from: totalSize(from),
    to: totalSize(to),
    added: totalSize(to.filter((blob) => !had.has(blob.digest))),
    removed: totalSize(from.filter((blob) => !has.has(blob.digest))),
  };
}

function changeOf(was: Item, is: Item, a: DiffSide, b: DiffSide, newBytes: NewBytes): ItemChange[] {
  if (was.kind === 'git' && is.kind === 'git') return refChange(was, is, a, b, newBytes);
  if (isDirectoryItem(was) && isDirectoryItem(is)) return directoryChange(was, is, a, b, newBytes);
  if (was.kind === 'git' || is.kind === 'git' || isDirectoryItem(was) || isDirectoryItem(is)) return [];
  if (was.root.digest === is.root.digest) return attachmentChange(was, is, newBytes(is));
  return [
    {
      change: 'moved',
      kind: is.kind,
      id: is.id,
      from: was.root.digest,
      to: is.root.digest,
      ...notesOn(was, is),
      bytes: newBytes(is),
    },
  ];
}

function directoryChange(
  was: DirectoryItem,
  is: DirectoryItem,
  a: DiffSide,
  b: DiffSide,
  newBytes: NewBytes,
): ItemChange[] {
  const files = fileChanges([was, a.files], [is, b.files]);
  const dated = contentChange(was, is);
  if (files.length === 0) return freshnessChange(is, dated, newBytes(is));
  return [{ change: 'files', kind: 'file', id: is.id, files, ...dated, bytes: newBytes(is) }];
}

function attachmentChange(was: Item, is: Item, bytes: number): ItemChange[] {
  const { attached, ...notes } = notesOn(was, is);
  if (attached === undefined || !isOci(is)) return freshnessChange(is, contentChange(was, is), bytes);
  return [{ change: 'attached', kind: is.kind, id: is.id, attached, ...notes, bytes }];
}

function freshnessChange(is: Item, change: ContentChange, bytes: number): ItemChange[] {
  if (Object.keys(change).length === 0 || is.kind === 'git' || is.kind === 'chart') return [];
  return [{ change: 'content', kind: is.kind, id: is.id, ...change, bytes }];
}

function notesOn(was: Item | undefined, is: Item): Notes {
  const named = { ...(was?.id === is.id ? {} : namedByOf(is)), ...contentChange(was, is) };
  if (!isOci(is) || (was !== undefined && !isOci(was))) return named;
  const attached = attachedChange(was, is);
  return {
    ...(attached && { attached }),
    ...(isFiltered(is) && { filtered: true }),
    ...named,
  };
}

function namedByOf(item: Item): { namedBy?: readonly string[] } {
  if (item.kind === 'file' || item.namedBy === undefined) return {};
  return { namedBy: [...new Set(item.namedBy.map((naming) => naming.item))].sort() };
}

/** Is what is loaded an index that was made from upstream's by leaving platforms out? */
export function isFiltered(item: Item): boolean {
  return (
    item.kind === 'image' &&
    item.upstreamIndex !== undefined &&
    item.upstreamIndex.digest !== item.root.digest
  );
}

function refChange(was: GitItem, is: GitItem, a: DiffSide, b: DiffSide, newBytes: NewBytes): ItemChange[] {
  const refs = sameList(was, is) ? [] : refChanges(was, is, a, b);
  const head = headChange(was, is);
  const cuts = cutChange(was, is, refs);
  const lfs = lfsChange(was, is);
  const about = aboutChange(was, is);
  const deleted = refs.filter(({ to }) => to === undefined).map(({ name }) => name);
  const signers = signerChange(was, is, new Set(deleted));
  const besides = [head, cuts, lfs, about, signers];
  if (refs.length === 0 && besides.every((change) => change === undefined)) return [];
  return [
    {
      change: 'refs',
      kind: 'git',
      id: is.id,
      refs,
      ...(head !== undefined && { head }),
      ...(cuts !== undefined && { cuts }),
      ...(lfs !== undefined && { lfs }),
      ...(about !== undefined && { about }),
      ...(signers !== undefined && { signers }),
      bytes: newBytes(is),
    },
  ];
}

function aboutChange(
  { about: from = {} }: GitItem,
  { about: to = {} }: GitItem,
): { from: RepositoryAbout; to: RepositoryAbout } | undefined {
  return isSameAbout(from, to) ? undefined : { from, to };
}

/** Where refs move, cuts move with them; that is no news. */
function cutChange(
  { shallow: from = [] }: GitItem,
  { shallow: to = [] }: GitItem,
  refs: readonly RefChange[],
): { from: number; to: number } | undefined {
  const isNews = refs.length === 0 ? from.join() !== to.join() : (from.length === 0) !== (to.length === 0);
  return isNews ? { from: from.length, to: to.length } : undefined;
}

function lfsChange(was: GitItem, is: GitItem): { added: number; removed: number } | undefined {
  const [before, after] = [lfsIn(was), lfsIn(is)];
  const [added, removed] = [after.difference(before).size, before.difference(after).size];
  return added + removed === 0 ? undefined : { added, removed };
}

/** All blobs of a repository but its lists. */
function lfsIn({ blobs, refs, lfs }: GitItem): Set<Digest> {
  const all = new Set(lfs === undefined ? [] : blobs);
  for (const part of [refs, lfs ?? []]) if ('list' in part) all.delete(part.list.digest);
  return all;
}

function sameList(was: GitItem, is: GitItem): boolean {
  return 'list' in was.refs && 'list' in is.refs && was.refs.list.digest === is.refs.list.digest;
}

function refChanges(was: GitItem, is: GitItem, a: DiffSide, b: DiffSide): RefChange[] {
  const before = new Map(refsOf(was, a).map((ref) => [ref.name, ref.oid]));
  const after = new Map(refsOf(is, b).map((ref) => [ref.name, ref.oid]));
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => {
    const [from, to] = [before.get(name), after.get(name)];
    if (from === to) return [];
    return [{ name, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }];
  });
}

function headChange(
  { head: from }: GitItem,
  { head: to }: GitItem,
): { from?: string; to?: string } | undefined {
  if (from === to) return undefined;
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

/** Refs of a Git item, in line or from the side's map. Throws `INTERNAL` when the map lacks them: an unread list is not an empty one. */
export function refsOf(item: GitItem, side: DiffSide): readonly GitRef[] {
  const refs = inlineRefs(item) ?? side.refs?.get(item.id);
  if (refs !== undefined) return refs;
  throw new GapferryError({ code: 'INTERNAL', message: `the refs of git ${item.id} were not read` });
}

/** One removed and one added item of the same repository are one update. */
function pairVersions(removed: readonly Item[], added: readonly Item[], newBytes: NewBytes): ItemChange[] {
  const gone = Map.groupBy(removed, familyOf);
  const come = Map.groupBy(added, familyOf);
  const families = [...new Set([...gone.keys(), ...come.keys()])];
  return families.flatMap((family): ItemChange[] => {
    const [was = [], is = []] = [gone.get(family), come.get(family)];
    const [one, other] = [was[0], is[0]];
    if (
      was.length === 1 &&
      is.length === 1 &&
      one !== undefined &&
      other !== undefined &&
      isOci(one) &&
      isOci(other)
    )
      return [
        {
          change: 'updated' as const,
          kind: other.kind,
          id: other.id,
          from: one.id,
          to: other.id,
          ...notesOn(one, other),
          bytes: newBytes(other),
        },
      ];
    return [
      ...was.map((item) => ({ change: 'removed' as const, kind: item.kind, id: item.id, bytes: 0 })),
      ...is.map((item) => ({
        change: 'added' as const,
        kind: item.kind,
        id: item.id,
        ...notesOn(undefined, item),
        bytes: newBytes(item),
      })),
    ];
  });
}

function isOci(item: Item): item is ImageItem | ChartItem {
  return item.kind === 'image' || item.kind === 'chart';
}

/** The identity without its version. */
function familyOf(item: Item): string {
  if (item.kind === 'image') return `image ${item.id.replace(/@.*$/, '').replace(/:[^/:]*$/, '')}`;
  if (item.kind === 'chart') return `chart ${item.id.slice(0, -item.version.length - 1)}`;
  return keyOf(item);
}

/** Bytes of an item of side B whose blobs side A has not at all. */
type NewBytes = (item: Item) => number;

function newBytesIn(a: DiffSide, b: DiffSide): NewBytes {
  const had = new Set(releaseBlobs(a.manifest, a.packs).map((blob) => blob.digest));
  const sizes = new Map(b.manifest.blobs.map((blob) => [blob.digest, blob.size]));
  const packs = new Map((b.packs?.items ?? []).map((item) => [item.id, item.packs]));
  return (item) => {
    const own = item.blobs.map((digest) => ({ digest, size: sizes.get(digest) ?? 0 }));
    const packed = item.kind === 'git' ? (packs.get(item.id) ?? []) : [];
    return totalSize([...own, ...packed].filter((blob) => !had.has(blob.digest)));
  };
}
