import { describe, expect, it } from 'vitest';
import { aptReleaseIn, clearsignedText, isSameClearText, parseAptRelease } from './apt-release.ts';
import { digestOf } from './digest.ts';

const HEX = 'ab'.repeat(32);
const RELEASE = `Origin: Debian
Suite: stable
Codename: bookworm
Date: Sat, 10 Feb 2024 11:07:25 UTC
Valid-Until: Sat, 17 Feb 2024 11:07:25 UTC
Acquire-By-Hash: yes
Architectures: all amd64
SHA256:
 ${HEX} 1484 main/binary-amd64/Packages.gz
`;
const signed = (text: string): string =>
  `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text}-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n`;
const parse = (text: string) => parseAptRelease(Buffer.from(text), 'Release');

describe('the Release file of an APT repository', () => {
  it.each([
    ['plain', RELEASE],
    ['signed', signed(RELEASE)],
    ['signed, with other line ends', signed(RELEASE).replaceAll('\n', '\r\n')],
  ])('says of when it is, until when it is good, and what there is: %s', (_, text) => {
    const { files, ...facts } = parse(text);
    expect(facts).toEqual({
      updated: '2024-02-10T11:07:25Z',
      until: '2024-02-17T11:07:25Z',
      suite: 'stable',
      codename: 'bookworm',
      byHash: true,
      allApart: true,
    });
    expect([...files]).toEqual([['main/binary-amd64/Packages.gz', { digest: `sha256:${HEX}`, size: 1484 }]]);
  });

  it.each([
    ['no date', RELEASE.replace(/Date.*\n/, '')],
    ['a date without a zone', RELEASE.replaceAll(' UTC', '')],
    ['a date in another zone', RELEASE.replaceAll('UTC', '+0200')],
    ['no such day', RELEASE.replace('10 Feb', '10 Fob')],
    ['no checksums', RELEASE.replace('SHA256', 'SHA1')],
    ['a checksum that is none', RELEASE.replace(HEX, 'abc')],
    ['two checksums of one file', `${RELEASE} ${'0'.repeat(64)} 1 main/binary-amd64/Packages.gz\n`],
    ['two paragraphs', `${RELEASE}\nDate: Sat, 10 Feb 2024 11:07:25 UTC\n`],
  ])('is refused with %s', (_, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'CONTENT_INVALID' }));
  });

  it('is not looked for without end', () => {
    expect(() => parse(RELEASE + ' '.repeat(16_777_217))).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
  });
});

it('of a repository may say that what is for all architectures stands with each of them', () => {
  expect(parse(`No-Support-for-Architecture-all: Packages\n${RELEASE}`).allApart).toBe(false);
  expect(parse(RELEASE.replace('all amd64', 'amd64')).allApart).toBe(false);
});

describe('a signed text', () => {
  it('is without the marks of its form', () => {
    expect(clearsignedText(signed('- -dash \t\n- ok\n\n'), 'x')).toBe('-dash\nok\n');
    expect(isSameClearText('a \r\nb\r\n', 'a\nb')).toBe(true);
    expect(isSameClearText('a\nb', 'a\n b')).toBe(false);
  });

  it.each([
    ['something before it', `Date: x\n${signed('a\n')}`],
    ['another beginning', signed('a\n').replace('BEGIN PGP SIGNED MESSAGE', 'BEGIN MESSAGE')],
    ['something behind it', `${signed('a\n')}Date: x\n`],
    ['another one behind it', signed('a\n').repeat(2)],
    ['a header that is none', signed('a\n').replace('Hash:', 'Date:')],
    ['a line that is not escaped', signed('-a\n')],
    ['no signature', signed('a\n').replace(/-----BEGIN PGP SIGNATURE[\s\S]*/, '')],
    ['no end', signed('a\n').replace(/-----END.*/, '')],
  ])('has nothing else: %s', (_, text) => {
    expect(() => clearsignedText(text, 'x')).toThrow(expect.objectContaining({ code: 'CONTENT_INVALID' }));
  });

  it('takes no time for blanks', () => {
    expect(clearsignedText(signed(`a${' '.repeat(4_000_000)}b\n`), 'x')).toHaveLength(4_000_002);
  });
});

it('of a directory the Release file is found where there is one suite', () => {
  const files = (...paths: string[]) => paths.map((path) => ({ path, digest: digestOf(path), size: 1 }));
  expect(aptReleaseIn(files('dists/a/InRelease', 'dists/a/Release', 'pool/Release'))?.path).toBe(
    'dists/a/InRelease',
  );
  expect(aptReleaseIn(files('dists/a/b/Release', 'dists/a/b/Release.gpg'))?.path).toBe('dists/a/b/Release');
  expect(aptReleaseIn(files('dists/a/InRelease', 'dists/b/InRelease'))).toBeUndefined();
  expect(aptReleaseIn(files('pool/a.deb', 'InRelease'))).toBeUndefined();
});
