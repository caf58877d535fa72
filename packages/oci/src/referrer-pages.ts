import {
  type Descriptor,
  type Digest,
  GapferryError,
  isDigest,
  MEDIA_TYPES,
  parseJson,
  type Run,
} from '@gapferry/core';
import type { HttpAnswer } from '@gapferry/http';
import { z } from 'zod';
import { MANIFEST_LIMIT } from './manifest-document.ts';
import type { AskedRepository } from './manifest-requests.ts';
import { bareMediaType } from './media-type-names.ts';
import { nextPage } from './next-page.ts';

/** A manifest that says what it is about, as the registry lists it. */
export interface Referrer extends Descriptor {
  readonly artifactType?: string;
}

/** Of one subject. */
export const MOST_REFERRERS = 1000;
const MOST_PAGES = 100;

const shape = z.looseObject({
  schemaVersion: z.literal(2),
  manifests: z.array(
    z.looseObject({
      mediaType: z
        .string()
        .max(255)
        .regex(/^[a-z0-9][\w!#$&^.+-]*\/[A-Za-z0-9][\w!#$&^.+-]*$/),
      digest: z.string().refine(isDigest, 'is not sha256: and 64 lower-case hex digits'),
      size: z.int().min(0),
      artifactType: z.string().max(255).nullish(),
    }),
  ),
});

/** Every referrer of a manifest, from all pages (distribution-spec, listing referrers). Undefined when the registry answers 404: it has no such API.
 *  Throws for every other answer: what could not be asked is never "none". */
export async function readReferrers(
  { http, repository, address }: AskedRepository,
  subject: Digest,
  run: Run,
): Promise<readonly Referrer[] | undefined> {
  const item = `the referrers of ${repository}@${subject}`;
  const referrers: Referrer[] = [];
  let url: string | undefined = `${address.base}/referrers/${subject}`;
  for (let page = 0; url !== undefined; page++) {
    const answer: HttpAnswer = await http.request(
      {
        url,
        item,
        scope: address.scope,
        headers: { Accept: MEDIA_TYPES.ociIndex },
        accept: page === 0 ? [200, 404] : [200],
        maxBytes: MANIFEST_LIMIT,
      },
      run,
    );
    if (answer.status === 404) return undefined;
    referrers.push(...referrersIn(answer, item));
    if (page === MOST_PAGES || referrers.length > MOST_REFERRERS)
      throw refused('LIMIT_EXCEEDED', `${item} are more than ${MOST_REFERRERS}`);
    url = nextPage(answer, item);
  }
  return referrers;
}

function referrersIn({ headers, body }: HttpAnswer, item: string): Referrer[] {
  const mediaType = bareMediaType(headers.get('content-type'));
  if (mediaType !== MEDIA_TYPES.ociIndex)
    throw refused('PROTOCOL_VIOLATION', `${item} came as "${mediaType.slice(0, 100)}" and not as an index`);
  // Nothing was asked to be left out.
  if ((headers.get('oci-filters-applied') ?? '').trim() !== '')
    throw refused('PROTOCOL_VIOLATION', `${item} came filtered, which was not asked for`);
  return parseReferrers(body, item);
}

/** Entries of an index of referrers, as the API and the fallback tag have it. Harbor says `{}` of a subject that it does not have. */
export function parseReferrers(body: Uint8Array, item: string): Referrer[] {
  const value = parseJson(body, item, { maxBytes: MANIFEST_LIMIT, maxDepth: 32 });
  if (isEmptyObject(value)) return [];
  const index = shape.safeParse(value);
  if (!index.success) throw refused('PROTOCOL_VIOLATION', `${item} came in an unknown form`);
  return index.data.manifests.map(({ mediaType, digest, size, artifactType }) => ({
    mediaType,
    digest: digest as Digest,
    size,
    ...(typeof artifactType === 'string' && artifactType !== '' && { artifactType }),
  }));
}

function isEmptyObject(value: unknown): boolean {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.keys(value).length === 0;
}

function refused(code: 'LIMIT_EXCEEDED' | 'PROTOCOL_VIOLATION', message: string): GapferryError {
  return new GapferryError({
    code,
    message,
    hint: 'leave attachments out with `attachments: none` where they are not needed',
    origin: 'source',
  });
}
