import { encodeRefList, type GitItem, MAX_INLINE_REFS } from '@gapferry/bundle';
import {
  type BlobReader,
  canonicalJson,
  digestOf,
  type GitPack,
  type GitPin,
  isGapferryError,
  type ReleaseReader,
  type Run,
} from '@gapferry/core';
import type { ReleaseRecord } from './last-release.ts';
import { type RecordedRelease, recordedRelease } from './recorded-release.ts';

/** Packs that carried a Git repository the last time. */
export interface EarlierPacks {
  /** The earlier packs when the repository's refs are exactly what they were and every pack is still in the store; otherwise undefined, and it is packed anew. */
  packsFor(pin: GitPin, store: BlobReader, run: Run): Promise<readonly GitPack[] | undefined>;
}

/** Reads the channel's last release. One that is gone or unreadable is no reason to fail: it only saves work. */
export async function earlierPacks(
  releases: ReleaseReader,
  last: ReleaseRecord | undefined,
): Promise<EarlierPacks> {
  const before = last === undefined ? undefined : await readEarlier(last, releases);
  return {
    async packsFor(pin, store, run) {
      const item = before?.manifest.items.find((other) => other.kind === 'git' && other.id === pin.id);
      if (before?.packs === undefined || item?.kind !== 'git' || !hasRefs(item, pin)) return undefined;
      const packs = before.packs.items.find((packed) => packed.id === pin.id)?.packs ?? [];
      for (const pack of packs) if (!(await store.has(pack, run))) return undefined;
      return packs.length === 0 ? undefined : packs;
    },
  };
}

async function readEarlier(
  last: ReleaseRecord,
  releases: ReleaseReader,
): Promise<RecordedRelease | undefined> {
  try {
    return await recordedRelease(last, releases);
  } catch (error) {
    if (isGapferryError(error)) return undefined;
    throw error;
  }
}

/** Are the item's refs exactly the pin's? A long list is known by the digest of its blob. */
export function hasRefs(item: GitItem, pin: GitPin): boolean {
  if (item.objectFormat !== pin.objectFormat) return false;
  if ('list' in item.refs)
    return pin.refs.length > MAX_INLINE_REFS && item.refs.list.digest === digestOf(encodeRefList(pin.refs));
  const refs = pin.refs.map(({ name, oid }) => ({ name, oid }));
  return canonicalJson(item.refs) === canonicalJson(refs);
}
