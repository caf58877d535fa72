import type { Bytes, Digest, Run } from '@gapferry/core';
import type { HeldBody } from '@gapferry/http';

/** An object that is read as a stream. */
export interface OpenedObject extends ObjectAt {
  readonly version?: string;
  readonly size: number;
  /** As for a body. */
  readonly held?: HeldBody;
}

/** One bucket of an object store that speaks the S3 API. Questions are asked again after failed trips; answers count.
 *  "There is none" is only what a 404 for the key says. Errors carry the store's own code in `data.s3` (`NoSuchBucket`, `AccessDenied`, …). */
export interface S3Bucket {
  /** `host/bucket`, for messages. */
  readonly place: string;
  /** The bucket's own name. */
  readonly name: string;
  /** Every object below the prefix in the order of keys, a thousand for each request. */
  list(prefix: string, run: Run): AsyncIterable<ListedObject>;
  /** Of `version` where one is named, otherwise the latest. */
  head(at: ObjectAt & { readonly version?: string }, run: Run): Promise<ObjectFacts | undefined>;
  /** A small object whole; `LIMIT_EXCEEDED` for more than `most` bytes. */
  read(at: ObjectAt, most: number, run: Run): Promise<ReadObject | undefined>;
  /** An object as a stream from an offset on, resumed after a cut connection; of `version` where one is named. `size`: of the whole object. */
  open(at: OpenedObject, from: number, run: Run): Bytes;
  /** One request; at most 5 GiB. The store checks the digest before it keeps anything. */
  put(at: ObjectAt, body: ObjectBody, options: PutOptions, run: Run): Promise<StoredObject>;
  /** The store copies by itself, at most 5 GiB: nothing is sent. Throws `TARGET_CONFLICT` when `from` is not there with that ETag. */
  copy(from: CopySource, at: ObjectAt, options: PutOptions, run: Run): Promise<StoredObject>;
  remove(at: ObjectAt, run: Run): Promise<void>;
  /** Begins a multipart upload; its id. `copied`: of parts that the store copies. */
  begin(at: ObjectAt, options: PutOptions & { readonly copied?: true }, run: Run): Promise<string>;
  /** Parts that are there, in the order of numbers; undefined when there is no such upload. */
  parts(at: ObjectAt, upload: string, run: Run): Promise<readonly UploadedPart[] | undefined>;
  putPart(at: ObjectAt, upload: string, part: NewPart, run: Run): Promise<UploadedPart>;
  /** The store copies `size` bytes of `from`, `start` being the first, as a part: nothing is sent. Throws as `copy`. */
  copyPart(from: CopySource, at: ObjectAt, upload: string, part: CopiedPart, run: Run): Promise<UploadedPart>;
  /** Throws `TARGET_CONFLICT` where something else is there than `ifMatch` says. */
  complete(
    at: ObjectAt & Pick<PutOptions, 'ifMatch'>,
    upload: string,
    parts: readonly UploadedPart[],
    run: Run,
  ): Promise<StoredObject>;
  /** Fine when there is none. */
  abort(at: ObjectAt, upload: string, run: Run): Promise<void>;
  /** Ids of uploads to this very key that were begun and not ended, in no order. */
  uploads(at: ObjectAt, run: Run): Promise<readonly string[]>;
  versioning(run: Run): Promise<BucketVersioning>;
  objectLock(run: Run): Promise<boolean>;
  /** Makes the bucket, private. Object lock includes versions. Fine where it is ours already. */
  create(options: { readonly objectLock: boolean; readonly versioning: boolean }, run: Run): Promise<void>;
}

export interface ObjectAt {
  readonly key: string;
  /** What it is for: named in errors and progress. */
  readonly item: string;
}

export interface ListedObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly etag: string;
}

export interface ObjectFacts {
  readonly size: number;
  readonly etag: string;
  readonly version?: string;
  /** Names without `x-amz-meta-`, in lower case. */
  readonly metadata: ReadonlyMap<string, string>;
}

export interface ReadObject extends ObjectFacts {
  readonly bytes: Uint8Array;
}

/** May be opened again when a trip failed. */
export interface ObjectBody {
  readonly digest: Digest;
  readonly size: number;
  readonly open: () => Bytes;
}

export interface PutOptions {
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly lock?: { readonly mode: 'governance' | 'compliance'; readonly until: Date };
  readonly legalHold?: boolean;
  /** Replace only what has this ETag; `none`: only where nothing is. Throws `TARGET_CONFLICT`. */
  readonly ifMatch?: string | 'none';
}

export interface CopySource {
  readonly key: string;
  /** Bytes, where they are known: a large copy takes the store a while. */
  readonly size?: number;
  readonly etag: string;
  readonly version?: string;
}

export interface StoredObject {
  readonly etag: string;
  readonly version?: string;
  /** Of the whole, in base64, where the store computed it while it copied. */
  readonly sha256?: string;
}

export interface NewPart {
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Of `bytes`, in base64. */
  readonly sha256: string;
}

export interface CopiedPart {
  /** From 1. */
  readonly number: number;
  /** The first byte. */
  readonly start: number;
  readonly size: number;
}

export interface UploadedPart {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  /** In base64; absent where the store keeps none. */
  readonly sha256?: string;
}

/** `suspended`: it kept versions once, and what is removed still leaves a marker. */
export type BucketVersioning = 'enabled' | 'suspended' | 'never';
