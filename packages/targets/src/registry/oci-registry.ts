import type { BlobReader, Descriptor, Digest, Run, SizedDigest } from '@gapferry/core';

/** What the registry target needs of the OCI distribution protocol (distribution-spec 1.1). `repository` is host/path everywhere.
 *  "There is none" is only what a 404 says; every other answer that is no success throws. */
export interface OciRegistry {
  /** HEAD of a tag or digest; undefined where there is none. */
  manifest(repository: string, reference: string, run: Run): Promise<Descriptor | undefined>;
  /** GET by digest, verified. Throws `BLOB_MISSING` where there is none, `DIGEST_MISMATCH`, `SIZE_MISMATCH`. */
  readManifest(repository: string, descriptor: Descriptor, run: Run): Promise<Uint8Array>;
  /** HEAD of a blob of this digest and size. */
  hasBlob(repository: string, blob: SizedDigest, run: Run): Promise<boolean>;
  /** Mounts it from a repository that has it, or uploads it; goes on where an earlier upload was cut. `sent`: bytes of it that went over the wire. */
  pushBlob(
    repository: string,
    blob: SizedDigest,
    from: BlobReader,
    options: PushBlobOptions,
    run: Run,
  ): Promise<{ readonly sent: number }>;
  /** Cancels uploads that earlier runs began and remembered, and that nobody went on with for two days: for when all content is there. Never fails but by `INTERRUPTED`. */
  abandonUploads(run: Run): Promise<void>;
  /** PUT under a tag or its own digest, right after a last look: nothing is sent where it stands already. A manifest with a subject is listed among the subject's referrers afterwards,
   *  by the registry or by the fallback tag. Throws `TARGET_CONFLICT` when the tag stands at anything but the digest wanted and `replaces`. */
  pushManifest(
    repository: string,
    reference: string,
    descriptor: Descriptor,
    bytes: Uint8Array,
    options: PushManifestOptions,
    run: Run,
  ): Promise<void>;
  /** What names the digest as its subject: the referrers API, or the fallback tag where there is none (distribution-spec, listing referrers). */
  referrers(repository: string, digest: Digest, run: Run): Promise<readonly Descriptor[]>;
  /** All tags; none where there is no repository. */
  tags(repository: string, run: Run): Promise<readonly string[]>;
  /** DELETE by digest, and with it every tag at it. `unsupported`: this registry does not delete (405). Throws `FORBIDDEN`, `UNAUTHORIZED`, `TARGET_CONFLICT` (immutable tag). */
  removeManifest(repository: string, digest: Digest, run: Run): Promise<'removed' | 'gone' | 'unsupported'>;
  /** Takes referrers that were deleted off the list under the fallback tag of their subject (distribution-spec, deleting manifests); with nothing left the list goes, and every tag at it. `gone`: it lists none of them. */
  unlistReferrers(
    repository: string,
    subject: Digest,
    deleted: readonly Digest[],
    run: Run,
  ): Promise<'removed' | 'gone' | 'unsupported'>;
  /** Does the host of the repository speak the protocol (`GET /v2/`)? Throws `UNAUTHORIZED` where it refuses the credentials for everything. */
  answersAsRegistry(repository: string, run: Run): Promise<boolean>;
  /** Begins an upload and cancels it at once. `kept`: the registry lets nobody cancel it, and sweeps it later. Throws what a push would, with `data.status`. */
  tryUpload(repository: string, run: Run): Promise<'cancelled' | 'kept'>;
}

export interface PushBlobOptions {
  /** Named in errors and progress. */
  readonly item: string;
  /** Repositories of the same registry that hold the blob. */
  readonly mountFrom?: readonly string[];
  /** It was just asked for, and is not there. */
  readonly absent?: boolean;
}

export interface PushManifestOptions {
  readonly item: string;
  /** What the tag may point to now. */
  readonly replaces?: Digest;
}
