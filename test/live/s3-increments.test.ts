import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gapferryJson } from '../support/command-line.ts';
import { makeTwoMachines } from '../support/two-machines.ts';
import { boto3, type ReadByBoto3 } from './support/boto3.ts';
import { startGateway } from './support/gateway.ts';
import { startMinio } from './support/minio.ts';
import { s3Site } from './support/s3-site.ts';
import { lacks } from './support/tools.ts';

const LARGE = 60_000_000;
const BUNDLE = `format: gapferry.bundle/1
name: line-a
platforms: [linux/amd64]
files:
  - {path: files/many, as: many}
  - {path: files/large, as: large}
`;

describe.skipIf(lacks('minio', 'boto3'))('releases one after the other in a bucket of MinIO', () => {
  it('cost what is new: the store copies the rest, and what is not kept goes', async () => {
    await using cleanup = new AsyncDisposableStack();
    const minio = cleanup.use(await startMinio());
    const gateway = cleanup.use(await startGateway(minio.port, () => 'pass'));
    const machines = await makeTwoMachines({ bundle: BUNDLE, environment: {} });
    cleanup.defer(() => machines.close());
    const files = join(machines.outside.directory, 'bundles/line-a/files');
    await mkdir(join(files, 'many'), { recursive: true });
    await writeFile(join(files, 'large'), Buffer.alloc(LARGE, 'x'));
    for (const name of ['a', 'b']) await writeFile(join(files, 'many', name), name);
    const reached = { ...minio, url: `http://${gateway.host}`, host: gateway.host };
    const members = 'bucket: plant, create: true, keep: 1, latest: "{channel}/current/{path}"';
    const inside = await s3Site(machines.inside, reached, members);
    const depot = join(machines.outside.directory, 'depot');

    await machines.collect('--first', '--version', '1.0.0');
    await gapferryJson(inside, inside.load(depot));
    await writeFile(join(files, 'many/a'), 'new');
    await machines.collect('--version', '1.1.0');
    const before = gateway.sent;
    await gapferryJson(inside, inside.load(depot));
    expect(gateway.sent - before).toBeLessThan(10_000);

    const read = await boto3<ReadByBoto3[]>(minio, `answer(everything('plant'))`);
    expect(read.map(({ key, size }) => [key, size]).filter(([key]) => key !== 'line-a/index.json')).toEqual([
      ['line-a/1.1.0/large', LARGE],
      ['line-a/1.1.0/many/a', 3],
      ['line-a/1.1.0/many/b', 1],
      ['line-a/current/large', LARGE],
      ['line-a/current/many/a', 3],
      ['line-a/current/many/b', 1],
    ]);
    for (const { key, sha256, metadata } of read)
      if (key !== 'line-a/index.json') expect(metadata['gapferry-sha256']).toBe(sha256);
  });
});
