import { describe, expect, it } from 'vitest';
import { parseSiteConfig } from './site-config.ts';

const site = (target: string): string =>
  `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/site.key\ntargets:\n  - {${target}}\n`;
const S3 =
  'name: store, kind: s3, endpoint: "https://s3.plant.example/", bucket: releases, credentials: {env: STORE}';

describe('a bucket in site.yaml', () => {
  it('is there already, keeps what it has, and locks nothing unless told otherwise', () => {
    expect(parseSiteConfig(site(S3), 'site.yaml').targets).toEqual([
      {
        name: 'store',
        kind: 's3',
        endpoint: 'https://s3.plant.example',
        region: 'us-east-1',
        bucket: 'releases',
        pathStyle: true,
        create: false,
        keys: '{channel}/{version}/{path}',
        takes: ['file'],
        overwrite: 'refuse',
        foreign: 'refuse',
        legalHold: false,
        tags: {},
        credentials: { from: 'environment', name: 'STORE' },
        insecure: false,
        also: [],
      },
    ]);
  });

  it('says all of it', () => {
    const said = `${S3}, region: eu-plant-1, pathStyle: false, create: true, keys: "lines/{channel}/{sequence}/{path}", takes: [files], overwrite: version, foreign: read, lock: {mode: compliance, days: 30}, legalHold: true, latest: "{channel}/latest/{path}", keep: 3, tags: {line: "7 b"}, ca: ca.pem, cert: c.pem, key: c.key, also: [Other.example], connections: 4`;
    expect(parseSiteConfig(site(said), 'site.yaml').targets[0]).toMatchObject({
      region: 'eu-plant-1',
      pathStyle: false,
      create: true,
      keys: 'lines/{channel}/{sequence}/{path}',
      overwrite: 'version',
      foreign: 'read',
      lock: { mode: 'compliance', days: 30 },
      legalHold: true,
      latest: '{channel}/latest/{path}',
      keep: 3,
      tags: { line: '7 b' },
      ca: 'ca.pem',
      also: ['other.example'],
      connections: 4,
    });
  });

  it.each([
    [
      'a password in the address',
      S3.replace('https://', 'https://u:Sesam@'),
      'endpoint: must not carry credentials',
    ],
    ['plain HTTP', S3.replace('https:', 'http:'), 'endpoint: is plain HTTP'],
    [
      'the bucket in the address',
      S3.replace('example/', 'example/releases'),
      'endpoint: must be https://HOST',
    ],
    ['another scheme', S3.replace('https:', 's3:'), 'endpoint: must be https://HOST'],
    ['no credentials', S3.replace(', credentials: {env: STORE}', ''), 'credentials: is missing'],
    ["Docker's credentials", S3.replace('{env: STORE}', 'docker'), 'Docker keeps none for object stores'],
    [
      'a bucket in upper case',
      S3.replace('bucket: releases', 'bucket: Releases'),
      'bucket: must be the name',
    ],
    [
      'a bucket like an address',
      S3.replace('bucket: releases', 'bucket: 10.0.0.1'),
      'bucket: must be the name',
    ],
    [
      'a bucket in front of an address',
      `${S3.replace('s3.plant.example', '127.0.0.1')}, pathStyle: false`,
      'pathStyle: must be true for an endpoint that is an address',
    ],
    [
      'a bucket with dots in a host',
      `${S3.replace('bucket: releases', 'bucket: a.b.c')}, pathStyle: false`,
      'pathStyle: must be true',
    ],
    ['keys without a release', `${S3}, keys: "{channel}/{path}"`, 'keys: must have {version} or {sequence}'],
    ['keys without a path', `${S3}, keys: "{channel}/{version}"`, 'keys: must end with /{path}'],
    ['a variable that is none', `${S3}, keys: "{host}/{version}/{path}"`, 'keys: has {host}: known are'],
    ['keys that leave the place', `${S3}, keys: "../{version}/{path}"`, 'keys: does not make good keys'],
    ['keys from the root', `${S3}, keys: "/{version}/{path}"`, 'keys: does not make good keys'],
    [
      'copies that change with the release',
      `${S3}, latest: "{version}/{path}"`,
      'latest: has {version}: known are {channel} and {path}',
    ],
    ['copies without a path', `${S3}, latest: "current"`, 'latest: must be {path}, or end with /{path}'],
    ['no release that stays', `${S3}, keep: 0`, 'keep: '],
    ['a lock without days', `${S3}, lock: {mode: governance}`, 'lock.days: is missing'],
    [
      'eleven tags',
      `${S3}, tags: {${Array.from({ length: 11 }, (_, i) => `t${i}: x`).join(', ')}}`,
      'tags: an object has at most 10 tags',
    ],
    ['half a client certificate', `${S3}, cert: c.pem`, 'cert: a client certificate has two files'],
    ['images', `${S3}, takes: [images]`, 'takes[0]: must be files'],
  ])('refuses %s', (_, target, message) => {
    const parse = (): unknown => parseSiteConfig(site(target), 'site.yaml');
    expect(parse).toThrow(message);
    expect(parse).not.toThrow('Sesam');
  });
});
