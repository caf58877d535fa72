import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Bytes, digestOf, GapferryError, hexOf, quietRun, type SizedDigest } from '@gapferry/core';
import { flipByte, recordCalls, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { type Depot, openDepot } from './open-depot.ts';

let home: TemporaryDirectory;
let depot: Depot;
beforeEach(async () => {
  home = await temporaryDirectory();
  depot = await openDepot(home.join('depot'), { create: true });
});
afterEach(() => home.remove());

const inDepot = (...parts: string[]): string => join(depot.directory, ...parts);
const pathOf = ({ digest }: SizedDigest): string => inDepot('blobs', 'sha256', hexOf(digest));
const partOf = ({ digest }: SizedDigest): string => inDepot('tmp', `${hexOf(digest)}.part`);

function sample(text: string): { blob: SizedDigest; bytes: Buffer } {
  const bytes = Buffer.from(text);
  return { bytes, blob: { digest: digestOf(bytes), size: bytes.byteLength } };
}

async function* inChunks(bytes: Uint8Array, sizes: readonly number[] = [65_536]): Bytes {
  for (let at = 0, i = 0; at < bytes.byteLength; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

it('gives every file the name that sha256sum gives it', async () => {
  for (const text of ['', 'a', 'b'.repeat(1_048_577)])
    await depot.add('text/plain', Buffer.from(text), quietRun());
  const names = await readdir(inDepot('blobs', 'sha256'));
  const sums = execFileSync('sha256sum', names, { cwd: inDepot('blobs', 'sha256'), encoding: 'utf8' });
  expect(names).toHaveLength(3);
  for (const line of sums.trim().split('\n')) expect(line).toMatch(/^([0-9a-f]{64}) {2}\1$/);
});

it('gives back any bytes in any chunks', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 5 });
  const property = fc.asyncProperty(
    fc.integer({ min: 0, max: 2_200_000 }),
    sizes,
    fc.nat(255),
    async (size, cuts, seed) => {
      const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 9) + seed) & 0xff);
      const blob = { digest: digestOf(bytes), size };
      await depot.put(blob, (from) => inChunks(bytes.subarray(from), cuts), quietRun());
      expect(Buffer.compare(await readFile(pathOf(blob)), bytes)).toBe(0);
      const read: Uint8Array[] = [];
      for await (const chunk of depot.open(blob, quietRun())) read.push(chunk.slice());
      expect(Buffer.compare(Buffer.concat(read), bytes)).toBe(0);
      await depot.discard(blob.digest);
    },
  );
  await fc.assert(property, { numRuns: 25 });
});

it('gathers the next batch without touching the one that a slow disk still writes', async () => {
  const files: FileSystem = {
    ...nodeFileSystem,
    async open(path, flags, mode) {
      const file = await nodeFileSystem.open(path, flags, mode);
      return {
        read: (...args) => file.read(...args),
        async write(...args) {
          for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
          return file.write(...args);
        },
        stat: () => file.stat(),
        sync: () => file.sync(),
        close: () => file.close(),
      };
    },
  };
  const slow = await openDepot(depot.directory, { files });
  const bytes = Uint8Array.from({ length: 3_500_000 }, (_, i) => (i * 7 + (i >> 16)) & 0xff);
  const blob = { digest: digestOf(bytes), size: bytes.byteLength };
  await slow.put(blob, (from) => inChunks(bytes.subarray(from)), quietRun());
  expect(Buffer.compare(await readFile(pathOf(blob)), bytes)).toBe(0);
});

it('syncs a blob before its rename, and its directory after it', async () => {
  const recording = recordCalls<FileSystem>(nodeFileSystem, ['open']);
  const recorded = await openDepot(depot.directory, { files: recording.object });
  const { blob, bytes } = sample('in order');
  const before = recording.calls.length;
  await recorded.put(blob, () => inChunks(bytes), quietRun());
  const calls = recording.calls.slice(before).map(({ method, args }) => {
    const path =
      typeof args[0] === 'string' ? ` ${basename(args[0]).replace(hexOf(blob.digest), 'HEX')}` : '';
    return `${method}${path}`;
  });
  const order = calls.filter((call) => /^(open|open\.write|open\.sync|rename)( |$)/.test(call));
  expect(order).toEqual([
    'open HEX.part',
    'open.write',
    'open.sync',
    'rename HEX.part',
    'open sha256',
    'open.sync',
  ]);
});

it('leaves nothing in tmp after a put, nor after wrong bytes', async () => {
  const { blob, bytes } = sample('tidy');
  await depot.put(blob, () => inChunks(bytes), quietRun());
  const wrong = sample('wrong').blob;
  await expect(depot.put(wrong, () => inChunks(bytes), quietRun())).rejects.toMatchObject({
    code: 'SIZE_MISMATCH',
  });
  expect(await readdir(inDepot('tmp'))).toEqual([]);
});

describe('what an earlier trip left', () => {
  it('is finished without asking when all of it is there', async () => {
    const { blob, bytes } = sample('killed between sync and rename');
    await writeFile(partOf(blob), bytes);
    const never = (): Bytes => {
      throw new Error('asked');
    };
    expect(await depot.put(blob, never, quietRun())).toEqual({ reused: false });
    expect(await readFile(pathOf(blob))).toEqual(bytes);
  });

  it.each([
    ['is longer than the blob', (part: string) => writeFile(part, 'x'.repeat(100))],
    ['has a wrong byte', (part: string) => writeFile(part, 'the wromg')],
    ['is a directory', (part: string) => mkdir(part)],
    ['is a link', (part: string) => symlink('/dev/null', part)],
  ])('is thrown away when it %s', async (_what, leave) => {
    const { blob, bytes } = sample('the wrong beginning');
    await leave(partOf(blob));
    await depot.put(blob, (from) => inChunks(bytes.subarray(from)), quietRun());
    expect(await readFile(pathOf(blob))).toEqual(bytes);
    expect(await readdir(inDepot('tmp'))).toEqual([]);
  });

  it('is not kept when the source itself says that its bytes are wrong', async () => {
    const { blob } = sample('0123456789');
    const source = async function* (): Bytes {
      yield Buffer.from('01234');
      throw new GapferryError({ code: 'DIGEST_MISMATCH', message: 'damaged', origin: 'source' });
    };
    await expect(depot.put(blob, source, quietRun())).rejects.toMatchObject({ origin: 'source' });
    expect(await readdir(inDepot('tmp'))).toEqual([]);
  });
});

describe('a name that is taken', () => {
  it('by a cut blob or a link gets the right blob', async () => {
    const { blob, bytes } = sample('the right one');
    await depot.put(blob, () => inChunks(bytes), quietRun());
    await truncate(pathOf(blob), 3);
    expect(await depot.put(blob, () => inChunks(bytes), quietRun())).toEqual({ reused: false });
    expect(await readFile(pathOf(blob))).toEqual(bytes);
    await depot.discard(blob.digest);
    await symlink('/etc/hostname', pathOf(blob));
    expect(await depot.has(blob, quietRun())).toBe(false);
    await depot.put(blob, () => inChunks(bytes), quietRun());
    expect(await readFile(pathOf(blob))).toEqual(bytes);
  });

  it('by a directory is refused', async () => {
    const { blob, bytes } = sample('a directory');
    await mkdir(pathOf(blob));
    const putting = depot.put(blob, () => inChunks(bytes), quietRun());
    await expect(putting).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
  });
});

describe('trouble with the disk', () => {
  const failing = (method: 'write' | 'sync', errno: string): FileSystem => ({
    ...nodeFileSystem,
    async open(path, flags, mode) {
      const file = await nodeFileSystem.open(path, flags, mode);
      const fail = () => Promise.reject(Object.assign(new Error(`${errno}: no, ${method}`), { code: errno }));
      return {
        read: (...args) => file.read(...args),
        write: method === 'write' ? fail : (...args) => file.write(...args),
        stat: () => file.stat(),
        sync: method === 'sync' && path.endsWith('.part') ? fail : () => file.sync(),
        close: () => file.close(),
      };
    },
  });

  it.each([
    ['write', 'ENOSPC', 'NO_SPACE'],
    ['write', 'EROFS', 'READ_ONLY'],
    ['write', 'EFBIG', 'STORAGE_FAILED'],
    ['sync', 'EIO', 'STORAGE_FAILED'],
  ] as const)('in %s (%s) is %s, names the place, and leaves no blob', async (method, errno, code) => {
    const broken = await openDepot(depot.directory, { files: failing(method, errno), origin: 'medium' });
    const { blob, bytes } = sample('never there');
    const putting = broken.put(blob, () => inChunks(bytes), quietRun());
    await expect(putting).rejects.toMatchObject({
      code,
      origin: 'medium',
      data: { errno, path: partOf(blob) },
    });
    await expect(stat(pathOf(blob))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('tells how many bytes did not fit', async () => {
    const broken = await openDepot(depot.directory, { files: failing('write', 'ENOSPC') });
    const bytes = Buffer.alloc(100);
    const putting = broken.put({ digest: digestOf(bytes), size: 100 }, () => inChunks(bytes), quietRun());
    await expect(putting).rejects.toMatchObject({ data: { needed: 100 } });
  });
});

it('never gives out the end of a blob that was changed on disk', async () => {
  const bytes = Buffer.alloc(2_500_000, 5);
  const blob = { digest: digestOf(bytes), size: bytes.byteLength };
  await depot.put(blob, () => inChunks(bytes), quietRun());
  await flipByte(pathOf(blob), -1);
  let got = 0;
  const reading = (async () => {
    for await (const chunk of depot.open(blob, quietRun())) got += chunk.byteLength;
  })();
  await expect(reading).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'depot' });
  expect(got).toBeLessThan(blob.size);
});
