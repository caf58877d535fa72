import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing, mustRun } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gapferryJson, type Machine } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { boto3, type ReadByBoto3 } from './support/boto3.ts';
import { startMinio } from './support/minio.ts';
import { s3Site } from './support/s3-site.ts';
import { lacks } from './support/tools.ts';

/** No store takes more in one PUT. */
const MOST_AT_ONCE = 5 * 2 ** 30;
const MIB = 1 << 20;
const MOST_MEMORY_KIB = 250 * 1024;
const MINUTES = 40 * 60_000;
const BUNDLE = `format: gapferry.bundle/1
name: line-a
files:
  - {path: ../../huge, as: models/huge}
`;
const size = Number(process.env['GAPFERRY_HUGE_OBJECT'] ?? 0);

describe.skipIf(isNotWanted() || isMissing('time') || lacks('minio', 'boto3'))(
  'a huge object',
  { timeout: MINUTES },
  () => {
    let machines: TwoMachines;
    beforeEach(async () => {
      machines = await makeTwoMachines({ bundle: BUNDLE, environment: {} });
    });
    afterEach(() => machines.close(), MINUTES);

    /** Runs it; how many KiB the process had at its peak. */
    async function peak(machine: Machine, args: readonly string[]): Promise<number> {
      const usage = machines.path('usage');
      await gapferryJson({ ...machine, through: ['time', '-f', '%M', '-o', usage] }, args);
      return Number(await readFile(usage, 'utf8'));
    }

    it(
      'is in MinIO, for boto3, what it was, and passes through little memory',
      async () => {
        const source = join(machines.outside.directory, 'huge');
        await makeSource(source);
        const [sha256] = (await mustRun('sha256sum', [source])).split(' ');
        const began = performance.now();
        const seconds = (): string => `${Math.round((performance.now() - began) / 1000)} s`;
        const collected = await peak(machines.outside, [
          'collect',
          'bundles/line-a',
          '--first',
          '--version',
          '1.0.0',
        ]);
        process.stderr.write(
          `collected ${size} bytes: ${seconds()}, peak ${Math.round(collected / 1024)} MiB\n`,
        );
        await using minio = await startMinio();
        const inside = await s3Site(machines.inside, minio, 'bucket: plant, create: true');
        const loaded = await peak(inside, inside.load(join(machines.outside.directory, 'depot')));
        process.stderr.write(`imported: ${seconds()}, peak ${Math.round(loaded / 1024)} MiB\n`);
        expect(Math.max(collected, loaded)).toBeLessThan(MOST_MEMORY_KIB);
        const [read] = await boto3<ReadByBoto3[]>(minio, `answer(everything('plant', 'line-a/1.0.0/'))`);
        process.stderr.write(`read: ${seconds()}\n`);
        expect(read).toMatchObject({
          key: 'line-a/1.0.0/models/huge',
          size,
          sha256,
          metadata: { 'gapferry-sha256': sha256 },
        });
      },
      MINUTES,
    );

    /** Takes hardly any of the disk, and no two MiB are the same. */
    async function makeSource(path: string): Promise<void> {
      await mkdir(dirname(path), { recursive: true });
      await using file = await open(path, 'w');
      await file.truncate(size);
      for (let at = 0; at < size; at += MIB) await file.write(Buffer.from(`at ${at}\n`), 0, undefined, at);
    }
  },
);

/** It needs two times its size on the disk, and minutes. */
function isNotWanted(): boolean {
  if (size > 0) return false;
  process.stderr.write(
    `skipped: set GAPFERRY_HUGE_OBJECT to a size above ${MOST_AT_ONCE} (bytes; twice that much disk)\n`,
  );
  return true;
}
