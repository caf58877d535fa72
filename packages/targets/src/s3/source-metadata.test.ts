import { describe, expect, it } from 'vitest';
import { withSource } from './source-metadata.ts';

const OWN = { 'gapferry-sha256': 'a'.repeat(64) };
const sourceIn = (source: string | undefined): string | undefined =>
  withSource(OWN, source)['gapferry-source'];

describe('where an object came from', () => {
  it.each([
    ['https://dl.example/k3s/v1.30/k3s', 'https://dl.example/k3s/v1.30/k3s'],
    ['https://dl.example:8443/a%20b', 'https://dl.example:8443/a%20b'],
    ['https://ada:secret@dl.example/k3s?token=abc#part', 'https://dl.example/k3s'],
    ['https://s3.example/bucket/prefix/', 'https://s3.example/bucket/prefix/'],
    ['https://dl.example/Prüfung/日本 1.txt', 'https://dl.example/Pr%C3%BCfung/%E6%97%A5%E6%9C%AC%201.txt'],
    ['https://bücher.example/x', 'https://xn--bcher-kva.example/x'],
    ['local', 'local'],
    ['von hier\r\nx-amz-meta-evil: 1', 'von%20hier%0D%0Ax-amz-meta-evil:%201'],
    ['\ud800?token=abc', '%EF%BF%BD'],
  ])('%j is said as %j', (source, said) => {
    expect(sourceIn(source)).toBe(said);
    expect(said).toMatch(/^[\x21-\x7e]+$/);
  });

  it('is not said where nothing is known', () => {
    expect(withSource(OWN, undefined)).toEqual(OWN);
  });

  it('is left out, and not cut, where metadata would have more than 2 KB', () => {
    const rest = 2048 - 2 * 'x-amz-meta-'.length - 'gapferry-sha256'.length - 64 - 'gapferry-source'.length;
    const long = (length: number): string => 'https://dl.example/'.padEnd(length, 'x');
    expect(sourceIn(long(rest))).toBe(long(rest));
    expect(withSource(OWN, long(rest + 1))).toEqual(OWN);
    expect(withSource(OWN, `https://dl.example/${'ü'.repeat(400)}`)).toEqual(OWN);
  });
});
