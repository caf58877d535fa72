import { isGapferryError, type Run } from '@gapferry/core';
import { xmlBody } from './bucket-uploads.ts';
import { escapeXml, textIn } from './parse-xml.ts';
import type { BucketVersioning, S3Bucket } from './s3-bucket.ts';
import { askForXml, askS3, hasS3Code, type S3Parts } from './s3-connection.ts';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** The bucket itself. */
export function bucketSettings(parts: S3Parts): Pick<S3Bucket, 'versioning' | 'objectLock' | 'create'> {
  return {
    versioning: (run) => readVersioning(parts, run),
    objectLock: (run) => hasObjectLock(parts, run),
    async create({ objectLock, versioning }, run) {
      await makeBucket(parts, objectLock, run);
      if (versioning && !objectLock) await keepVersions(parts, run);
    },
  };
}

async function makeBucket(parts: S3Parts, objectLock: boolean, run: Run): Promise<void> {
  const { region, bucket } = parts;
  const headers: Record<string, string> = objectLock ? { 'x-amz-bucket-object-lock-enabled': 'true' } : {};
  // The oldest region alone must not be named.
  const body =
    region === 'us-east-1'
      ? undefined
      : xmlBody(
          `<CreateBucketConfiguration xmlns="${NAMESPACE}"><LocationConstraint>${escapeXml(region)}</LocationConstraint></CreateBucketConfiguration>`,
        );
  const question = { method: 'PUT', item: `the bucket ${bucket}`, headers, ...(body && { body }) } as const;
  try {
    await askS3(parts, question, run);
  } catch (error) {
    if (!hasS3Code(error, 'BucketAlreadyOwnedByYou')) throw error;
  }
}

async function keepVersions(parts: S3Parts, run: Run): Promise<void> {
  const item = `versions of the bucket ${parts.bucket}`;
  const body = xmlBody(
    `<VersioningConfiguration xmlns="${NAMESPACE}"><Status>Enabled</Status></VersioningConfiguration>`,
  );
  await askS3(parts, { method: 'PUT', query: { versioning: '' }, item, body }, run);
}

async function readVersioning(parts: S3Parts, run: Run): Promise<BucketVersioning> {
  const item = `whether the bucket ${parts.bucket} keeps versions`;
  const answer = await askForXml(parts, { method: 'GET', query: { versioning: '' }, item }, run);
  const status = textIn(answer, 'Status');
  return status === 'Enabled' ? 'enabled' : status === 'Suspended' ? 'suspended' : 'never';
}

async function hasObjectLock(parts: S3Parts, run: Run): Promise<boolean> {
  const item = `whether the bucket ${parts.bucket} locks objects`;
  try {
    const answer = await askForXml(parts, { method: 'GET', query: { 'object-lock': '' }, item }, run);
    return textIn(answer, 'ObjectLockEnabled') === 'Enabled';
  } catch (error) {
    if (
      hasS3Code(error, 'ObjectLockConfigurationNotFoundError') ||
      isGapferryError(error, 'SOURCE_NOT_FOUND')
    )
      return false;
    throw error;
  }
}
