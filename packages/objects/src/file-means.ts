import type { Digest, PrefixPlace, Run, UrlFilePin, UrlFileWish } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { type FileOrigin, httpOrigin, objectOrigin } from './file-origin.ts';
import type { DemandMeans } from './hold-demands.ts';
import type { FileLearner } from './learn-file.ts';
import type { FilePlaces } from './places/file-places.ts';
import { openBucket } from './s3/open-bucket.ts';
import type { S3Bucket } from './s3/s3-bucket.ts';
import type { S3Credentials } from './s3/sign-request.ts';

/** What files from elsewhere are found out and fetched with. */
export interface FileMeans extends DemandMeans {
  readonly http: HttpClient;
  readonly learner: FileLearner;
  readonly places: FilePlaces;
  /** The most bytes that are read of a file whose size nobody names. */
  readonly limit: number;
  readonly credentials: (host: string) => Promise<S3Credentials | undefined>;
  /** By `seenKey`: what files were when they were first seen, and what the lock has. */
  readonly seen: ReadonlyMap<string, Digest>;
  readonly locked: ReadonlyMap<string, UrlFilePin>;
}

/** What `use` makes of the file at the first place that it takes it from; objects have one place. */
export async function fromOrigin<T>(
  { http, places, credentials }: Pick<FileMeans, 'http' | 'places' | 'credentials'>,
  { url, s3, as }: UrlFileWish,
  use: (origin: FileOrigin) => Promise<T>,
  run: Run,
): Promise<T> {
  if (s3 === undefined) return await places.first(url, as, (at) => use(httpOrigin(http, at, as)), run);
  const { key, version } = s3;
  const at = { key, ...(version !== undefined && { version }) };
  return await use(objectOrigin(await bucketAt({ http, credentials }, s3), at, as));
}

export async function bucketAt(
  { http, credentials }: Pick<FileMeans, 'http' | 'credentials'>,
  { endpoint, bucket, region = 'us-east-1', pathStyle }: Omit<PrefixPlace, 'prefix'>,
): Promise<S3Bucket> {
  const keys = await credentials(new URL(endpoint).host);
  const place = { endpoint, bucket, region, pathStyle: pathStyle ?? true };
  return openBucket(http, { ...place, ...(keys && { credentials: keys }) });
}
