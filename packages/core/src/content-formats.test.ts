import { describe, expect, it } from 'vitest';
import { artifactCreated, parseCvdHeader, parseGrypeListing } from './content-formats.ts';
import { isSignedByClamav } from './cvd-signature.ts';
import { digestOf } from './digest.ts';

/** The header of daily.cvd 25784 as ClamAV published it on 16 April 2020. */
const DAILY =
  'ClamAV-VDB:16 Apr 2020 07-58 -0400:25784:2267600:63:92baacd59fd26e6bcf03077add78d209:4Jp9JtGJY6nUk8JHDQQpQeBwlfXqskvhXL+vesDNqAeWCmjbudU+Hy/Nj4/BH2vl70c/R5B/VYY+eqqCQo6o7VGLqLJr/E+19gejqMp/iRcuHrtnLw6V/x3UjO3/qYVSlcJvAjtMI7FK32wjB+Sp8kaS/ZbfaFQp6trRQhisjqf:raynman:1587038339';
const header = (text: string): Uint8Array => Buffer.from(text.padEnd(512));

describe('a ClamAV database', () => {
  it('says in its header when it was built, and what its MD5 is', () => {
    expect(parseCvdHeader(header(DAILY), 'daily')).toMatchObject({
      updated: '2020-04-16T11:58:59Z',
      md5: '92baacd59fd26e6bcf03077add78d209',
    });
  });

  it('that ClamAV published is signed by its makers; one with another MD5, or another signature, is not', () => {
    const daily = parseCvdHeader(header(DAILY), 'daily');
    expect(isSignedByClamav(daily)).toBe(true);
    expect(isSignedByClamav({ ...daily, md5: daily.md5.replace('9', '8') })).toBe(false);
    expect(isSignedByClamav({ ...daily, signature: daily.signature.replace('4J', '5J') })).toBe(false);
    for (const signature of ['', '-', `${daily.signature}a`, '9'.repeat(171), 'a'.repeat(400)])
      expect(isSignedByClamav({ ...daily, signature })).toBe(false);
  });

  it.each([
    ['something else', 'PK\x03\x04', 'does not begin as a ClamAV database'],
    ['a header that was cut', DAILY, 'does not begin as a ClamAV database'],
    ['no MD5', DAILY.replace('92baac', 'X2baac'), 'has no MD5'],
    ['no time', DAILY.replace('1587038339', ''), 'has no build time'],
    ['a time in words', DAILY.replace('1587038339', 'yesterday'), 'has no build time'],
  ])('is refused with %s', (what, text, problem) => {
    const bytes = what.includes('cut') ? header(text).subarray(0, 511) : header(text);
    expect(() => parseCvdHeader(bytes, 'file av/daily.cvd')).toThrow(problem);
    expect(() => parseCvdHeader(bytes, 'file av/daily.cvd')).toThrow('file av/daily.cvd');
  });
});

describe("Grype's latest.json", () => {
  const listing = {
    status: 'active',
    schemaVersion: '6.0.2',
    built: '2025-03-14T04:07:07Z',
    path: 'vulnerability-db_v6.0.2_2025-03-14T01:31:06Z_1741925227.tar.zst',
    checksum: digestOf('db'),
  };
  const parse = (more: object): unknown =>
    parseGrypeListing(Buffer.from(JSON.stringify({ ...listing, ...more })), 'latest.json');

  it('names an archive, its sha256 and when it was built', () => {
    expect(parse({})).toEqual({
      updated: '2025-03-14T04:07:07Z',
      path: listing.path,
      sha256: digestOf('db'),
    });
    expect(parse({ built: '2025-03-14T05:07:07.25+01:00' })).toMatchObject({
      updated: '2025-03-14T04:07:07Z',
    });
  });

  it.each([
    [{ path: '../../etc/passwd.tar.gz' }, '"path"'],
    [{ path: 'https://evil.example/db.tar.zst' }, '"path"'],
    [{ path: '/db.tar.zst' }, '"path"'],
    [{ path: 'db.exe' }, '"path"'],
    [{ path: `${'a'.repeat(300)}.tar.gz` }, '"path"'],
    [{ checksum: 'xxh64:0123' }, '"checksum"'],
    [{ built: '14 March 2025' }, '"built"'],
    [{ built: undefined }, '"built"'],
    [{ built: '2025-13-14T04:07:07Z' }, 'its date is none'],
    [{ built: '1969-01-01T00:00:00Z' }, 'its date is none'],
  ])('is refused with %j', (more, problem) => {
    expect(() => parse(more)).toThrow(problem);
  });

  it('is refused when it is no object, and when it is endless', () => {
    expect(() => parseGrypeListing(Buffer.from('[]'), 'latest.json')).toThrow('"path"');
    expect(() => parseGrypeListing(Buffer.alloc(70_000, 32), 'latest.json')).toThrow('limit');
  });
});

describe('an OCI artifact', () => {
  const manifest = (annotations: unknown): Uint8Array => Buffer.from(JSON.stringify({ annotations }));

  it('says in an annotation when it was made', () => {
    const text = '2024-07-02T18:12:40Z';
    expect(artifactCreated(manifest({ 'org.opencontainers.image.created': text }), 'trivy-db')).toBe(text);
  });

  it.each([undefined, null, {}, { 'org.opencontainers.image.created': 7 }])(
    'is refused with %j',
    (annotations) => {
      expect(() => artifactCreated(manifest(annotations), 'trivy-db')).toThrow(
        'org.opencontainers.image.created',
      );
    },
  );
});
