import type { BlobReader, Descriptor, Digest, Run, SizedDigest } from '@gapferry/core';
import { createTries, createWaiting, type HttpClient, type Tries } from '@gapferry/http';
import { abandonUploads } from './abandon-uploads.ts';
import { answersAsRegistry } from './answers-as-registry.ts';
import { createBlobPusher, type PushBlobOptions } from './blob-pusher.ts';
import { unlistReferrers } from './fallback-list.ts';
import { createManifestPusher, type PushManifestOptions } from './manifest-pusher.ts';
import { type PushPlace, pushPlace } from './push-place.ts';
import { readReferrers } from './referrer-list.ts';
import { removeManifest, targetTags } from './remove-manifest.ts';
import { hasTargetBlob, lookAtManifest, readTargetManifest } from './target-look.ts';
import { tryUpload } from './try-upload.ts';
import { memoryUploadJournal, type UploadJournal } from './upload-journal.ts';

/** The push half of the OCI distribution protocol (distribution-spec 1.1), and the looks that belong to it. `repository` is host/path everywhere. What to push when is the caller's: children
 *  before parents, attachments after subjects, tags last, how much at once. Failed trips are tried again, at most 4 times in a row without progress. Errors have the origin `target`;
 *  `UNAUTHORIZED`, `FORBIDDEN`, `NO_SPACE` (quota), `TARGET_CONFLICT` (immutable tag), `RATE_LIMITED`, `SERVER_ERROR` carry the registry's own words. */
export interface RegistryWriter {
  /** What a tag or digest is now, by HEAD; undefined only for a real 404. */
  manifest(repository: string, reference: string, run: Run): Promise<Descriptor | undefined>;
  /** By digest, verified. Throws `BLOB_MISSING`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`. */
  readManifest(repository: string, descriptor: Descriptor, run: Run): Promise<Uint8Array>;
  /** Is a blob of this digest and this size there? HEAD. */
  hasBlob(repository: string, blob: SizedDigest, run: Run): Promise<boolean>;
  /** Makes the blob be there: not at all where it is, by mount, by going on with an earlier upload, or by a new one. `sent`: bytes that went over the wire, told as `bytes` events of `item`;
   *  what was there is told by the caller, who knows what was planned.
   *  Stopped or out of reach: the upload stays for the next run, after the chunk under way. Failed for good (also: wrong bytes from `from`): it is cancelled. */
  pushBlob(
    repository: string,
    blob: SizedDigest,
    from: BlobReader,
    options: PushBlobOptions,
    run: Run,
  ): Promise<{ readonly sent: number }>;
  /** Cancels and forgets uploads of earlier runs that nobody went on with for two days: for when all that is wanted is there. Never fails but by `INTERRUPTED`. */
  abandonUploads(run: Run): Promise<void>;
  /** Under a tag or its own digest, after a look: nothing is sent where it stands already. Throws `TARGET_CONFLICT` when the tag stands at anything but the digest wanted and `replaces`.
   *  A manifest with a subject is listed for it afterwards: by the registry, or under the fallback tag where it has no referrers API. */
  pushManifest(
    repository: string,
    reference: string,
    descriptor: Descriptor,
    bytes: Uint8Array,
    options: PushManifestOptions,
    run: Run,
  ): Promise<void>;
  /** What names the digest as its subject: the referrers API, or the fallback tag where that is a real 404. */
  referrers(repository: string, digest: Digest, run: Run): Promise<readonly Descriptor[]>;
  /** All tags; none where there is no repository. */
  tags(repository: string, run: Run): Promise<readonly string[]>;
  /** DELETE by digest (distribution-spec, deleting manifests): the manifest, and every tag at it. `unsupported`: this registry does not delete. */
  removeManifest(repository: string, digest: Digest, run: Run): Promise<'removed' | 'gone' | 'unsupported'>;
  /** Takes referrers that were deleted off the list under the fallback tag of their subject; with nothing left the list goes. `gone`: it lists none of them. `unsupported`: this registry does not delete. */
  unlistReferrers(
    repository: string,
    subject: Digest,
    deleted: readonly Digest[],
    run: Run,
  ): Promise<'removed' | 'gone' | 'unsupported'>;
  /** `GET /v2/` of the host of the repository: does it speak the protocol? */
  answersAsRegistry(repository: string, run: Run): Promise<boolean>;
  /** Begins an upload and cancels it: what may be pushed to, says so. `kept`: what was begun cannot be cancelled there. */
  tryUpload(repository: string, run: Run): Promise<'cancelled' | 'kept'>;
}

export interface RegistryWriterOptions {
  /** Remembers uploads beyond this process; default: only within it. */
  readonly journal?: UploadJournal;
  /** Bytes of a chunk, and of the largest blob that is sent in one piece; default 8 MiB. */
  readonly chunkSize?: number;
  /** How to wait between tries, and jitter; for tests. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random?: () => number;
}

const CHUNK = 8 << 20;

export function createRegistryWriter(http: HttpClient, options: RegistryWriterOptions = {}): RegistryWriter {
  const { journal = memoryUploadJournal(), chunkSize = CHUNK } = options;
  const waits = { waiting: createWaiting(options.wait), random: options.random ?? Math.random };
  const pushBlob = createBlobPusher({ http, journal, chunkSize, ...waits });
  const triesFor = (item: string, { host }: PushPlace): Tries => createTries(item, host, waits);
  const pushManifest = createManifestPusher({ http, triesFor });
  return {
    manifest: async (repository, reference, run) =>
      lookAtManifest(await pushPlace(http, repository, run), reference, run),
    readManifest: async (repository, descriptor, run) =>
      readTargetManifest(await pushPlace(http, repository, run), descriptor, run),
    hasBlob: async (repository, blob, run) =>
      hasTargetBlob(await pushPlace(http, repository, run), blob, run),
    pushBlob,
    abandonUploads: (run) => abandonUploads(http, journal, run),
    pushManifest,
    referrers: async (repository, digest, run) =>
      readReferrers(await pushPlace(http, repository, run), digest, run),
    tags: async (repository, run) => targetTags(await pushPlace(http, repository, run), run),
    removeManifest: async (repository, digest, run) =>
      removeManifest(await pushPlace(http, repository, run), digest, run),
    unlistReferrers: async (repository, subject, deleted, run) =>
      unlistReferrers(await pushPlace(http, repository, run), subject, deleted, run),
    answersAsRegistry: async (repository, run) =>
      answersAsRegistry(await pushPlace(http, repository, run), run),
    tryUpload: async (repository, run) => {
      const place = await pushPlace(http, repository, run);
      return tryUpload(place, () => triesFor(`an upload on trial in ${repository}`, place), run);
    },
  };
}
