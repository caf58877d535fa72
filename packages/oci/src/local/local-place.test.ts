import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type ImagePlace, quietRun, type Run, readVerified } from '@gapferry/core';
import {
  blobName,
  contentOfImage,
  isMissing,
  makeImage,
  makeIndex,
  ociLayout,
  type TarEntry,
  type TemporaryDirectory,
  tarBytes,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LocalImage, type LocalImages, localImages } from './local-images.ts';

const amd = await makeImage({ seed: 'amd', layers: [{ size: 300_000 }, { size: 5000 }] });
const arm = await makeImage({ seed: 'arm', platform: 'linux/arm64' });
const both = makeIndex([amd, arm]);
const layer = amd.blobs[1];
if (layer === undefined) throw new Error('no layer');

let home: TemporaryDirectory;
let images: LocalImages;
beforeEach(async () => {
  home = await temporaryDirectory();
  images = localImages({ baseDirectory: home.path, workDirectory: home.join('work') });
});
afterEach(async () => {
  await images.close();
  await home.remove();
});

const at = (path: string, select?: string): LocalImage =>
  images.at({ path, ...(select !== undefined && { select }) } satisfies ImagePlace);
const entriesOf = (files: ReadonlyMap<string, Uint8Array>): TarEntry[] =>
  [...files].map(([name, body]) => ({ name, body }));

async function writeTree(directory: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [name, bytes] of files) {
    await mkdir(dirname(home.join(directory, name)), { recursive: true });
    await writeFile(home.join(directory, name), bytes);
  }
}

/** Everything of an image, read as the depot would. */
async function readAll(image: LocalImage): Promise<void> {
  for (const blob of contentOfImage(both))
    await readVerified(blob, image.blob(blob, quietRun())(0), { place: 'the test' });
}

describe('a place on this machine', () => {
  const layout = () => ociLayout([{ image: both, name: '1.0' }]);
  const tar = async () => tarBytes(entriesOf(await layout()));

  it.each([
    ['a directory', () => layout().then((files) => writeTree('place', files))],
    ['an archive', async () => writeFile(home.join('place'), await tar())],
    [
      'an archive with ./ before its names',
      async () => {
        const entries = entriesOf(await layout()).map((entry) => ({ ...entry, name: `./${entry.name}` }));
        await writeFile(home.join('place'), tarBytes(entries));
      },
    ],
    ['a gzip archive', async () => writeFile(home.join('place'), gzipSync(await tar()))],
    [
      'a gzip archive in two members',
      async () => {
        const bytes = await tar();
        await writeFile(
          home.join('place'),
          Buffer.concat([gzipSync(bytes.subarray(0, 1000)), gzipSync(bytes.subarray(1000))]),
        );
      },
    ],
    ['a zstd archive', async () => writeFile(home.join('place'), zstdCompressSync(await tar()))],
    [
      'a directory behind a link that the operator names',
      async () => {
        await writeTree('real', await layout());
        await symlink(home.join('real'), home.join('place'));
      },
    ],
  ])('can be %s: the digests are the same', async (_, write) => {
    await write();
    expect(await at('place').resolve(quietRun())).toEqual(both.root);
    await readAll(at('place'));
    expect(Buffer.from(await at('place').manifest(amd.root, quietRun()))).toEqual(amd.manifest);
  });

  it('gives a blob from any offset, and tells the bytes', async () => {
    await writeFile(home.join('place'), gzipSync(await tar()));
    const bytes = await readVerified(layer, at('place').blob(layer, quietRun())(0));
    const told: number[] = [];
    const run: Run = { ...quietRun(), emit: (event) => event.kind === 'bytes' && told.push(event.bytes) };
    const rest: Uint8Array[] = [];
    for await (const chunk of at('place').blob(layer, run)(100_000)) rest.push(Uint8Array.from(chunk));
    expect(Buffer.concat(rest).equals(bytes.subarray(100_000))).toBe(true);
    expect(told.reduce((sum, bytes) => sum + bytes)).toBe(layer.size - 100_000);
  });

  it('unpacks an archive once, and leaves nothing in the work directory', async () => {
    await writeFile(home.join('place'), gzipSync(await tar()));
    await Promise.all([at('place').resolve(quietRun()), at('place', '1.0').resolve(quietRun())]);
    // Who opened the file first still reads it: it was not opened again.
    await rm(home.join('place'));
    await readAll(at('place'));
    expect(await readdir(home.join('work'))).toEqual([]);
  });

  it.each([
    ['missing', 'SOURCE_NOT_FOUND'],
    ['place/missing', 'SOURCE_NOT_FOUND'],
    ['loop', 'UNREACHABLE'],
    ['empty', 'CONTENT_INVALID'],
    ['text', 'CONTENT_INVALID'],
    ['folder', 'CONTENT_INVALID'],
    ['xz', 'CONTENT_INVALID'],
    ['other.tar', 'CONTENT_INVALID'],
  ])('that is %s: %s', async (path, code) => {
    await writeFile(home.join('place'), await tar());
    await symlink('loop', home.join('loop'));
    await mkdir(home.join('folder'));
    for (const [name, bytes] of [
      ['empty', ''],
      ['text', 'x'.repeat(2000)],
      ['xz', '\xfd7zXZ\0'],
    ] as const)
      await writeFile(home.join(name), bytes, 'latin1');
    await writeFile(home.join('other.tar'), tarBytes([{ name: 'etc/passwd', body: 'x' }]));
    await expect(at(path).resolve(quietRun())).rejects.toMatchObject({
      code,
      origin: 'source',
      message: expect.stringContaining(path),
    });
  });

  it.skipIf(isMissing('mkfifo')).each(['place', 'place/index.json', `place/${blobName(amd.root.digest)}`])(
    'does not wait at a pipe: %s',
    async (path) => {
      if (path !== 'place') await writeTree('place', await ociLayout([{ image: amd }]));
      await rm(home.join(path), { force: true });
      execFileSync('mkfifo', [home.join(path)]);
      await expect(at('place').resolve(quietRun())).rejects.toMatchObject({
        code: 'CONTENT_INVALID',
        message: expect.stringContaining('not a regular file'),
      });
    },
  );

  it('answers again after it has failed', async () => {
    await expect(at('place').resolve(quietRun())).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    await writeFile(home.join('place'), await tar());
    expect(await at('place').resolve(quietRun())).toEqual(both.root);
  });
});

describe('a layout directory with links', () => {
  it.each(['oci-layout', 'index.json', 'blobs', 'blobs/sha256', blobName(amd.root.digest)])(
    'in place of %s is refused',
    async (name) => {
      await writeTree('place', await ociLayout([{ image: amd }]));
      await rename(home.join('place', name), home.join('outside'));
      await symlink(home.join('outside'), home.join('place', name));
      await expect(at('place').resolve(quietRun())).rejects.toMatchObject({
        code: 'CONTENT_INVALID',
        message: expect.stringContaining(name),
      });
    },
  );
});

describe('a place with damage', () => {
  it('has a blob with other content: the bytes are told apart by whoever writes them', async () => {
    const files = await ociLayout([{ image: both }]);
    files.set(blobName(amd.root.digest), Buffer.alloc(amd.root.size, ' '));
    await writeTree('place', files);
    await expect(at('place').manifest(amd.root, quietRun())).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(amd.root.digest),
    });
  });

  it('has a blob of another size, or none', async () => {
    const files = await ociLayout([{ image: both }]);
    files.set(blobName(layer.digest), Buffer.alloc(5));
    files.delete(blobName(arm.root.digest));
    await writeTree('place', files);
    await expect(readAll(at('place'))).rejects.toMatchObject({ code: 'SIZE_MISMATCH', origin: 'source' });
    await expect(at('place').manifest(arm.root, quietRun())).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining(`${arm.root.digest} is not in place`),
    });
  });

  it.each([
    ['index.json with 17 MiB', 'index.json', Buffer.alloc(17 << 20, ' '), 'LIMIT_EXCEEDED'],
    ['index.json 40 deep', 'index.json', Buffer.from(`${'['.repeat(40)}${']'.repeat(40)}`), 'LIMIT_EXCEEDED'],
    [
      'index.json with 20,001 entries',
      'index.json',
      Buffer.from(
        JSON.stringify({ schemaVersion: 2, manifests: Array.from({ length: 20_001 }, () => amd.root) }),
      ),
      'LIMIT_EXCEEDED',
    ],
    ['index.json that is no JSON', 'index.json', Buffer.from('{"a":'), 'JSON_INVALID'],
    [
      'index.json with another digest',
      'index.json',
      Buffer.from(
        JSON.stringify({ schemaVersion: 2, manifests: [{ ...amd.root, digest: 'sha256:../../x' }] }),
      ),
      'CONTENT_INVALID',
    ],
    [
      'oci-layout of another version',
      'oci-layout',
      Buffer.from('{"imageLayoutVersion":"2.0.0"}'),
      'CONTENT_INVALID',
    ],
    ['oci-layout with 5,000 bytes', 'oci-layout', Buffer.alloc(5000, ' '), 'LIMIT_EXCEEDED'],
  ] as const)('has %s', async (_, name, bytes, code) => {
    const files = await ociLayout([{ image: amd }]);
    await writeTree('place', files.set(name, bytes));
    await expect(at('place').resolve(quietRun())).rejects.toMatchObject({ code });
  });

  it.each([
    ['shorter', (path: string) => truncate(path, 4096)],
    ['longer', (path: string) => appendFile(path, 'more')],
  ])('became %s while it was read', async (_, change) => {
    const big = await makeImage({ layers: [{ size: 3_000_000 }] });
    const blob = big.blobs[1];
    if (blob === undefined) throw new Error('no layer');
    await writeTree('place', await ociLayout([{ image: big }]));
    const reading = async () => {
      let changed = false;
      for await (const _chunk of at('place').blob(blob, quietRun())(0)) {
        if (!changed) await change(join(home.path, 'place', blobName(blob.digest)));
        changed = true;
      }
    };
    await expect(reading()).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('while it was read'),
    });
  });

  it.each([
    ['gzip, cut', () => gzipSync(Buffer.alloc(5000)).subarray(0, -9), 'cannot be unpacked'],
    [
      'gzip, with a byte changed',
      () => {
        const b = gzipSync(tarBytes([{ name: 'a', body: 'b'.repeat(9000) }]));
        b[b.length - 6] = (b[b.length - 6] ?? 0) ^ 1;
        return b;
      },
      'cannot be unpacked',
    ],
    ['gzip, with bytes after its end', () => Buffer.concat([gzipSync(tarBytes([])), Buffer.alloc(3, 1)]), ''],
    [
      'gzip, with zeros after its end',
      () => Buffer.concat([gzipSync(tarBytes([])), Buffer.alloc(700)]),
      'after the end',
    ],
    [
      'zstd, cut',
      () => zstdCompressSync(tarBytes([{ name: 'a', body: 'b'.repeat(9000) }])).subarray(0, -3),
      '',
    ],
    [
      'zstd, with bytes after its end',
      () => Buffer.concat([zstdCompressSync(tarBytes([])), Buffer.from('xyz')]),
      'after the end',
    ],
  ])('is packed: %s', async (_, make, why) => {
    await writeFile(home.join('place'), make());
    await expect(at('place').resolve(quietRun())).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining(why),
    });
    expect(await readdir(home.join('work'))).toEqual([]);
  });

  it.each([
    ['more than it may have', { unpacked: 1 << 20, ratio: 1000, ratioFrom: 1 << 20 }],
    ['more times its size than it may', { unpacked: 2 ** 40, ratio: 100, ratioFrom: 1 << 20 }],
  ])('unpacks to %s: stopped there, and nothing is left', async (_, limits) => {
    const bomb = gzipSync(Buffer.alloc(16 << 20));
    await writeFile(home.join('bomb'), bomb);
    const small = localImages({ baseDirectory: home.path, workDirectory: home.join('work'), limits });
    await expect(small.at({ path: 'bomb' }).resolve(quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('unpacks to more than'),
    });
    await small.close();
    expect(await readdir(home.join('work'))).toEqual([]);
  });

  it('cannot be unpacked where the work directory is no directory', async () => {
    await writeFile(home.join('place'), gzipSync(tarBytes([])));
    await writeFile(home.join('work'), 'a file');
    await expect(at('place').resolve(quietRun())).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      origin: 'depot',
      message: expect.stringContaining(home.join('work')),
    });
  });

  it('stops when the run is stopped', async () => {
    await writeFile(home.join('place'), gzipSync(tarBytes([{ name: 'a', body: Buffer.alloc(1 << 20) }])));
    await expect(at('place').resolve(quietRun(AbortSignal.abort()))).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(await readdir(home.join('work'))).toEqual([]);
  });
});
