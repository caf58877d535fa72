import type { Clock } from '@gapferry/core';
import { createHttpClient, type HttpClient } from '@gapferry/http';
import { openBucket, type S3Bucket } from '@gapferry/objects';
import { type PendingUpload, type S3TargetOptions, s3Target, type UploadJournal } from '@gapferry/targets';
import type { S3Server } from '@gapferry/testkit';

/** A target in a bucket of a fake, with everything in memory. */
export interface S3Fixture {
  readonly target: ReturnType<typeof s3Target>;
  readonly bucket: S3Bucket;
  readonly http: HttpClient;
  readonly journal: UploadJournal;
}

export type S3FixtureOptions = Partial<Omit<S3TargetOptions, 'policy'>> & {
  readonly policy?: Partial<S3TargetOptions['policy']>;
  readonly bucketName?: string;
  readonly now?: () => Date;
};

export const RELEASE = {
  channel: 'line-a',
  version: '1.0.0',
  sequence: 1,
  statement: `sha256:${'1'.repeat(64)}`,
} as const;

const systemClock: Clock = { now: () => new Date() };

/** Without waiting between tries. */
export function openS3Fixture(server: S3Server, options: S3FixtureOptions = {}): S3Fixture {
  const { policy, bucketName = 'plant', now, ...more } = options;
  const { accessKey: accessKeyId, secretKey: secretAccessKey } = server;
  const http = createHttpClient({ onlyHosts: [server.host], wait: async () => {} });
  const bucket = openBucket(http, {
    endpoint: server.url,
    bucket: bucketName,
    region: server.region,
    pathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    wait: async () => {},
    ...(now !== undefined && { now }),
  });
  const journal = more.journal ?? memoryUploads();
  const target = s3Target({
    name: 'store',
    store: bucket,
    keys: '{channel}/{version}/{path}',
    release: RELEASE,
    journal,
    clock: systemClock,
    ...more,
    policy: {
      create: false,
      overwrite: 'refuse',
      foreign: 'refuse',
      legalHold: false,
      tags: {},
      ...policy,
    },
  });
  return { target, bucket, http, journal };
}

export function memoryUploads(): UploadJournal {
  let pending: readonly PendingUpload[] = [];
  return {
    read: async () => pending,
    write: async (uploads) => {
      pending = uploads;
    },
  };
}
