import {
  type Descriptor,
  digestOf,
  GapferryError,
  isDigest,
  type Run,
  requireDigest,
  type SizedDigest,
  shortDigest,
} from '@gapferry/core';
import type { HttpAnswer } from '@gapferry/http';
import { MANIFEST_LIMIT } from '../manifest-document.ts';
import { ACCEPTED_MANIFESTS, bareMediaType } from '../media-type-names.ts';
import { askTarget } from './ask-target.ts';
import { type PushPlace, pullScope } from './push-place.ts';
import { type Purpose, targetRefusal } from './target-refusal.ts';

/** What a tag or digest is at the registry, whatever it is; undefined only for a real 404. */
export async function lookAtManifest(
  place: PushPlace,
  reference: string,
  run: Run,
): Promise<Descriptor | undefined> {
  const head = await askManifest(place, 'HEAD', reference, run);
  if (head.status === 404) return undefined;
  const told = head.status === 200 ? announced(head) : undefined;
  if (told !== undefined && isMeant(reference, told.digest)) return told;
  // Some registries do not know HEAD, or leave headers out; and a refusal has words only in a body.
  const answer = await askManifest(place, 'GET', reference, run);
  if (answer.status === 404 && head.status !== 401) return undefined;
  if (answer.status !== 200) throw targetRefusal(answer, purposeOf(place, reference));
  requireNoPage(answer, purposeOf(place, reference));
  const mediaType = bareMediaType(answer.headers.get('content-type'));
  const [digest, size] = [digestOf(answer.body), answer.body.byteLength];
  if (isDigest(reference)) requireDigest({ digest: reference, size }, digest, sideOf(place));
  return { mediaType, digest, size };
}

/** Under a digest lies what has that digest, whatever is said of it; what the header says counts for tags. */
function isMeant(reference: string, said: string): boolean {
  return !isDigest(reference) || reference === said;
}

function sideOf({ repository }: PushPlace): { origin: 'target'; place: string } {
  return { origin: 'target', place: repository };
}

/** A manifest by digest, verified. Throws `BLOB_MISSING`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `LIMIT_EXCEEDED`. */
export async function readTargetManifest(
  place: PushPlace,
  descriptor: Descriptor,
  run: Run,
): Promise<Uint8Array> {
  const answer = await askManifest(place, 'GET', descriptor.digest, run);
  const what = `${place.repository}@${descriptor.digest}`;
  if (answer.status === 404)
    throw new GapferryError({ code: 'BLOB_MISSING', message: `there is no ${what}`, origin: 'target' });
  if (answer.status !== 200) throw targetRefusal(answer, purposeOf(place, descriptor.digest));
  requireNoPage(answer, purposeOf(place, descriptor.digest));
  if (answer.body.byteLength !== descriptor.size)
    throw new GapferryError({
      code: 'SIZE_MISMATCH',
      message: `${what} has ${answer.body.byteLength} bytes instead of ${descriptor.size}`,
      origin: 'target',
      data: { expected: descriptor.digest, size: descriptor.size, actual: answer.body.byteLength },
    });
  requireDigest(descriptor, digestOf(answer.body), sideOf(place));
  return answer.body;
}

/** A manifest under a tag with its own bytes; undefined only for a real 404. */
export async function readTaggedManifest(
  place: PushPlace,
  tag: string,
  run: Run,
): Promise<{ readonly mediaType: string; readonly bytes: Uint8Array } | undefined> {
  const answer = await askManifest(place, 'GET', tag, run);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw targetRefusal(answer, purposeOf(place, tag));
  requireNoPage(answer, purposeOf(place, tag));
  return { mediaType: bareMediaType(answer.headers.get('content-type')), bytes: answer.body };
}

/** False also where the registry has another size under the digest: what is there is not the blob. */
export async function hasTargetBlob(place: PushPlace, blob: SizedDigest, run: Run): Promise<boolean> {
  const item = `blob ${shortDigest(blob.digest)} of ${place.repository}`;
  const answer = await askTarget(
    {
      place,
      item,
      doing: 'looking',
      method: 'HEAD',
      url: `${place.base}/blobs/${blob.digest}`,
      scope: pullScope(place),
      accept: [200, 404],
    },
    run,
  );
  requireNoPage(answer, { place, item });
  const size = answer.headers.get('content-length');
  return answer.status === 200 && (size === undefined || size === String(blob.size));
}

function askManifest(
  place: PushPlace,
  method: 'HEAD' | 'GET',
  reference: string,
  run: Run,
): Promise<HttpAnswer> {
  return askTarget(
    {
      ...purposeOf(place, reference),
      method,
      url: `${place.base}/manifests/${reference}`,
      scope: pullScope(place),
      headers: { Accept: ACCEPTED_MANIFESTS },
      maxBytes: MANIFEST_LIMIT,
      accept: method === 'HEAD' ? [200, 400, 401, 403, 404, 405, 412, 501] : [200, 401, 403, 404],
    },
    run,
  );
}

function purposeOf(place: PushPlace, reference: string): { place: PushPlace; item: string; doing: string } {
  const item = `${place.repository}${isDigest(reference) ? '@' : ':'}${reference}`;
  return { place, item, doing: 'looking' };
}

/** Something before the registry that sends whoever it does not know to a page answers 200 to everything, and names no digest. */
function requireNoPage(
  { status, headers }: HttpAnswer,
  { place, item }: Pick<Purpose, 'place' | 'item'>,
): void {
  const isPage = /\bx?html\b/i.test(headers.get('content-type') ?? '');
  if (status !== 200 || !isPage || headers.has('docker-content-digest')) return;
  throw new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${place.host} answers with a web page when asked for ${item}`,
    hint: `check that nothing before ${place.host} sends registry clients to a page to sign in, and that the credentials are still good`,
    origin: 'target',
    data: { host: place.host, repository: place.repository, item },
  });
}

function announced({ headers }: HttpAnswer): Descriptor | undefined {
  const mediaType = bareMediaType(headers.get('content-type'));
  const digest = headers.get('docker-content-digest');
  const size = headers.get('content-length') ?? '';
  if (!isDigest(digest) || !/^\d{1,9}$/.test(size) || mediaType === '') return undefined;
  return { mediaType, digest, size: Number(size) };
}
