import { digestOf, type GapferryError, type ImageWish } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { parseBundleConfig } from './bundle-config.ts';
import type { Problem } from './problems.ts';

const HEAD = 'format: gapferry.bundle/1\nname: line-a\nplatforms: [linux/amd64]\n';
const DIGEST = digestOf('image');

function parse(body: string) {
  return parseBundleConfig(HEAD + body, 'bundle.yaml', (url) => url);
}

function wish(entry: string): ImageWish {
  const [found] = parse(`images:\n  - ${entry}\n`).wishes;
  if (found?.kind !== 'image') throw new Error('no image');
  return found;
}

function problemsOf(body: string): string[] {
  try {
    parse(body);
  } catch (error) {
    return ((error as GapferryError).data['problems'] as Problem[]).map(
      ({ path, message, line, column }) => `${line}:${column}: ${path}: ${message}`,
    );
  }
  return [];
}

describe('tags of an image', () => {
  it('are a list, in any order, each once', () => {
    expect(wish('{ref: ghcr.io/org/app, tags: ["2", "1.0", "2"]}')).toEqual({
      kind: 'image',
      ref: 'ghcr.io/org/app',
      platforms: ['linux/amd64'],
      tags: { list: ['1.0', '2'] },
    });
  });

  it('are a choice in which what is implied is not said', () => {
    expect(wish('{ref: nginx, tags: {semver: "~1.8", newest: 2, by: version}}')).toMatchObject({
      ref: 'docker.io/library/nginx',
      tags: { semver: '~1.8', newest: 2 },
    });
    expect(wish('{ref: nginx, tags: {match: "v[0-9]+", newest: 1, by: created}}').tags).toEqual({
      match: 'v[0-9]+',
      newest: 1,
      by: 'created',
    });
    expect(wish('{ref: nginx, tags: {newest: 1, by: version}}').tags).not.toHaveProperty('by');
  });

  it.each([
    [
      '{ref: "nginx:1", tags: {newest: 1}}',
      '5:11: images[0].ref: with "tags", "ref" names a repository: leave out tag and digest',
    ],
    ['{ref: nginx, tags: {}}', '5:24: images[0].tags: chooses nothing: say list, semver, match or newest'],
    ['{ref: nginx, tags: []}', '5:24: images[0].tags: must not be empty'],
    ['{ref: nginx, tags: [1.10]}', '5:25: images[0].tags[0]: must be text: put it in quotes'],
    ['{ref: nginx, tags: ["a b"]}', '5:25: images[0].tags[0]: is not a tag'],
    ['{ref: nginx, tags: ["1@sha256"]}', '5:25: images[0].tags[0]: is not a tag'],
    [
      '{ref: nginx, tags: {semver: newest}}',
      '5:33: images[0].tags.semver: "newest" is not a semver range, for example ~1.8 or >=2.1 <3',
    ],
    [
      '{ref: nginx, tags: {match: "1.(2"}}',
      '5:32: images[0].tags.match: "1.(2" is not a regular expression: Unterminated group (it is held against the whole tag, for example 1\\.[0-9]+-alpine)',
    ],
    [
      '{ref: nginx, tags: {match: "a)|(b"}}',
      '5:32: images[0].tags.match: "a)|(b" is not a regular expression: Unmatched \')\' (it is held against the whole tag, for example 1\\.[0-9]+-alpine)',
    ],
    [
      '{ref: nginx, tags: {list: ["1"], by: created}}',
      '5:42: images[0].tags.by: says what the newest is, but "newest" does not say how many',
    ],
    ['{ref: nginx, tags: {newest: 0}}', '5:33: images[0].tags.newest: must be at least 1'],
    [
      '{ref: nginx, tags: {newst: 1}}',
      '5:25: images[0].tags.newst: is not known here; did you mean "newest"?',
    ],
    ['{ref: nginx, tag: "1"}', '5:18: images[0].tag: is not known here; did you mean "tags"?'],
  ])('are refused where they say nothing good: %s', (entry, problem) => {
    expect(problemsOf(`images:\n  - ${entry}\n`)).toContain(problem);
  });
});

describe('an image that lies on this machine', () => {
  it('keeps its path as written and has the name it is given', () => {
    expect(wish('{from: ../drop/app.tar.gz, as: app}')).toEqual({
      kind: 'image',
      ref: 'docker.io/library/app:latest',
      platforms: ['linux/amd64'],
      from: { path: '../drop/app.tar.gz' },
    });
    expect(wish(`{from: /srv/layout, select: "${DIGEST}", as: "ghcr.io/org/app:1"}`)).toMatchObject({
      platforms: [],
      from: { path: '/srv/layout', select: DIGEST },
    });
  });

  it.each([
    ['{from: layout}', '5:5: images[0].as: is missing'],
    [
      '{from: "https://example.org/a.tar", as: app}',
      '5:12: images[0].from: is not a file here: download it and write its path',
    ],
    [
      '{from: layout, as: "App:1"}',
      expect.stringMatching(/^5:24: images\[0\]\.as: "App:1" is not an image reference/),
    ],
    ['{from: layout, as: "app:1", tags: ["1"]}', '5:33: images[0].tags: is not known here'],
    ['{from: layout, ref: "app:1", as: "app:1"}', '5:20: images[0].ref: is not known here'],
  ])('is refused without what it needs: %s', (entry, problem) => {
    expect(problemsOf(`images:\n  - ${entry}\n`)).toContainEqual(problem);
  });
});

describe('platforms and attestations', () => {
  it('of the bundle do not count for a digest, those of the entry do', () => {
    expect(wish(`nginx@${DIGEST}`).platforms).toEqual([]);
    expect(wish(`{ref: "nginx:1@${DIGEST}"}`).platforms).toEqual([]);
    expect(wish(`{ref: "nginx@${DIGEST}", platforms: [linux/arm64]}`).platforms).toEqual(['linux/arm64']);
    expect(wish('{ref: nginx, platforms: []}').platforms).toEqual([]);
  });

  it('are kept unless they are dropped', () => {
    expect(wish('{ref: nginx, attestations: keep}')).not.toHaveProperty('attestations');
    expect(wish('{ref: nginx, attestations: drop}')).toMatchObject({ attestations: 'drop' });
    expect(problemsOf('images: [{ref: nginx, attestations: no}]')).toEqual([
      '4:37: images[0].attestations: must be one of keep, drop',
    ]);
  });
});

describe('attachments of an image', () => {
  it('are all, none, or of the types named', () => {
    expect(wish('{ref: nginx, attachments: all}')).not.toHaveProperty('attachments');
    expect(wish('{ref: nginx, attachments: none}')).toMatchObject({ attachments: { types: [] } });
    expect(wish('{ref: nginx, attachments: [signature, application/spdx+json, sbom, sbom]}')).toMatchObject({
      attachments: { types: ['application/spdx+json', 'sbom', 'signature'] },
    });
  });

  it.each([
    [
      'attachments: [signatures]',
      '4:36: images[0].attachments[0]: "signatures" is neither an artifact type (a media type) nor signature, attestation, sbom; did you mean "signature"?',
    ],
    ['attachments: some', '4:36: images[0].attachments: must be one of all, none'],
    ['attachments: []', '4:36: images[0].attachments: must not be empty'],
    [
      'attachments: none, verify: {key: a.pub}',
      '4:36: images[0].attachments: none would leave the signatures behind that are to be verified',
    ],
  ])('are refused otherwise: %s', (member, problem) => {
    const found = problemsOf(`images: [{ref: nginx, ${member}}]`).map((text) =>
      text.replace(/:3[67]:/, ':36:'),
    );
    expect(found).toContain(problem);
  });
});

describe('two images', () => {
  it.each([
    ['nginx, {ref: nginx, tags: [latest]}', 'image docker.io/library/nginx:latest is wanted twice'],
    [
      '{ref: nginx, tags: {newest: 1}}, {ref: nginx, tags: {newest: 1, by: version}}',
      'image docker.io/library/nginx with the same tags is wanted twice',
    ],
    [
      '"R.example/app:1", "r.example/app:1"',
      'image r.example/app:1 would have the same name inside as image R.example/app:1',
    ],
    [
      '"r.example:5000/app:1", "r.example-5000/app:1"',
      'image r.example-5000/app:1 would have the same name inside as image r.example:5000/app:1',
    ],
    [
      `"a.example/app:1", "a.example/app:1@${DIGEST}"`,
      `image a.example/app:1@${DIGEST} would have the same name inside as image a.example/app:1`,
    ],
  ])('are told when they are one: %s', (entries, message) => {
    expect(problemsOf(`images: [${entries}]`)).toEqual([expect.stringContaining(`images[1]: ${message}`)]);
  });

  it('may choose from one repository, and have tags that differ by case', () => {
    const { wishes } = parse(
      'images: [{ref: nginx, tags: {newest: 1}}, {ref: nginx, tags: {semver: "1"}}, "nginx:V1", "nginx:v1"]',
    );
    expect(wishes).toHaveLength(4);
  });
});
