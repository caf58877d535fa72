import {
  type Descriptor,
  type Digest,
  GapferryError,
  hasLinks,
  isDigest,
  parseManifestLinks,
  type Run,
} from '@gapferry/core';
import type { HttpAnswer, HttpClient, Tries } from '@gapferry/http';
import { askTarget } from './ask-target.ts';
import { createFallbackLists, type ListReferrer } from './fallback-list.ts';
import { type PushPlace, pushPlace, pushScope } from './push-place.ts';
import { readReferrersApi } from './referrer-list.ts';
import { lookAtManifest } from './target-look.ts';

export interface PushManifestOptions {
  readonly item: string;
  /** What the tag may point to now; a tag that points to anything else, and not to what is wanted, is a conflict. */
  readonly replaces?: Digest;
}

export type PushManifest = (
  repository: string,
  reference: string,
  descriptor: Descriptor,
  bytes: Uint8Array,
  options: PushManifestOptions,
  run: Run,
) => Promise<void>;

export interface ManifestPusherParts {
  readonly http: HttpClient;
  readonly triesFor: (item: string, place: PushPlace) => Tries;
}

/** PUT by tag or digest after a look, so that nothing is sent twice and an immutable tag is left alone; then what `subject` needs. */
export function createManifestPusher({ http, triesFor }: ManifestPusherParts): PushManifest {
  const listReferrer = createFallbackLists(triesFor);
  return async (repository, reference, descriptor, bytes, options, run) => {
    const place = await pushPlace(http, repository, run);
    const push: ManifestPush = { place, reference, descriptor, bytes, options };
    const answer = await putUntilThere(push, triesFor(options.item, place), run);
    if (answer !== undefined) await requireThere(push, answer, run);
    await seeToSubject(push, answer, listReferrer, run);
  };
}

interface ManifestPush {
  readonly place: PushPlace;
  readonly reference: string;
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly options: PushManifestOptions;
}

/** The answer to the PUT; undefined when it was there. Every try looks first: the answer to the last one may be all that was lost. */
async function putUntilThere(push: ManifestPush, tries: Tries, run: Run): Promise<HttpAnswer | undefined> {
  for (;;) {
    const there = await lookAtManifest(push.place, push.reference, run);
    if (there?.digest === push.descriptor.digest) return undefined;
    if (there !== undefined) requireReplaceable(push, there.digest);
    try {
      return await putManifest(push, run);
    } catch (error) {
      await tries.failed(error, run);
    }
  }
}

function requireReplaceable({ place, reference, descriptor, options }: ManifestPush, there: Digest): void {
  if (!isDigest(reference) && there === options.replaces) return;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${options.item}: ${place.repository}:${reference} is ${there} at the target, and not what may be replaced by ${descriptor.digest}`,
    hint: 'somebody else pushed this tag; decide what it should be, then run the same command again',
    origin: 'target',
    data: { item: options.item, repository: place.repository, reference, there, wanted: descriptor.digest },
  });
}

function putManifest(
  { place, reference, descriptor, bytes, options }: ManifestPush,
  run: Run,
): Promise<HttpAnswer> {
  return askTarget(
    {
      place,
      item: options.item,
      doing: `pushing the manifest ${reference}`,
      method: 'PUT',
      url: `${place.base}/manifests/${reference}`,
      scope: pushScope(place),
      headers: { 'Content-Type': descriptor.mediaType },
      body: bytes,
      accept: [201, 200, 202],
    },
    run,
  );
}

/** A tag is looked at once more: the protocol has no way to say "only if nobody else was here". */
async function requireThere(push: ManifestPush, answer: HttpAnswer, run: Run): Promise<void> {
  const { place, reference, descriptor, options } = push;
  const said = answer.headers.get('docker-content-digest');
  if (said !== undefined && said !== descriptor.digest) throw otherDigest(push, said);
  if (said !== undefined && isDigest(reference)) return;
  const there = await lookAtManifest(place, reference, run);
  if (there?.digest === descriptor.digest) return;
  if (isDigest(reference) || there === undefined) throw otherDigest(push, there?.digest ?? 'nothing');
  requireReplaceable({ ...push, options: { item: options.item } }, there.digest);
}

function otherDigest({ place, reference, descriptor, options }: ManifestPush, actual: string): GapferryError {
  return new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `${place.host} took the manifest ${reference} of ${options.item} and has ${actual.slice(0, 100)} instead of ${descriptor.digest}`,
    hint: 'the registry changes what is pushed; it cannot hold this release as it is signed',
    origin: 'target',
    data: { item: options.item, expected: descriptor.digest, actual },
  });
}

/** `OCI-Subject` in the answer says that the registry keeps the list itself. Where nothing was sent, its list is read. */
async function seeToSubject(
  { place, descriptor, bytes, options }: ManifestPush,
  answer: HttpAnswer | undefined,
  listReferrer: ListReferrer,
  run: Run,
): Promise<void> {
  if (!hasLinks(descriptor.mediaType)) return;
  const { subject, artifactType, annotations } = parseManifestLinks(
    bytes,
    descriptor.mediaType,
    options.item,
  );
  if (subject === undefined || answer?.headers.get('oci-subject') === subject.digest) return;
  if (answer === undefined) {
    const listed = await readReferrersApi(place, subject.digest, run);
    if (listed?.some(({ digest }) => digest === descriptor.digest)) return;
  }
  const referrer = {
    ...descriptor,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations && { annotations }),
  };
  await listReferrer(place, subject.digest, referrer, options.item, run);
}
