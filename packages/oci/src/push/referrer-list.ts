import {
  type Descriptor,
  type Digest,
  GapferryError,
  hexOf,
  isDigest,
  MANIFEST_LIMITS,
  MEDIA_TYPES,
  parseJson,
  type Run,
} from '@gapferry/core';
import { z } from 'zod';
import { bareMediaType } from '../media-type-names.ts';
import { askTarget } from './ask-target.ts';
import { type PushPlace, pullScope } from './push-place.ts';
import { readTaggedManifest } from './target-look.ts';

const MOST_PAGES = 100;

/** An index as it was parsed: members that nobody here knows stay in it. */
export interface ReferrerIndex {
  readonly manifests?: readonly Descriptor[] | null | undefined;
  readonly [member: string]: unknown;
}

const shape: z.ZodType<ReferrerIndex> = z.looseObject({
  schemaVersion: z.literal(2),
  manifests: z
    .array(
      z.looseObject({
        mediaType: z.string().min(1).max(255),
        digest: z.custom<Digest>(isDigest),
        size: z.int().min(0),
      }),
    )
    .nullish(),
});

/** The tag of the referrers tag schema (distribution-spec, referrers tag schema). */
export function fallbackTag(subject: Digest): string {
  return `sha256-${hexOf(subject)}`;
}

/** What names the digest as its subject: by the API, or by the fallback tag where the API is a real 404. */
export async function readReferrers(
  place: PushPlace,
  subject: Digest,
  run: Run,
): Promise<readonly Descriptor[]> {
  const listed = await readReferrersApi(place, subject, run);
  if (listed !== undefined) return listed;
  return referrersIn((await readFallbackIndex(place, subject, run)) ?? {});
}

/** Undefined where there is no such API (404). */
export async function readReferrersApi(
  place: PushPlace,
  subject: Digest,
  run: Run,
): Promise<readonly Descriptor[] | undefined> {
  const item = `what refers to ${place.repository}@${subject}`;
  const found: Descriptor[] = [];
  let url: string | undefined = `${place.base}/referrers/${subject}`;
  for (let page = 0; url !== undefined && page < MOST_PAGES; page++) {
    const answer = await askTarget(
      {
        place,
        item,
        doing: 'looking',
        method: 'GET',
        url,
        scope: pullScope(place),
        headers: { Accept: MEDIA_TYPES.ociIndex },
        maxBytes: MANIFEST_LIMITS.maxBytes,
        accept: [200, 404],
      },
      run,
    );
    if (answer.status === 404) return undefined;
    // A page of a web interface that answers 200 to everything is no list.
    if (bareMediaType(answer.headers.get('content-type')) !== MEDIA_TYPES.ociIndex)
      throw unreadable(place, item);
    found.push(...referrersIn(parseIndex(place, answer.body, item)));
    url = nextPage(answer.headers.get('link'), url);
  }
  return found;
}

/** The index under the fallback tag; undefined where there is none. Throws `TARGET_CONFLICT` when the tag is something else: it is somebody's. */
export async function readFallbackIndex(
  place: PushPlace,
  subject: Digest,
  run: Run,
): Promise<ReferrerIndex | undefined> {
  const tag = fallbackTag(subject);
  const there = await readTaggedManifest(place, tag, run);
  if (there === undefined) return undefined;
  if (there.mediaType === MEDIA_TYPES.ociIndex)
    return parseIndex(place, there.bytes, `${place.repository}:${tag}`);
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${place.repository}:${tag} is no index of referrers (${there.mediaType.slice(0, 100)})`,
    hint: 'the tag is kept for the list of what belongs to this digest: remove it there',
    origin: 'target',
    data: { repository: place.repository, tag },
  });
}

function referrersIn({ manifests }: ReferrerIndex): Descriptor[] {
  return (manifests ?? []).map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
}

function parseIndex(place: PushPlace, bytes: Uint8Array, item: string): ReferrerIndex {
  const index = shape.safeParse(parseJson(bytes, item, MANIFEST_LIMITS));
  if (index.success) return index.data;
  throw unreadable(place, item);
}

/** Only on the same server. */
function nextPage(link: string | undefined, from: string): string | undefined {
  const next = /<([^>]{1,4096})>\s*;[^,]*\brel="?next"?/.exec(link ?? '')?.[1];
  const url = next === undefined ? null : URL.parse(next, from);
  return url?.origin === new URL(from).origin ? url.href : undefined;
}

function unreadable(place: PushPlace, item: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${place.host} lists ${item} in an unknown form`,
    origin: 'target',
    data: { host: place.host, repository: place.repository },
  });
}
