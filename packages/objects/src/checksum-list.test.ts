import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { temporaryDirectory } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { findChecksum } from './checksum-list.ts';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
const LONG = 'c'.repeat(128);
const find = (text: string, name = 'tool') => findChecksum(text, name, 'SHA256SUMS').hex;

describe('a file of checksums', () => {
  it.each([
    [`${A}  tool\n`],
    [`${A} *tool\n`],
    [`${A.toUpperCase()}  ./tool\n`],
    [`${B}  other\r\n${A}  tool\r\n`],
    [`SHA256 (tool) = ${A}\n`],
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
    expect(findChecksum(`${A}  tool\n${LONG}  tool\n`, 'tool', 'SUMS')).toEqual({
      algorithm: 'sha512',
      hex: LONG,
    });
    expect(find(`SHA512 (tool) = ${LONG}\nSHA256 (tool) = ${A}`)).toBe(LONG);
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
    expect(find(await of('sha256sum', '--binary'))).toBe(hex);
    expect(find(await of('sha512sum'))).toBe(find(await of('sha512sum', '--tag')));
    expect(hex).toMatch(/^[0-9a-f]{64}$/);
  });
});
