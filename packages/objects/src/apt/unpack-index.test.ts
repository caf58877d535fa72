import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { isMissing, mustRun, temporaryDirectory } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { unpackIndex } from './unpack-index.ts';

async function unpack(bytes: Uint8Array, size?: number, path = 'Packages.gz'): Promise<string> {
  // One buffer for all pieces, as readers of blobs give them.
  const piece = Buffer.alloc(64);
  const pieces = async function* () {
    for (let at = 0; at < bytes.byteLength; at += piece.byteLength) {
      const part = bytes.subarray(at, at + piece.byteLength);
      piece.set(part);
      yield piece.subarray(0, part.byteLength);
    }
  };
  const parts: Uint8Array[] = [];
  for await (const part of unpackIndex({ path, size }, pieces())) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts).toString();
}

describe('an index', () => {
  const text = Array.from({ length: 5000 }, (_, i) => `Package: p${i}\n`).join('\n');

  it('is unpacked by its name, or is plain', async () => {
    expect(await unpack(gzipSync(text), text.length)).toBe(text);
    expect(await unpack(gzipSync(text))).toBe(text);
    expect(await unpack(Buffer.from(text), text.length, 'Packages')).toBe(text);
  });

  it.skipIf(isMissing('xz'))('is unpacked as xz packed it, and refused where that is not whole', async () => {
    await using home = await temporaryDirectory();
    const file = home.join('Packages');
    await writeFile(file, text);
    await mustRun('xz', ['--block-size=10000', file]);
    const packed = await readFile(`${file}.xz`);
    expect(await unpack(packed, text.length, 'Packages.xz')).toBe(text);
    for (const bad of [
      packed.subarray(0, 200),
      packed.subarray(0, -40),
      Buffer.alloc(0),
      Buffer.from('hello'),
    ])
      await expect(unpack(bad, undefined, 'Packages.xz')).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    await expect(unpack(packed, text.length - 1, 'Packages.xz')).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
  });

  it.each([
    ['longer than it says', text.length - 1, 'SIZE_MISMATCH'],
    ['shorter than it says', text.length + 1, 'SIZE_MISMATCH'],
  ])('that is %s is refused', async (_, size, code) => {
    await expect(unpack(gzipSync(text), size)).rejects.toMatchObject({ code });
  });

  it('that unpacks to far more than it says ends where it should', async () => {
    await expect(unpack(gzipSync(Buffer.alloc(50_000_000)), 1000)).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
  });

  it('that is not gzip, or ends too early, is refused', async () => {
    await expect(unpack(Buffer.from('hello'))).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    await expect(unpack(gzipSync(text).subarray(0, 500))).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });
});
