import {
  type ChartPin,
  digestOf,
  type FilePin,
  type GitPin,
  type ImagePin,
  type Pin,
  type Wish,
} from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { answersWish } from './answers-wish.ts';

const DIGEST = digestOf('content');
const root = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: DIGEST, size: 1 };

const image = (id: string): ImagePin => ({ kind: 'image', id, wish: DIGEST, root, platforms: [] });
const git = (id: string, url: string): GitPin => ({
  kind: 'git',
  id,
  wish: DIGEST,
  url,
  objectFormat: 'sha1',
  refs: [],
});
const chart = (id: string): ChartPin => ({
  kind: 'chart',
  from: 'repository',
  id,
  wish: DIGEST,
  name: 'redis',
  version: '1.2.3',
  url: 'https://c.example/redis-1.2.3.tgz',
  archive: DIGEST,
});
const file = (id: string, sha256 = DIGEST): FilePin => ({
  kind: 'file',
  id,
  wish: DIGEST,
  url: 'https://f.example/a',
  sha256,
});

const IMAGE: Wish = { kind: 'image', ref: 'i.example/a:1', platforms: [] };
const TAGS: Wish = { kind: 'image', ref: 'i.example/a', platforms: [], tags: { newest: 2 } };
const GIT: Wish = { kind: 'git', url: 'https://g.example/ops/a.git', refs: [] };
const CHART: Wish = {
  kind: 'chart',
  from: 'repository',
  url: 'https://c.example',
  name: 'redis',
  version: '^1',
};
const FILE: Wish = { kind: 'file', url: 'https://f.example/a', sha256: DIGEST, as: 'a' };

describe('a pin', () => {
  it.each<[string, Pin, Wish]>([
    ['the image', image('i.example/a:1'), IMAGE],
    ['one of several tags', image('i.example/a:7'), TAGS],
    ['the repository', git('g.example/ops/a', 'https://g.example/ops/a.git'), GIT],
    ['the repository by the name it is given', git('x', 'https://g.example/ops/a.git'), { ...GIT, as: 'x' }],
    ['the chart in the version that was found', chart('c.example/redis:1.2.3'), CHART],
    ['the file', file('a'), FILE],
  ])('answers a wish for %s', (_, pin, wish) => {
    expect(answersWish(pin, wish)).toBe(true);
  });

  it.each<[string, Pin, Wish]>([
    ['another kind', chart('c.example/redis:1.2.3'), GIT],
    ['another image', image('i.example/b:1'), IMAGE],
    ['another tag than the wished one', image('i.example/a:2'), IMAGE],
    ['an image of another repository', image('i.example/b:7'), TAGS],
    ['an image without a tag', image('i.example/a'), TAGS],
    ['what is no image', image('a b'), TAGS],
    ['a repository of another address', git('g.example/ops/a', 'https://g.example/evil'), GIT],
    ['a repository of another name', git('g.example/ops/b', 'https://g.example/ops/a.git'), GIT],
    ['another chart', chart('c.example/evil:1.2.3'), CHART],
    ['a chart whose name says another version', chart('c.example/redis:1.2.4'), CHART],
    [
      'a chart from elsewhere',
      chart('c.example/redis:1.2.3'),
      { kind: 'chart', from: 'oci', ref: 'c.example/redis', version: '^1' },
    ],
    ['another file', file('b'), FILE],
    ['other content', file('a', digestOf('other')), FILE],
  ])('does not answer one where it is %s', (_, pin, wish) => {
    expect(answersWish(pin, wish)).toBe(false);
  });
});

describe('a pin of a listing', () => {
  const listing = 'https://f.example/v6/latest.json';
  const wish: Wish = { kind: 'file', listing, as: 'db', content: { kind: 'grype-db' } };
  const pin = (id: string, url: string): FilePin => ({ ...file(id), url }) as FilePin;

  it.each([
    ['db/latest.json', listing, true],
    ['db/vulnerability-db.tar.zst', 'https://f.example/v6/a_1:2.tar.zst', true],
    ['db/vulnerability-db.tar.gz', 'https://f.example/v6/a_1:2.tar.zst', false],
    ['db/vulnerability-db.tar.zst', 'https://f.example/v5/a.tar.zst', false],
    ['db/vulnerability-db.tar.zst', 'https://evil.example/v6/a.tar.zst', false],
    ['db/latest.json', 'https://f.example/v6/other.json', false],
    ['other/latest.json', listing, false],
  ])('is the listing or what lies beside it: %s from %s', (id, url, answers) => {
    expect(answersWish(pin(id, url), wish)).toBe(answers);
  });
});

describe('a pin of an APT repository', () => {
  const apt = {
    url: 'https://d.example/debian',
    suite: 'stable',
    components: ['main'],
    architectures: ['amd64'],
  };
  const wish: Wish = { kind: 'file', apt, as: 'debian', content: { kind: 'apt' } };
  const { sha256: _, ...bare } = file('debian/') as FilePin & { sha256: unknown };
  const url = 'https://d.example/debian/dists/stable';
  const pin = { ...bare, url, release: { digest: DIGEST, size: 1 }, files: DIGEST } as FilePin;

  it('answers it where suite and name are as wished', () => {
    expect(answersWish(pin, wish)).toBe(true);
  });

  it.each([
    ['of another suite', { url: 'https://d.example/debian/dists/sid' }],
    ['at another host', { url: url.replace('d.', 'evil.') }],
    ['under another name', { id: 'other/' }],
    ['without a Release file', { release: undefined }],
  ])('does not answer it %s', (_why, change) => {
    const changed = Object.entries({ ...pin, ...change }).filter(([, value]) => value !== undefined);
    expect(answersWish(Object.fromEntries(changed) as unknown as FilePin, wish)).toBe(false);
  });

  it('answers no wish for a bucket', () => {
    const prefix = { endpoint: 'https://d.example', bucket: 'debian', prefix: 'dists/stable/' };
    const other: Wish = { kind: 'file', prefix, as: 'debian', check: 'first-seen' };
    expect(answersWish({ ...pin, url: `${url}/` } as FilePin, other)).toBe(false);
  });
});

describe('a pin of an asset of a release', () => {
  const wish: Wish = {
    kind: 'file',
    release: { url: 'https://git.example/ops/edge', version: '^1', assets: ['edge-*'] },
    as: 'edge/{version}/{name}',
    checksums: { asset: 'SHA256SUMS' },
  };
  const url = 'https://git.example/ops/edge/releases/download/v1.2.0/edge-amd64';
  const pin = { ...file('edge/1.2.0/edge-amd64'), url, version: '1.2.0' } as FilePin;

  it('answers it where host, version and names are as wished', () => {
    expect(answersWish(pin, wish)).toBe(true);
  });

  it.each([
    ['without TLS', { url: url.replace('https:', 'http:') }],
    ['at another port', { url: url.replace('.example', '.example:8443') }],
    ['at another host', { url: url.replace('git.', 'evil.') }],
    ['of another version', { version: '2.0.0', id: 'edge/2.0.0/edge-amd64' }],
    ['under another name', { id: 'edge/1.2.0/edge-arm64' }],
    ['of another asset', { url: `${url}/other`, id: 'edge/1.2.0/other' }],
  ])('does not answer it %s', (_, change) => {
    expect(answersWish({ ...pin, ...change } as FilePin, wish)).toBe(false);
  });
});
