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
import { readReferrers as readListed } from '../referrer-pages.ts';
import { type PushPlace, pullScope } from './push-place.ts';
import { readTaggedManifest } from './target-look.ts';
import { atTarget } from './target-refusal.ts';

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
  return ((await readFallbackIndex(place, subject, run))?.manifests ?? []).map(bare);
}

/** Undefined where there is no such API (404). */
export async function readReferrersApi(
  { http, repository, base, path }: PushPlace,
  subject: Digest,
  run: Run,
): Promise<readonly Descriptor[] | undefined> {
  const address = { base, scope: pullScope({ path }) };
  try {
    return (await readListed({ http, repository, address }, subject, run))?.map(bare);
  } catch (error) {
    throw atTarget(error);
  }
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

function bare({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

function parseIndex(place: PushPlace, bytes: Uint8Array, item: string): ReferrerIndex {
  const index = shape.safeParse(parseJson(bytes, item, MANIFEST_LIMITS));
  if (index.success) return index.data;
  throw new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${place.host} lists ${item} in an unknown form`,
    origin: 'target',
    data: { host: place.host, repository: place.repository },
  });
}
