import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf, hexOf } from '@gapferry/core';
import { readContent, seededContent } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson, type Machine } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { boto3, type ReadByBoto3 } from './support/boto3.ts';
import { type Minio, type MinioOptions, startMinio } from './support/minio.ts';
import { lacks } from './support/tools.ts';

const SMALL_FILES = 2_000;
const LARGE = 40_000_000;
const MINUTES = 300_000;

describe.skipIf(lacks('minio', 'boto3'))('files in buckets of MinIO', { timeout: MINUTES }, () => {
  let machines: TwoMachines;
  /** By key below the release's, in hex. */
  const wanted = new Map<string, string>();
  const cleanup = new AsyncDisposableStack();

  beforeAll(async () => {
    const bundle = `format: gapferry.bundle/1
name: line-a
platforms: [linux/amd64]
files:
  - {path: files/many, as: many}
  - {path: files/large.tar, as: images/large.tar}
`;
    machines = await makeTwoMachines({ bundle, environment: {} });
    cleanup.defer(() => machines.close());
    const from = join(machines.outside.directory, 'bundles/line-a/files');
    for (let i = 0; i < SMALL_FILES; i += 1)
      await place(from, `many/${i % 50}/file-${i}.txt`, Buffer.from(`file ${i}\n`.repeat(1 + (i % 100))));
    await place(from, 'large.tar', await readContent(seededContent(LARGE, 's3')));
    await machines.collect('--first', '--version', '1.0.0');
  }, MINUTES);
  afterAll(() => cleanup.disposeAsync());

  async function place(from: string, path: string, bytes: Uint8Array): Promise<void> {
    await mkdir(dirname(join(from, path)), { recursive: true });
    await writeFile(join(from, path), bytes);
    wanted.set(path === 'large.tar' ? 'images/large.tar' : path, hexOf(digestOf(bytes)));
  }

  /** A site of its own, whose target is a bucket of this server. */
  async function siteWith(minio: Minio, members: string): Promise<Machine> {
    const site = `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
state: state-${minio.port}
targets:
  - {name: store, kind: s3, endpoint: "${minio.url}", credentials: {env: STORE}, ${members}}
`;
    await writeFile(join(machines.inside.directory, 'site/site.yaml'), site);
    const environment = {
      ...machines.inside.environment,
      NETWORK_ALLOWED: minio.host,
      STORE_USERNAME: minio.accessKey,
      STORE_PASSWORD: minio.secretKey,
    };
    const inside = { ...machines.inside, environment };
    const { words } = (await gapferryJson(inside, ['trust', 'show', '--trust', 'site/trust.yaml']))[
      'fingerprint'
    ] as { words: string };
    await gapferryJson(inside, ['trust', 'pin', '--site', 'site/site.yaml', '--fingerprint', words]);
    return inside;
  }

  const depot = (): string => join(machines.outside.directory, 'depot');
  const load = (): string[] => ['import', depot(), '--site', 'site/site.yaml', '--yes'];

  async function start(options: MinioOptions = {}): Promise<Minio> {
    return await startMinio(options);
  }

  it('makes the bucket, and boto3 reads every object as it was collected', async () => {
    await using minio = await start();
    const inside = await siteWith(minio, 'bucket: plant, create: true');
    const before = performance.now();
    await gapferryJson(inside, load());
    console.log('import', performance.now() - before);
    const read = await boto3<ReadByBoto3[]>(minio, `answer(everything('plant', 'line-a/1.0.0/'))`);
    const found = new Map(read.map(({ key, sha256 }) => [key.replace('line-a/1.0.0/', ''), sha256]));
    expect(found).toEqual(new Map([...wanted].sort(([a], [b]) => (a < b ? -1 : 1))));
    for (const { metadata, sha256 } of read.slice(0, 10)) expect(metadata['gapferry-sha256']).toBe(sha256);
    const again = await gapferryJson(inside, load());
    expect(again.kind).toBe('unchanged');
  });
});
