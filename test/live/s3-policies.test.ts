import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, hexOf } from '@gapferry/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { boto3 } from './support/boto3.ts';
import { type Minio, startMinio } from './support/minio.ts';
import { s3Site } from './support/s3-site.ts';
import { lacks } from './support/tools.ts';

const MINUTES = 120_000;
const BUNDLE = `format: gapferry.bundle/1
name: line-a
platforms: [linux/amd64]
files:
  - {path: files/setup.txt, as: tools/setup.txt}
`;
const KEY = 'line-a/1.0.0/tools/setup.txt';

describe.skipIf(lacks('minio', 'boto3'))('what a site wants of its objects', { timeout: MINUTES }, () => {
  let machines: TwoMachines;
  let minio: Minio;
  const cleanup = new AsyncDisposableStack();
  const depot = (): string => join(machines.outside.directory, 'depot');

  beforeAll(async () => {
    machines = await makeTwoMachines({ bundle: BUNDLE, environment: {} });
    cleanup.defer(() => machines.close());
    await release('one', '--first');
    minio = cleanup.use(await startMinio({ domain: 's3.test' }));
  }, MINUTES);
  afterAll(() => cleanup.disposeAsync());

  /** Always under the same version. */
  async function release(text: string, ...args: readonly string[]): Promise<void> {
    const files = join(machines.outside.directory, 'bundles/line-a/files');
    await mkdir(files, { recursive: true });
    await writeFile(join(files, 'setup.txt'), text);
    await machines.collect(...args, '--version', '1.0.0');
  }

  it('is what boto3 finds: a lock, a legal hold, tags, a type; and what replaces one is a version beside it', async () => {
    const members =
      'bucket: locked, create: true, overwrite: version, lock: {mode: governance, days: 1}, legalHold: true, tags: {line: "7 b"}';
    const inside = await s3Site(machines.inside, minio, members);
    await gapferryJson(inside, inside.load(depot()));
    const about = `
at = dict(Bucket='locked', Key='${KEY}')
head = s3.head_object(**at)
answer(dict(
    type=head['ContentType'], mode=head['ObjectLockMode'], hold=head['ObjectLockLegalHoldStatus'], metadata=head['Metadata'],
    days=(head['ObjectLockRetainUntilDate'] - head['LastModified']).total_seconds() / 86400,
    tags=s3.get_object_tagging(**at)['TagSet']))`;
    const facts = await boto3<{ days: number }>(minio, about);
    expect(facts).toMatchObject({
      type: 'text/plain; charset=utf-8',
      mode: 'GOVERNANCE',
      hold: 'ON',
      tags: [{ Key: 'line', Value: '7 b' }],
      metadata: {
        'gapferry-sha256': hexOf(digestOf('one')),
        'gapferry-release': 'line-a/1.0.0',
        'gapferry-sequence': '1',
        'gapferry-source': 'local',
      },
    });
    expect(facts.days).toBeCloseTo(1, 1);

    await release('two');
    await gapferryJson(inside, inside.load(depot()));
    const versions = `
answer([dict(
    text=s3.get_object(Bucket='locked', Key='${KEY}', VersionId=v['VersionId'])['Body'].read().decode(), latest=v['IsLatest'])
    for v in s3.list_object_versions(Bucket='locked', Prefix='${KEY}')['Versions']])`;
    expect(await boto3(minio, versions)).toEqual([
      { text: 'two', latest: true },
      { text: 'one', latest: false },
    ]);
    const removed = `
old = s3.list_object_versions(Bucket='locked', Prefix='${KEY}')['Versions'][1]['VersionId']
try: answer(s3.delete_object(Bucket='locked', Key='${KEY}', VersionId=old))
except Exception as error: answer(str(error))`;
    expect(await boto3(minio, removed)).toMatch(/WORM|AccessDenied/);
  });

  it('is a bucket in the name of a host, which boto3 reads under its path', async () => {
    const port = minio.port;
    const named = { ...minio, url: `http://s3.test:${port}` };
    const members = 'bucket: plant, create: true, pathStyle: false, insecure: true';
    const site = await s3Site(machines.inside, named, members);
    const environment = {
      ...site.environment,
      GAPFERRY_CONNECT_TO: `plant.s3.test:${port}=${minio.host}`,
    };
    const inside = { ...site, environment };
    await gapferryJson(inside, inside.load(depot()));
    const read = `answer(s3.get_object(Bucket='plant', Key='${KEY}')['Body'].read().decode())`;
    expect(['one', 'two']).toContain(await boto3(minio, read));
    expect(await machines.reached()).toBe('');
  });
});
