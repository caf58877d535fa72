import { createHash, type Hash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Content, makeTlsIdentity, memoryContent, seededContent } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryCommand, gapferryJson } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { boto3, type ReadByBoto3 } from './support/boto3.ts';
import { startGateway } from './support/gateway.ts';
import { killWhen } from './support/kill-when.ts';
import { limitedCredentials } from './support/limited-credentials.ts';
import { startMinio } from './support/minio.ts';
import { startMoto } from './support/moto.ts';
import { s3Site } from './support/s3-site.ts';
import { lacks } from './support/tools.ts';

const SMALL_FILES = Number(process.env['GAPFERRY_S3_FILES'] ?? 1_000);
const LARGE = Number(process.env['GAPFERRY_S3_BYTES'] ?? 200_000_000);
const PART = 8 << 20;
const MINUTES = 300_000;

describe.skipIf(lacks('minio', 'boto3'))('files in buckets', { timeout: MINUTES }, () => {
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
    await place('large.tar', 'images/large.tar', seededContent(LARGE, 's3'));
    for (let i = 0; i < SMALL_FILES; i += 1) {
      const path = `many/${i % 50}/file ${i}.txt`;
      await place(path, path, memoryContent(`file ${i}\n`.repeat(i % 100)));
    }
    await machines.collect('--first', '--version', '1.0.0');
  }, MINUTES);
  afterAll(() => cleanup.disposeAsync());

  async function place(path: string, key: string, content: Content): Promise<void> {
    const file = join(machines.outside.directory, 'bundles/line-a/files', path);
    await mkdir(dirname(file), { recursive: true });
    const hash = createHash('sha256');
    await writeFile(file, hashed(content, hash));
    wanted.set(key, hash.digest('hex'));
  }

  async function* hashed(content: Content, hash: Hash): AsyncGenerator<Uint8Array> {
    for await (const chunk of content.open(0)) {
      hash.update(chunk);
      yield chunk;
    }
  }

  const depot = (): string => join(machines.outside.directory, 'depot');

  function expectWhole(read: readonly ReadByBoto3[]): void {
    const found = read.map(({ key, sha256 }) => [key.replace('line-a/1.0.0/', ''), sha256] as const);
    expect(new Map(found)).toEqual(wanted);
    for (const { metadata, sha256 } of read)
      expect(metadata).toMatchObject({ 'gapferry-sha256': sha256, 'gapferry-source': 'local' });
  }

  it('are, for boto3, what was collected, in a bucket that was made; a second import only looks', async () => {
    await using minio = await startMinio();
    await using gateway = await startGateway(minio.port, () => 'pass');
    const reached = { ...minio, url: `http://${gateway.host}`, host: gateway.host };
    const inside = await s3Site(machines.inside, reached, 'bucket: plant, create: true');
    await gapferryJson(inside, inside.load(depot()));
    expectWhole(await boto3<ReadByBoto3[]>(minio, `answer(everything('plant', 'line-a/1.0.0/'))`));
    const before = gateway.sent;
    expect((await gapferryJson(inside, inside.load(depot()))).kind).toBe('unchanged');
    expect(gateway.sent).toBe(before);
    expect(await machines.reached()).toBe('');
  });

  it('go on in the middle of a large one after kill -9: no part is sent twice', async () => {
    await using minio = await startMinio();
    const all = Math.ceil(LARGE / PART);
    const HELD_FROM = Math.floor(all / 4);
    let holds = true;
    let parts: number[] = [];
    await using gateway = await startGateway(minio.port, ({ method, path }) => {
      const part = method === 'PUT' ? Number(/large\.tar\?.*partNumber=(\d+)/.exec(path)?.[1] ?? 0) : 0;
      if (part > 0) parts.push(part);
      return holds && part >= HELD_FROM ? 'hold' : 'pass';
    });
    const reached = { ...minio, url: `http://${gateway.host}`, host: gateway.host };
    const inside = await s3Site(machines.inside, reached, 'bucket: plant, create: true');
    const uploads = `answer([part['PartNumber'] if part['ChecksumSHA256'] else 0 for upload in pages('list_multipart_uploads', 'Uploads', Bucket='plant', Prefix='line-a/1.0.0/images/large.tar') for part in pages('list_parts', 'Parts', Bucket='plant', Key=upload['Key'], UploadId=upload['UploadId'])])`;
    await killWhen(gapferryCommand(inside, inside.load(depot())), async () => {
      return gateway.held > 0 && parts.filter((part) => part < HELD_FROM).length === HELD_FROM - 1;
    });
    const there = await boto3<number[]>(minio, uploads);
    expect(there.length).toBeGreaterThanOrEqual(HELD_FROM - 3);
    [holds, parts] = [false, []];
    await gapferryJson(inside, inside.load(depot()));
    expect(parts.filter((part) => there.includes(part))).toEqual([]);
    expect(parts.length).toBe(all - there.length);
    expectWhole(await boto3<ReadByBoto3[]>(minio, `answer(everything('plant', 'line-a/1.0.0/'))`));
    expect(await boto3<number[]>(minio, uploads)).toEqual([]);
  });

  it('are locked where the site says so, and have copies that are not: nobody removes a version', async () => {
    await using minio = await startMinio();
    const members =
      'bucket: plant, create: true, latest: "{channel}/latest/{path}", lock: {mode: compliance, days: 1}, tags: {line: "7"}';
    const inside = await s3Site(machines.inside, minio, members);
    await gapferryJson(inside, inside.load(depot()));
    const said = await boto3<{ mode: string; removed: string; tags: unknown[] }>(
      minio,
      `
at = dict(Bucket='plant', Key='line-a/1.0.0/images/large.tar')
version = s3.head_object(**at)['VersionId']
mode = s3.get_object_retention(**at)['Retention']['Mode']
tags = s3.get_object_tagging(**at)['TagSet']
try:
    s3.delete_object(VersionId=version, **at)
    removed = 'removed'
except Exception as error: removed = str(error)
answer(dict(mode=mode, removed=removed, tags=tags))`,
    );
    expect(said).toMatchObject({ mode: 'COMPLIANCE', tags: [{ Key: 'line', Value: '7' }] });
    expect(said.removed).toMatch(/WORM|AccessDenied|ObjectLocked/);
    const latest = await boto3<ReadByBoto3[]>(minio, `answer(everything('plant', 'line-a/latest/'))`);
    expect(new Map(latest.map(({ key, sha256 }) => [key.replace('line-a/latest/', ''), sha256]))).toEqual(
      wanted,
    );
    expect((await gapferryJson(inside, inside.load(depot()))).kind).toBe('unchanged');
  });

  it('go over TLS with an own authority, into the region that the server names', async () => {
    const tls = await makeTlsIdentity(['127.0.0.1']);
    await using minio = await startMinio({ tls, region: 'eu-plant-1' });
    await writeFile(join(machines.inside.directory, 'site/ca.pem'), tls.ca);
    const without = await s3Site(machines.inside, minio, 'bucket: plant, create: true, region: eu-plant-1');
    expect((await gapferryJson(without, without.load(depot()), 6)).error?.message).toContain('not trusted');
    const wrong = await s3Site(machines.inside, minio, 'bucket: plant, create: true, ca: ca.pem');
    const refused = await gapferryJson(wrong, wrong.load(depot()), 2);
    expect(refused.error?.hint).toBe('write `region: eu-plant-1`');
    const members = 'bucket: plant, create: true, ca: ca.pem, region: eu-plant-1';
    const inside = await s3Site(machines.inside, minio, members);
    await gapferryJson(inside, inside.load(depot()));
    const ca = join(machines.inside.directory, 'site/ca.pem');
    const place = { ...minio, region: 'eu-plant-1', ca };
    expectWhole(await boto3<ReadByBoto3[]>(place, `answer(everything('plant', 'line-a/1.0.0/'))`));
  });

  it('are refused with credentials that may make no bucket, which nobody could tell before', async () => {
    await using minio = await startMinio();
    const limited = await limitedCredentials(minio, [
      { Effect: 'Deny', Action: ['s3:CreateBucket'] },
      { Effect: 'Allow', Action: ['s3:*'] },
    ]);
    const inside = await s3Site(machines.inside, limited, 'bucket: missing, create: true');
    const planned = await gapferryJson(inside, inside.plan(depot()));
    expect(planned['permissions']).toContainEqual(
      expect.objectContaining({ action: 's3:CreateBucket', state: 'unknown' }),
    );
    const refused = await gapferryJson(inside, inside.load(depot()), 6);
    expect(refused.error).toMatchObject({ code: 'FORBIDDEN', hint: expect.stringContaining('permission') });
  });

  it.skipIf(lacks('moto'))('are the same in moto, which is another implementation', async () => {
    await using moto = await startMoto();
    const place = { ...moto, accessKey: 'plant', secretKey: 'Sesam-oeffne-dich-49' };
    const inside = await s3Site(
      machines.inside,
      place,
      'bucket: plant, create: true, overwrite: version, latest: "{path}"',
    );
    await gapferryJson(inside, inside.load(depot()));
    expectWhole(await boto3<ReadByBoto3[]>(place, `answer(everything('plant', 'line-a/1.0.0/'))`));
    expect((await gapferryJson(inside, inside.load(depot()))).kind).toBe('unchanged');
  });
});
