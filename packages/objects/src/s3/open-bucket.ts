import { createWaiting, type HttpClient } from '@gapferry/http';
import { bucketObjects } from './bucket-objects.ts';
import { bucketSettings } from './bucket-settings.ts';
import { bucketUploads } from './bucket-uploads.ts';
import { listObjects } from './list-objects.ts';
import { listUploads } from './list-uploads.ts';
import type { S3Bucket } from './s3-bucket.ts';
import { placeOf, type S3Parts, type S3Place } from './s3-connection.ts';

export interface OpenBucketOptions extends S3Place {
  /** Time that signatures name; for tests. */
  readonly now?: () => Date;
  /** How to wait between tries; for tests. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A bucket of an object store that speaks the S3 API: MinIO, Ceph, Garage, SeaweedFS, Amazon. Asks nobody before it is used. */
export function openBucket(http: HttpClient, options: OpenBucketOptions): S3Bucket {
  const { now = () => new Date(), wait, ...place } = options;
  const parts: S3Parts = {
    ...place,
    http,
    now,
    tries: { waiting: createWaiting(wait), random: Math.random },
  };
  return {
    place: placeOf(parts),
    name: place.bucket,
    list: (prefix, run) => listObjects(parts, prefix, run),
    uploads: (at, run) => listUploads(parts, at, run),
    ...bucketObjects(parts),
    ...bucketUploads(parts),
    ...bucketSettings(parts),
  };
}
