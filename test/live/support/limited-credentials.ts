import { boto3 } from './boto3.ts';
import type { Minio } from './minio.ts';

/** Actions as Amazon's policies name them. */
export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  /** `arn:aws:s3:::BUCKET` and `arn:aws:s3:::BUCKET/*`; all buckets unless given. */
  readonly Resource?: readonly string[];
}

/** The same server for somebody whom it gave credentials that may do only so much. */
export async function limitedCredentials(
  minio: Minio,
  statements: readonly Statement[],
): Promise<Minio & { readonly sessionToken: string }> {
  const Statement = statements.map((statement) => ({ Resource: ['arn:aws:s3:::*'], ...statement }));
  const policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const keys = await boto3<{ AccessKeyId: string; SecretAccessKey: string; SessionToken: string }>(
    minio,
    `answer(boto3.client('sts', **keys).assume_role(RoleArn='arn:minio:iam:::role/x', RoleSessionName='live', Policy=${JSON.stringify(policy)}, DurationSeconds=900)['Credentials'])`,
  );
  return {
    ...minio,
    accessKey: keys.AccessKeyId,
    secretKey: keys.SecretAccessKey,
    sessionToken: keys.SessionToken,
  };
}
