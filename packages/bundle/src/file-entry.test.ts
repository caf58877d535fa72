import { digestOf, hexOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { parseBundleConfig } from './bundle-config.ts';

const HEAD = 'format: gapferry.bundle/1\nname: line-a\n';
const SHA256 = hexOf(digestOf('x'));
const SHA512 = 'Ab'.repeat(64);
const URL = 'https://example.org/dist/tool';
const wishOf = (line: string) =>
  parseBundleConfig(`${HEAD}files: [${line}]`, 'bundle.yaml', (url) => url).wishes[0];

describe('a file of bundle.yaml', () => {
  it.each([
    [`sha256: ${SHA256}`, { sha256: digestOf('x') }],
    [`sha512: "sha512:${SHA512}"`, { sha512: SHA512.toLowerCase() }],
    ['check: first-seen', { check: 'first-seen' }],
    ['checksums: {path: sums/SHA256SUMS}', { checksums: { path: 'sums/SHA256SUMS' } }],
    [`checksums: {url: "${URL}.sums", name: t}`, { checksums: { url: `${URL}.sums`, name: 't' } }],
    [
      `signature: {url: "${URL}.asc", keyring: up.gpg}`,
      { signature: { url: `${URL}.asc`, keyring: 'up.gpg' } },
    ],
    [`signature: {path: t.sig, key: up.pub}`, { signature: { path: 't.sig', key: 'up.pub' } }],
    [`signature: {path: t.minisig, minisign: RWQx}`, { signature: { path: 't.minisig', minisign: 'RWQx' } }],
    [
      'checksums: {path: s, signature: {path: s.asc, keyring: k}}',
      { checksums: { path: 's', signature: { path: 's.asc', keyring: 'k' } } },
    ],
    [`sha256: ${SHA256}, check: first-seen`, { sha256: digestOf('x'), check: 'first-seen' }],
  ])('says what it must be: %s', (demand, wanted) => {
    expect(wishOf(`{url: "${URL}", as: bin/tool, ${demand}}`)).toEqual({
      kind: 'file',
      url: URL,
      as: 'bin/tool',
      ...wanted,
    });
  });

  it.each([
    ['', 'nothing says what the file must be'],
    [', sha256: abc', 'is not a sha256 (64 hex digits)'],
    [`, sha512: ${SHA256}`, 'is not a sha512 (128 hex digits)'],
    [', check: always', 'files[0]'],
    [', checksums: {}', 'has either "url" or "path"'],
    [`, checksums: {url: "${URL}", path: a}`, 'has either "url" or "path"'],
    [', checksums: {url: "file:///etc/passwd"}', 'is not an http:// or https:// URL'],
    [`, checksums: {url: "https://user:secret@example.org/s"}`, 'must not carry credentials'],
    [`, signature: {url: "${URL}.asc"}`, 'has one of "key", "keyring" and "minisign"'],
    [`, signature: {url: "${URL}.asc", key: a, keyring: b}`, 'has one of "key", "keyring" and "minisign"'],
    [', signature: {key: a}', 'has either "url" or "path"'],
  ])('is refused with%s', (demand, problem) => {
    expect(() => wishOf(`{url: "${URL}", as: bin/tool${demand}}`)).toThrow(problem);
  });

  it.each([
    ['{name}', `${URL}-1.0.tgz`, 'tool-1.0.tgz'],
    ['tools/{name}', `${URL}?x=1#y`, 'tools/tool'],
    ['a/{name}/{name}', 'https://example.org/a%20b', 'a/a b/a b'],
  ])('may be named after its URL: %s', (as, url, id) => {
    expect(wishOf(`{url: "${url}", as: "${as}", check: first-seen}`)).toMatchObject({ as: id });
  });

  it.each([
    ['{name}', 'https://example.org/'],
    ['{name}', 'https://example.org/..%2f..%2fetc%2fpasswd'],
    ['{name}', 'https://example.org/dist/nul'],
    ['{name}', 'https://example.org/dist/a.'],
    ['{name}', 'https://example.org/dist/u%CC%88'],
    ['{name}', 'https://example.org/dist/a%0ab'],
    ['{version}', URL],
    ['{Name}', URL],
  ])('is not named %s after %s', (as, url) => {
    expect(() => wishOf(`{url: "${url}", as: "${as}", check: first-seen}`)).toThrow(/files\[0\]\.as/);
  });

  it('is not taken beside one whose name some file systems take for the same', () => {
    const lines = ['m/Model', 'm/model'].map((as) => `{url: "${URL}", as: ${as}, check: first-seen}`);
    expect(() => wishOf(lines.join())).toThrow(
      'file m/model would have the same name inside as file m/Model',
    );
  });
});

describe('an object of a bucket in bundle.yaml', () => {
  const S3 = 's3: {endpoint: "https://minio.example:9000/", bucket: models, key: "a b/tool.bin"';

  it('may be all below a prefix', () => {
    for (const prefix of ['a b', 'a b/', 'a b//'])
      expect(wishOf(`{${S3.replace(/key: .*/, `prefix: "${prefix}"`)}}, as: m, check: first-seen}`)).toEqual({
        kind: 'file',
        prefix: { endpoint: 'https://minio.example:9000', bucket: 'models', prefix: 'a b/' },
        as: 'm',
        check: 'first-seen',
      });
    expect(wishOf(`{${S3.replace(/key: .*/, 'prefix: ""')}}, as: m, check: first-seen}`)).toHaveProperty(
      'prefix.prefix',
      '',
    );
  });

  it('has its URL for a name', () => {
    expect(
      wishOf(`{${S3}, version: v7, region: eu-1, pathStyle: false}, as: "m/{name}", check: first-seen}`),
    ).toEqual({
      kind: 'file',
      url: 'https://minio.example:9000/models/a%20b/tool.bin',
      s3: {
        endpoint: 'https://minio.example:9000',
        bucket: 'models',
        key: 'a b/tool.bin',
        version: 'v7',
        region: 'eu-1',
        pathStyle: false,
      },
      as: 'm/tool.bin',
      check: 'first-seen',
    });
    expect(wishOf(`{${S3}, pathStyle: true}, as: m, sha256: ${SHA256}}`)).not.toHaveProperty('s3.pathStyle');
  });

  it.each([
    [`{${S3}}, as: m}`, 'nothing says what the file must be'],
    [`{${S3}, prefix: a/}, as: m, check: first-seen}`, 'files[0]'],
    [`{${S3.replace('key', 'prefix')}}, as: m, sha256: ${SHA256}}`, 'files[0]'],
    [`{${S3.replace('key', 'prefix')}, version: v1}, as: m, check: first-seen}`, 'files[0]'],
    [`{${S3.replace('models', 'Models')}}, as: m, check: first-seen}`, 'files[0]'],
    [`{${S3.replace(':9000/', ':9000/models')}}, as: m, check: first-seen}`, 'without bucket and path'],
    [`{${S3.replace('https:', 's3:')}}, as: m, check: first-seen}`, 'is not an http:// or https:// URL'],
    [
      `{${S3.replace('//minio', '//key:secret@minio')}}, as: m, check: first-seen}`,
      'must not carry credentials',
    ],
    [`{${S3.replace('a b/tool.bin', 'a/..')}}, as: "{name}", check: first-seen}`, 'files[0]'],
    [`{${S3}, pathStyle: false}, as: m, check: first-seen}`.replace('minio.example', '127.0.0.1'), 'no name'],
    [`{${S3}, pathStyle: false}, as: m, check: first-seen}`.replace('models', 'my.models'), 'with dots'],
  ])('is refused where the line is wrong: %s', (line, problem) => {
    expect(() => wishOf(line)).toThrow(problem);
  });
});
