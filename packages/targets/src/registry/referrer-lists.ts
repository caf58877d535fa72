import { type Descriptor, type Digest, digestFromHex, MEDIA_TYPES } from '@gapferry/core';
import type { ReferrerList } from './registry-place.ts';

/** A tag and what it stands at. */
export interface StandingTag {
  readonly tag: string;
  readonly now: Descriptor;
  /** It is a list of referrers. */
  readonly list?: {
    readonly subject: Digest;
    /** How many it has. */
    readonly size: number;
    /** Of these what goes or is gone: being listed holds nothing. */
    readonly own: readonly Digest[];
  };
}

const LIST_TAG = /^sha256-([0-9a-f]{64})$/;

export function isListTag(tag: string): boolean {
  return LIST_TAG.test(tag);
}

/** By the referrers tag schema (distribution-spec); undefined for any other tag, and where no index stands at it. */
export function subjectOfList(tag: string, now: Descriptor): Digest | undefined {
  const [, hex] = LIST_TAG.exec(tag) ?? [];
  return hex === undefined || now.mediaType !== MEDIA_TYPES.ociIndex ? undefined : digestFromHex(hex);
}

/** An index that names what has another subject, or none, is somebody's, whatever its tag is. */
export function listedOwn(
  links: readonly Descriptor[],
  subject: Digest,
  found: ReadonlyMap<Digest, { readonly subject?: Digest }>,
  gone: ReadonlySet<Digest>,
): readonly Digest[] {
  return links
    .map(({ digest }) => digest)
    .filter((digest) => gone.has(digest) || found.get(digest)?.subject === subject);
}

/** Lists that name something that goes, with what happens to them, by tag. `standing`: all tags of the repository. */
export function toReferrerLists(
  repository: string,
  standing: readonly StandingTag[],
  staying: ReadonlyMap<Digest, string>,
): ReadonlyMap<string, ReferrerList> {
  const lists = new Map<string, ReferrerList>();
  for (const { tag, now, list } of standing) {
    const own = (list?.own ?? []).filter((digest) => !staying.has(digest));
    if (list === undefined || own.length === 0) continue;
    const other = standing.find((one) => one.tag !== tag && one.now.digest === now.digest);
    const isShared = own.length === list.size && other !== undefined;
    const step = { place: `${repository}:${tag}`, what: 'name', count: own.length } as const;
    const stays = isShared ? { stays: `the tag ${other.tag} stands at the same list` } : {};
    lists.set(tag, { subject: list.subject, own, step: { ...step, ...stays } });
  }
  return lists;
}
