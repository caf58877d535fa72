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
import { targetRefusal } from './target-refusal.ts';

/** What a tag or digest is at the registry, whatever it is; undefined only for a real 404. */
export async function lookAtManifest(
  place: PushPlace,
  reference: string,
  run: Run,
): Promise<Descriptor | undefined> {
  const head = await askManifest(place, 'HEAD', reference, run);
  if (head.status === 404) return undefined;
  const told = head.status === 200 ? announced(head) : undefined;
  if (told !== undefined) return told;
  // Some registries do not know HEAD, or leave headers out; and a refusal has words only in a body.
  const answer = await askManifest(place, 'GET', reference, run);
  if (answer.status === 404 && head.status !== 401) return undefined;
  if (answer.status !== 200) throw targetRefusal(answer, purposeOf(place, reference));
  const mediaType = bareMediaType(answer.headers.get('content-type'));
  return { mediaType, digest: digestOf(answer.body), size: answer.body.byteLength };
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
  if (answer.body.byteLength !== descriptor.size)
    throw new GapferryError({
      code: 'SIZE_MISMATCH',
      message: `${what} has ${answer.body.byteLength} bytes instead of ${descriptor.size}`,
      origin: 'target',
      data: { expected: descriptor.digest, size: descriptor.size, actual: answer.body.byteLength },
    });
  requireDigest(descriptor, digestOf(answer.body), { origin: 'target', place: place.repository });
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
  return { mediaType: bareMediaType(answer.headers.get('content-type')), bytes: answer.body };
}

/** False also where the registry has another size under the digest: what is there is not the blob. */
export async function hasTargetBlob(place: PushPlace, blob: SizedDigest, run: Run): Promise<boolean> {
  const answer = await askTarget(
    {
      place,
      item: `blob ${shortDigest(blob.digest)} of ${place.repository}`,
      doing: 'looking',
      method: 'HEAD',
      url: `${place.base}/blobs/${blob.digest}`,
      scope: pullScope(place),
      accept: [200, 404],
    },
    run,
  );
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
      accept: method === 'HEAD' ? [200, 400, 401, 403, 404, 405, 501] : [200, 401, 403, 404],
    },
    run,
  );
}

function purposeOf(place: PushPlace, reference: string): { place: PushPlace; item: string; doing: string } {
  const item = `${place.repository}${isDigest(reference) ? '@' : ':'}${reference}`;
  return { place, item, doing: 'looking' };
}

function announced({ headers }: HttpAnswer): Descriptor | undefined {
  const mediaType = bareMediaType(headers.get('content-type'));
  const digest = headers.get('docker-content-digest');
  const size = headers.get('content-length') ?? '';
  if (!isDigest(digest) || !/^\d{1,9}$/.test(size) || mediaType === '') return undefined;
  return { mediaType, digest, size: Number(size) };
}
