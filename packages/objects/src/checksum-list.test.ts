import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { temporaryDirectory } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { readChecksums } from './checksum-list.ts';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
const LONG = 'c'.repeat(128);
const find = (text: string | Uint8Array, name = 'tool') =>
  readChecksums(Buffer.from(text)).find(name, 'SHA256SUMS').hex;

describe('a file of checksums', () => {
  it.each([
    [`${A}  tool\n`],
    [`${A} *tool\n`],
    [`${A.toUpperCase()}  ./tool\n`],
    [`${B}  other\r\n${A}  tool\r\n`],
    [`SHA256 (tool) = ${A}\n`],
    [`SHA256(tool)= ${A}\n`],
    [`SHA2-256(tool)= ${A}\n`],
    [`\ufeff${A}  tool\n${B}  other\n`],
    [`\ufeff${A}\n`],
    [`MD5 (tool) = ${'1'.repeat(32)}\nSHA256 (tool) = ${A}\n`],
    [`${A}\n`],
    [`# made by hand\n\n${'1'.repeat(40)}  tool\n${A}  tool`],
    [`${A}  dist/linux/tool\n${B}  dist/linux/tool.sig\n`],
    [`${B}  dist/tool\n${A}  tool\n`],
    [`${A}  tool\n${A}  dist/tool\n`],
  ])('has the checksum of a file: %j', (text) => {
    expect(find(text)).toBe(A);
  });

  it('takes SHA-512 where both are there', () => {
    expect(readChecksums(Buffer.from(`${A}  tool\n${LONG}  tool\n`)).find('tool', 'SUMS')).toEqual({
      algorithm: 'sha512',
      hex: LONG,
    });
    expect(find(`SHA512 (tool) = ${LONG}\nSHA256 (tool) = ${A}`)).toBe(LONG);
  });

  it.each(['\ufeff', ''])('may be in UTF-16, if it says so by its mark %j', (mark) => {
    const little = Buffer.from(`${mark}${A}  tool\r\n`, 'utf16le');
    const big = Buffer.from(little).swap16();
    for (const text of [little, big])
      if (mark === '') expect(() => find(text)).toThrow('no SHA-256');
      else expect(find(text)).toBe(A);
  });

  it('is read once for all its files, and costs little where it is nothing', () => {
    const names = Array.from({ length: 50_000 }, (_, i) => `dist/file-${i}`);
    const list = readChecksums(Buffer.from(names.map((name) => `${A}  ${name}\n`).join('')));
    for (const name of names) expect(list.find(name.slice(5), 'SUMS').hex).toBe(A);
    expect(() => find('\n'.repeat(16 << 20))).toThrow('no SHA-256');
  });

  it.each([
    [''],
    [`${B}  other\n`],
    [`${B}  tool2\n${B}  atool\n`],
    [`${'1'.repeat(40)}  tool\n`],
    [`SHA1 (tool) = ${'1'.repeat(40)}\n`],
    [`SHA256 (tool) = ${LONG}\n`],
    [`\\${A}  tool\n${B}  x\n`],
    ['<html>not found</html>'],
  ])('without one is refused: %j', (text) => {
    expect(() => find(text)).toThrow(expect.objectContaining({ code: 'CONTENT_INVALID' }));
  });

  it.each([[`${A}  tool\n${B}  tool\n`], [`${A}  x/tool\n${B}  y/tool\n`]])(
    'with two different ones is refused, unless the name tells: %j',
    (text) => {
      expect(() => find(text)).toThrow('several different checksums');
      if (text.includes('x/tool')) expect(find(text, 'x/tool')).toBe(A);
    },
  );

  it('is read as sha256sum, sha512sum and openssl write it', async () => {
    await using directory = await temporaryDirectory();
    await writeFile(directory.join('tool'), 'v1');
    const of = async (program: string, ...args: string[]): Promise<string> =>
      (await promisify(execFile)(program, [...args, 'tool'], { cwd: directory.path })).stdout;
    const hex = find(await of('sha256sum'));
    expect(find(await of('sha256sum', '--tag'))).toBe(hex);
    expect(find(await of('openssl', 'dgst', '-sha256'))).toBe(hex);
    expect(find(await of('sha256sum', '--binary'))).toBe(hex);
    expect(find(await of('sha512sum'))).toBe(find(await of('sha512sum', '--tag')));
    expect(hex).toMatch(/^[0-9a-f]{64}$/);
  });
});
