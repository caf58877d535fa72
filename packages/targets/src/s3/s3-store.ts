import type { Bytes, Digest, Run } from '@gapferry/core';

/** What the S3 target needs of a bucket. Questions are asked again after failed trips; every one may be asked twice. "There is none" is only what the store says of a key.
 *  Errors carry the store's own code in `data.s3` (`NoSuchBucket`, `NoSuchUpload`, …). */
export interface S3Store {
  /** `host/bucket`, for messages. */
  readonly place: string;
  /** The bucket's own name. */
  readonly name: string;
  /** Every object below the prefix in the order of keys, a thousand for each request. */
  list(prefix: string, run: Run): AsyncIterable<S3Listed>;
  head(at: S3At, run: Run): Promise<S3Facts | undefined>;
  /** A small object whole; throws `LIMIT_EXCEEDED` for more than `most` bytes. */
  read(at: S3At, most: number, run: Run): Promise<(S3Facts & { readonly bytes: Uint8Array }) | undefined>;
  open(at: S3At & { readonly size: number; readonly version?: string }, from: number, run: Run): Bytes;
  /** One request. The store checks the digest before it keeps anything. */
  put(at: S3At, body: S3Body, options: S3PutOptions, run: Run): Promise<S3Stored>;
  /** The store copies by itself, at most 5 GiB. Throws `TARGET_CONFLICT` when `from` is not there with that ETag. */
  copy(from: S3Source, at: S3At, options: S3PutOptions, run: Run): Promise<S3Stored>;
  /** Fine when there is none. */
  remove(at: S3At, run: Run): Promise<void>;
  /** Begins a multipart upload; its id. `copied`: of parts that the store copies. */
  begin(at: S3At, options: S3PutOptions & { readonly copied?: true }, run: Run): Promise<string>;
  /** Undefined when there is no such upload. */
  parts(at: S3At, upload: string, run: Run): Promise<readonly S3Part[] | undefined>;
  putPart(
    at: S3At,
    upload: string,
    part: { readonly number: number; readonly bytes: Uint8Array; readonly sha256: string },
    run: Run,
  ): Promise<S3Part>;
  /** The store copies `size` bytes of `from`, `start` being the first, as a part. Throws as `copy`. */
  copyPart(
    from: S3Source,
    at: S3At,
    upload: string,
    part: { readonly number: number; readonly start: number; readonly size: number },
    run: Run,
  ): Promise<S3Part>;
  /** Throws `TARGET_CONFLICT` where something else is there than `ifMatch` says. */
  complete(
    at: S3At & Pick<S3PutOptions, 'ifMatch'>,
    upload: string,
    parts: readonly S3Part[],
    run: Run,
  ): Promise<S3Stored>;
  /** Fine when there is none. */
  abort(at: S3At, upload: string, run: Run): Promise<void>;
  /** Ids of uploads to this very key that were begun and not ended. */
  uploads(at: S3At, run: Run): Promise<readonly string[]>;
  /** `suspended`: it kept versions once, and what is removed still leaves a marker. */
  versioning(run: Run): Promise<'enabled' | 'suspended' | 'never'>;
  objectLock(run: Run): Promise<boolean>;
  /** Object lock includes versions. */
  create(options: { readonly objectLock: boolean; readonly versioning: boolean }, run: Run): Promise<void>;
}

export interface S3At {
  readonly key: string;
  /** Named in errors and progress. */
  readonly item: string;
}

export interface S3Listed {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly etag: string;
}

export interface S3Facts {
  readonly size: number;
  readonly etag: string;
  readonly version?: string;
  /** In lower case. */
  readonly metadata: ReadonlyMap<string, string>;
}

export interface S3Stored {
  readonly etag: string;
  readonly version?: string;
  /** Of the whole, in base64, where the store computed it while it copied. */
  readonly sha256?: string;
}

/** May be opened again. */
export interface S3Body {
  readonly digest: Digest;
  readonly size: number;
  readonly open: () => Bytes;
}

export interface S3PutOptions {
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly lock?: { readonly mode: 'governance' | 'compliance'; readonly until: Date };
  readonly legalHold?: boolean;
  /** Replace only what has this ETag; `none`: only where nothing is. Throws `TARGET_CONFLICT`. */
  readonly ifMatch?: string | 'none';
}

export interface S3Source {
  readonly key: string;
  /** Bytes, where they are known: a large copy takes the store a while. */
  readonly size?: number;
  readonly etag: string;
  readonly version?: string;
}

export interface S3Part {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  /** In base64; absent where the store keeps none. */
  readonly sha256?: string;
}
