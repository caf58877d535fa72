import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson, type Machine } from '../support/command-line.ts';
import { shiftedClock } from '../support/shifted-clock.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { boto3 } from './support/boto3.ts';
import { limitedCredentials, type Statement } from './support/limited-credentials.ts';
import { type Minio, startMinio } from './support/minio.ts';
import { s3Site } from './support/s3-site.ts';
import { lacks } from './support/tools.ts';

const MINUTES = 300_000;
const BUNDLE = `format: gapferry.bundle/1
name: line-a
files:
  - {path: ../../kit, as: kit}
`;
/** Whoever has these may do everything, in a bucket of his own. */
const OURS: Statement = {
  Effect: 'Allow',
  Action: ['s3:*'],
  Resource: ['arn:aws:s3:::ours', 'arn:aws:s3:::ours/*'],
};

describe.skipIf(lacks('minio', 'boto3'))('a MinIO that refuses', { timeout: MINUTES }, () => {
  let machines: TwoMachines;
  let minio: Minio;
  const cleanup = new AsyncDisposableStack();
  beforeAll(async () => {
    machines = await makeTwoMachines({ bundle: BUNDLE, environment: {} });
    cleanup.defer(() => machines.close());
    minio = cleanup.use(await startMinio());
    await put('kit/readme', 'one');
    await machines.collect('--first', '--version', '1.0.0');
    await boto3(
      minio,
      `
for name in ['there', 'theirs']: s3.create_bucket(Bucket=name)
s3.put_object(Bucket='there', Key='tool', Body=b'tool')
answer(None)`,
    );
  }, MINUTES);
  afterAll(() => cleanup.disposeAsync());

  async function put(path: string, text: string): Promise<void> {
    const file = join(machines.outside.directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  const depot = (): string => join(machines.outside.directory, 'depot');

  /** A bundle with an object of the bucket, and the command that collects it into a depot of its own. */
  async function wanting(
    { url, host, accessKey, secretKey }: Minio,
    bundle: string,
    more: string,
  ): Promise<{ readonly outside: Machine; readonly collect: readonly string[] }> {
    const auth = Buffer.from(`${accessKey}:${secretKey}`).toString('base64');
    await put('docker/config.json', JSON.stringify({ auths: { [host]: { auth } } }));
    const text = `format: gapferry.bundle/1
name: ${bundle}
files:
  - {s3: {endpoint: "${url}", bucket: there, key: tool${more}}, as: tool, check: first-seen}
`;
    await put(`bundles/${bundle}/bundle.yaml`, text);
    const environment = { DOCKER_CONFIG: join(machines.outside.directory, 'docker') };
    const outside = { ...machines.outside, environment };
    const collect = ['collect', `bundles/${bundle}`, '--first', '--version', '1.0.0', '--depot', bundle];
    return { outside, collect };
  }

  const skewed = (minutes: number): object => ({
    code: 'UNAUTHORIZED',
    message: expect.stringContaining(`${minutes} min apart`),
    hint: expect.stringContaining('set the clock that is wrong'),
  });

  it.each([
    ['ahead', 30, 'bucket: there'],
    ['behind', -45, 'bucket: missing, create: true'],
  ])('a clock that is %s says by how much', async (_way, minutes, members) => {
    const inside = await s3Site(machines.inside, minio, members);
    const { error } = await gapferryJson(shiftedClock(inside, minutes), inside.load(depot()), 6);
    expect(error).toMatchObject(skewed(Math.abs(minutes)));
    expect(await boto3(minio, `answer([b['Name'] for b in s3.list_buckets()['Buckets']])`)).not.toContain(
      'missing',
    );
    expect(
      await boto3(minio, `answer([o['Key'] for o in pages('list_objects_v2', 'Contents', Bucket='there')])`),
    ).toEqual(['tool']);
  });

  it('a clock that is ahead at collect says by how much as well', async () => {
    const { outside, collect } = await wanting(minio, 'line-b', '');
    const { error } = await gapferryJson(shiftedClock(outside, 20), collect, 6);
    expect(error).toMatchObject(skewed(20));
    expect(await gapferryJson(outside, collect)).toMatchObject({ kind: 'sealed' });
  });

  it('another region at collect says which', async () => {
    await using far = await startMinio({ region: 'eu-plant-1' });
    await boto3(
      { ...far, region: 'eu-plant-1' },
      `
s3.create_bucket(Bucket='there', CreateBucketConfiguration={'LocationConstraint': 'eu-plant-1'})
s3.put_object(Bucket='there', Key='tool', Body=b'tool')
answer(None)`,
    );
    const { outside, collect } = await wanting(far, 'line-c', '');
    const { error } = await gapferryJson(outside, collect, 2);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', hint: 'write `region: eu-plant-1`' });
    const right = await wanting(far, 'line-c', ', region: eu-plant-1');
    expect(await gapferryJson(right.outside, collect)).toMatchObject({ kind: 'sealed' });
  });

  it('a bucket of somebody else says that it may be his, also where one may be made', async () => {
    const ours = await limitedCredentials(minio, [OURS]);
    for (const members of ['bucket: theirs', 'bucket: theirs, create: true']) {
      const inside = await s3Site(machines.inside, ours, members);
      const { error } = await gapferryJson(inside, inside.load(depot()), 6);
      expect(error).toMatchObject({ code: 'FORBIDDEN', hint: expect.stringContaining('somebody else') });
    }
    const inside = await s3Site(machines.inside, ours, 'bucket: ours, create: true');
    expect(await gapferryJson(inside, inside.load(depot()))).toMatchObject({ kind: 'loaded' });
  });
});
