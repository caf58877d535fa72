import { type Descriptor, type Digest, digestOf, GapferryError, MEDIA_TYPES, type Run } from '@gapferry/core';
import type { Tries } from '@gapferry/http';
import pLimit, { type LimitFunction } from 'p-limit';
import { MANIFEST_LIMIT } from '../manifest-document.ts';
import { askTarget } from './ask-target.ts';
import { type PushPlace, pushScope } from './push-place.ts';
import { fallbackTag, type ReferrerIndex, readFallbackIndex } from './referrer-list.ts';
import { removeManifest } from './remove-manifest.ts';
import { lookAtManifest } from './target-look.ts';

/** What the list says about one referrer (distribution-spec, pushing manifests with subject). */
export interface Referrer extends Descriptor {
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Puts a referrer on the list under its subject's fallback tag, for registries without the referrers API. */
export type ListReferrer = (
  place: PushPlace,
  subject: Digest,
  referrer: Referrer,
  item: string,
  run: Run,
) => Promise<void>;

/** Read, add, write, read again: somebody else may have written in between, and the protocol has no lock. In this process one at a time for each subject. */
export function createFallbackLists(triesFor: (item: string, place: PushPlace) => Tries): ListReferrer {
  const turns = new Map<string, LimitFunction>();
  return (place, subject, referrer, item, run) => {
    const key = `${place.repository}@${subject}`;
    const inTurn = turns.get(key) ?? pLimit(1);
    turns.set(key, inTurn);
    return inTurn(() => addUntilListed(place, subject, referrer, item, triesFor(item, place), run));
  };
}

async function addUntilListed(
  place: PushPlace,
  subject: Digest,
  referrer: Referrer,
  item: string,
  tries: Tries,
  run: Run,
): Promise<void> {
  for (let written = false; ; ) {
    const index = await readFallbackIndex(place, subject, run);
    if (index?.manifests?.some(({ digest }) => digest === referrer.digest)) return;
    try {
      if (written) throw overwritten(place, subject, `${item} is not listed there`, item);
      await putList(place, subject, withReferrer(index, referrer), item, run);
      written = true;
    } catch (error) {
      await tries.failed(error, run);
      written = false;
    }
  }
}

/** Takes referrers that were deleted off the list (distribution-spec, deleting manifests: "remove the descriptor entry … push the updated referrers list"); a list with nothing left goes as a whole, and with it its tag.
 *  Read and written at once: the protocol has no lock. */
export async function unlistReferrers(
  place: PushPlace,
  subject: Digest,
  deleted: readonly Digest[],
  run: Run,
): Promise<'removed' | 'gone' | 'unsupported'> {
  // Before it is read: what somebody writes from here on is another list, and does not go with this one.
  const there = await lookAtManifest(place, fallbackTag(subject), run);
  const index = await readFallbackIndex(place, subject, run);
  if (there === undefined || index === undefined) return 'gone';
  const listed = index.manifests ?? [];
  const left = listed.filter(({ digest }) => !deleted.includes(digest));
  if (left.length === listed.length) return 'gone';
  if (left.length === 0) return await removeManifest(place, there.digest, run);
  const body = Buffer.from(JSON.stringify({ ...index, manifests: left }));
  await putList(place, subject, body, `${place.repository}:${fallbackTag(subject)}`, run);
  const now = await lookAtManifest(place, fallbackTag(subject), run);
  if (now?.digest === digestOf(body)) return 'removed';
  throw overwritten(place, subject, 'what was deleted may be listed still');
}

function withReferrer(index: ReferrerIndex | undefined, referrer: Referrer): Buffer {
  const { mediaType, digest, size, artifactType, annotations } = referrer;
  const own = {
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations !== undefined && { annotations }),
  };
  const empty = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex };
  return Buffer.from(JSON.stringify({ ...empty, ...index, manifests: [...(index?.manifests ?? []), own] }));
}

async function putList(
  place: PushPlace,
  subject: Digest,
  body: Buffer,
  item: string,
  run: Run,
): Promise<void> {
  const tag = fallbackTag(subject);
  if (body.byteLength > MANIFEST_LIMIT)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `the list of what belongs to ${place.repository}@${subject} would have ${body.byteLength} bytes; the limit for a manifest is ${MANIFEST_LIMIT}`,
      origin: 'target',
    });
  await askTarget(
    {
      place,
      item,
      doing: `listing it under the tag ${tag}`,
      method: 'PUT',
      url: `${place.base}/manifests/${tag}`,
      scope: pushScope(place),
      headers: { 'Content-Type': MEDIA_TYPES.ociIndex },
      body,
      accept: [201, 200],
    },
    run,
  );
}

function overwritten(place: PushPlace, subject: Digest, what: string, item?: string): GapferryError {
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `somebody else writes ${place.repository}:${fallbackTag(subject)} at the same time; ${what}`,
    hint: 'run the same command again when the other one is done',
    origin: 'target',
    retryable: true,
    data: { repository: place.repository, ...(item !== undefined && { item }) },
  });
}
