import { mustRun, temporaryDirectory } from '@gapferry/testkit';
import { tool } from './tools.ts';

/** Where boto3 asks, and as whom. */
export interface BotoPlace {
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region?: string;
  /** File with the authority's certificate. */
  readonly ca?: string;
}

const PRELUDE = `
import boto3, json, hashlib, sys
from botocore.config import Config
from concurrent.futures import ThreadPoolExecutor
place = json.loads(sys.stdin.readline())
keys = dict(endpoint_url=place['url'], aws_access_key_id=place['accessKey'], aws_secret_access_key=place['secretKey'],
    region_name=place.get('region', 'us-east-1'), verify=place.get('ca'))
s3 = boto3.client('s3', config=Config(s3={'addressing_style': 'path'}, max_pool_connections=16), **keys)
def answer(value): print(json.dumps(value, default=str))
def pages(operation, member, **question):
    for page in s3.get_paginator(operation).paginate(**question):
        yield from page.get(member, [])
def digest(bucket, key):
    body, found = s3.get_object(Bucket=bucket, Key=key), hashlib.sha256()
    for chunk in body['Body'].iter_chunks(1 << 20): found.update(chunk)
    return dict(key=key, size=body['ContentLength'], sha256=found.hexdigest(), type=body['ContentType'], metadata=body['Metadata'])
def everything(bucket, prefix=''):
    keys = [each['Key'] for each in pages('list_objects_v2', 'Contents', Bucket=bucket, Prefix=prefix)]
    with ThreadPoolExecutor(8) as pool: return list(pool.map(lambda key: digest(bucket, key), keys))
`;

/** Runs lines of Python with boto3's client as \`s3\`; what they \`answer(…)\`. Amazon's own client, which shares nothing with ours. */
export async function boto3<T>(place: BotoPlace, lines: string): Promise<T> {
  await using home = await temporaryDirectory();
  const { url, accessKey, secretKey, region, ca } = place;
  const said = await mustRun(tool('boto3'), ['-c', PRELUDE + lines], {
    input: `${JSON.stringify({ url, accessKey, secretKey, region: region ?? 'us-east-1', ca })}\n`,
    env: { PATH: process.env['PATH'], HOME: home.path, AWS_EC2_METADATA_DISABLED: 'true' },
  });
  return JSON.parse(said) as T;
}

/** An object as boto3 read it, whole. */
export interface ReadByBoto3 {
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
  readonly type: string;
  readonly metadata: Readonly<Record<string, string>>;
}
