import { describe, expect, it } from 'vitest';
import { parsePointer } from './pointer.ts';

const V1 = 'version https://git-lfs.github.com/spec/v1';
const HEX = '4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393';
const GOOD = { oid: `sha256:${HEX}`, size: 12_345 };
const pointer = (text: string) => parsePointer(Buffer.from(text));

describe('a Git LFS pointer', () => {
  it.each([
    ['as the specification has it', `${V1}\noid sha256:${HEX}\nsize 12345\n`],
    ['without an end of line at its end', `${V1}\noid sha256:${HEX}\nsize 12345`],
    ['with CRLF', `${V1}\r\noid sha256:${HEX}\r\nsize 12345\r\n`],
    ['with an extension', `${V1}\next-0-foo sha256:${HEX}\noid sha256:${HEX}\nsize 12345\n`],
    ['of the first days', `version http://git-media.io/v/2\noid sha256:${HEX}\nsize 12345\n`],
  ])('is read %s', (_, text) => {
    expect(pointer(text)).toEqual(GOOD);
  });

  it.each([
    ['has upper-case digits', `${V1}\noid sha256:${HEX.toUpperCase()}\nsize 12345\n`],
    ['has another hash', `${V1}\noid sha1:${HEX.slice(0, 40)}\nsize 12345\n`],
    ['has a member more', `${V1}\noid sha256:${HEX}\nsize 12345\nx y\n`],
    ['has a size that cannot be counted', `${V1}\noid sha256:${HEX}\nsize 9223372036854775807\n`],
    ['has a size just over what can be counted', `${V1}\noid sha256:${HEX}\nsize 9007199254740993\n`],
    ['has a negative size', `${V1}\noid sha256:${HEX}\nsize -1\n`],
    ['lacks its size', `${V1}\noid sha256:${HEX}\n`],
    ['lacks everything', `${V1}\n`],
  ])('that %s is malformed', (_, text) => {
    expect(pointer(text)).toBe('malformed');
  });

  it.each([
    ['an empty file', ''],
    ['text', 'version 1\n'],
    ['text that quotes one', `see:\n${V1}\noid sha256:${HEX}\nsize 12345\n`],
    ['another version', `version https://git-lfs.github.com/spec/v2\noid sha256:${HEX}\nsize 1\n`],
    ['more than 1024 bytes', `${V1}\noid sha256:${HEX}\nsize 12345\n${' '.repeat(1024)}`],
  ])('is not %s', (_, text) => {
    expect(pointer(text)).toBeUndefined();
  });

  it('may have 1024 bytes', () => {
    const text = `${V1}\noid sha256:${HEX}\nsize 12345\n`;
    expect(pointer(text.padEnd(1024, '\n'))).toEqual(GOOD);
    expect(pointer(text.padEnd(1025, '\n'))).toBeUndefined();
  });
});
