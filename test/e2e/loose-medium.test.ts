import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import type { TransferPlan } from '@gapferry/bundle';
import { type Descriptor, hexOf, MEDIA_TYPES, quietRun, totalSize, uniqueByDigest } from '@gapferry/core';
import { type Depot, type FileSystem, nodeFileSystem, openDepot } from '@gapferry/depot';
import { flipByte, recordCalls, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { exportLoose } from '@gapferry/transfer';
import { afterEach, beforeEach, expect, it } from 'vitest';

const ADDRESS = { channel: 'line-a', sequence: 1 };
const run = quietRun();
let home: TemporaryDirectory;
let depot: Depot;
let plan: TransferPlan;

beforeEach(async () => {
  home = await temporaryDirectory();
  depot = await openDepot(home.join('depot'), { create: true });
  const roots: Descriptor[] = [];
  for (const size of [100, 1_048_576, 5_000_001])
    roots.push(await depot.add(MEDIA_TYPES.octets, Buffer.alloc(size, `blob of ${size}`), run));
  const files = {
    manifest: Buffer.from('{"m":1}'),
    statement: Buffer.from('{"s":1}'),
    signatures: new Map(),
    approvals: new Map(),
  };
  await depot.writeRelease(ADDRESS, files, run);
  const names = roots.slice(0, 1).map((root) => ({ name: 'docker.io/library/nginx:1', root }));
  plan = { address: ADDRESS, blobs: uniqueByDigest(roots), names, bytes: totalSize(roots) };
});
afterEach(() => home.remove());

const openStick = (files: FileSystem = nodeFileSystem): Promise<Depot> =>
  openDepot(home.join('stick'), { create: true, origin: 'medium', files });

it('makes the stick a depot that holds the release, whatever else lies on it', async () => {
  await mkdir(home.join('stick'));
  await writeFile(home.join('stick', 'holiday.jpg'), 'foreign');
  const report = await exportLoose({ plan, from: depot, to: await openStick() }, run);
  expect(report.foreign).toEqual(['holiday.jpg']);
  const stick = await openDepot(home.join('stick'), { readOnly: true, origin: 'medium' });
  expect(await stick.listReleases()).toEqual([ADDRESS]);
  expect(await stick.names()).toEqual(plan.names);
  for (const { digest } of plan.blobs) {
    const file = home.join('stick', 'blobs', 'sha256', hexOf(digest));
    expect(execFileSync('sha256sum', [file], { encoding: 'utf8' }).slice(0, 64)).toBe(hexOf(digest));
  }
  expect(await readdir(home.join('stick', 'tmp'))).toEqual([]);
  expect(await readFile(home.join('stick', 'holiday.jpg'), 'utf8')).toBe('foreign');
});

it('renames only what is synced: blobs, then index.json, the release last', async () => {
  await openStick();
  const recording = recordCalls<FileSystem>(nodeFileSystem, ['open']);
  await exportLoose({ plan, from: depot, to: await openStick(recording.object) }, run);
  const order = recording.calls
    .filter(({ method }) => method === 'rename')
    .map(({ args }) =>
      String(args[1])
        .slice(home.join('stick').length)
        .replace(/[0-9a-f]{64}/, 'HEX'),
    );
  expect(order).toEqual([
    '/blobs/sha256/HEX',
    '/blobs/sha256/HEX',
    '/blobs/sha256/HEX',
    '/index.json',
    '/releases/line-a/1',
  ]);
});

it('writes anew what the stick had damaged', async () => {
  await exportLoose({ plan, from: depot, to: await openStick() }, run);
  const [blob] = plan.blobs;
  const file = home.join('stick', 'blobs', 'sha256', hexOf(blob?.digest ?? depotless()));
  await flipByte(file, 50);
  const again = exportLoose({ plan, from: depot, to: await openStick() }, run);
  await expect(again).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'medium' });
  await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
  const report = await exportLoose({ plan, from: depot, to: await openStick() }, run);
  expect(report.written.count).toBe(1);
});

it('stops before writing when the stick is too small', async () => {
  const small = { ...nodeFileSystem, statfs: async () => ({ type: 0x4d44, bsize: 4096, bavail: 100 }) };
  const exporting = exportLoose({ plan, from: depot, to: await openStick(small) }, run);
  await expect(exporting).rejects.toMatchObject({ code: 'NO_SPACE', data: { free: 409_600 } });
  expect(await readdir(home.join('stick', 'blobs', 'sha256'))).toEqual([]);
});

function depotless(): never {
  throw new Error('the plan has no blobs');
}
