import {
  encodeLfsList,
  encodeRefList,
  type GitItem,
  lfsBlob,
  MAX_INLINE_LFS,
  MAX_INLINE_REFS,
  parseRefList,
} from '@gapferry/bundle';
import {
  type BlobReader,
  canonicalJson,
  digestOf,
  type GitCarriage,
  type GitPin,
  type GitRef,
  isGapferryError,
  type ReleaseReader,
  type Run,
  readVerified,
} from '@gapferry/core';
import type { ReleaseRecord } from './last-release.ts';
import { type RecordedRelease, recordedRelease } from './recorded-release.ts';

/** Packs that carried a Git repository the last time. */
export interface EarlierPacks {
  /** What carried the repository when every pack of it is still in the store; otherwise undefined, and it is packed anew. `same`: its refs are exactly the pin's, and what Git LFS keeps is here,
   *  so nothing has to be asked for. */
  carriageOf(
    pin: GitPin,
    store: BlobReader,
    run: Run,
  ): Promise<(GitCarriage & { readonly same: boolean }) | undefined>;
}

/** Reads the channel's last release. One that is gone or unreadable is no reason to fail: it only saves work. */
export async function earlierPacks(
  releases: ReleaseReader,
  last: ReleaseRecord | undefined,
): Promise<EarlierPacks> {
  const before = last === undefined ? undefined : await unlessUnreadable(recordedRelease(last, releases));
  return {
    async carriageOf(pin, store, run) {
      // What is cut is packed as a whole each time.
      if (pin.depth !== undefined) return undefined;
      const item = gitItemOf(before, pin);
      const packs = before?.packs?.items.find((packed) => packed.id === pin.id)?.packs ?? [];
      if (item === undefined || packs.length === 0) return undefined;
      for (const pack of packs) if (!(await store.has(pack, run))) return undefined;
      if (hasRefs(item, pin))
        return { packs, refs: pin.refs, same: hasLfs(item, pin) && (await holdsLfs(pin, store, run)) };
      const refs = await unlessUnreadable(refsOf(item, store, run));
      return refs && { packs, refs, same: false };
    },
  };
}

function gitItemOf(release: RecordedRelease | undefined, pin: GitPin): GitItem | undefined {
  const item = release?.manifest.items.find((other) => other.kind === 'git' && other.id === pin.id);
  return item?.kind === 'git' && item.objectFormat === pin.objectFormat && item.shallow === undefined
    ? item
    : undefined;
}

async function refsOf(item: GitItem, store: BlobReader, run: Run): Promise<readonly GitRef[]> {
  if (!('list' in item.refs)) return item.refs;
  const { list } = item.refs;
  return parseRefList(await readVerified(list, store.open(list, run)), `the refs of git ${item.id}`);
}

async function unlessUnreadable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isGapferryError(error) && error.category !== 'interrupted') return undefined;
    throw error;
  }
}

/** Are the item's LFS objects exactly the pin's? */
export function hasLfs({ lfs = [] }: GitItem, { lfs: pinned = [] }: GitPin): boolean {
  if ('list' in lfs)
    return pinned.length > MAX_INLINE_LFS && lfs.list.digest === digestOf(encodeLfsList(pinned));
  return (
    lfs.length === pinned.length &&
    lfs.every(({ oid, size }, i) => oid === pinned[i]?.oid && size === pinned[i].size)
  );
}

async function holdsLfs({ lfs = [] }: GitPin, store: BlobReader, run: Run): Promise<boolean> {
  for (const object of lfs) if (!(await store.has(lfsBlob(object), run))) return false;
  return true;
}

/** Are the item's refs exactly the pin's? A long list is known by the digest of its blob. */
export function hasRefs(item: GitItem, pin: GitPin): boolean {
  if (item.objectFormat !== pin.objectFormat) return false;
  if ('list' in item.refs)
    return pin.refs.length > MAX_INLINE_REFS && item.refs.list.digest === digestOf(encodeRefList(pin.refs));
  const refs = pin.refs.map(({ name, oid }) => ({ name, oid }));
  return canonicalJson(item.refs) === canonicalJson(refs);
}
