import type { GapferryError } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { parseBundleConfig } from './bundle-config.ts';
import type { Problem } from './problems.ts';

const HEAD = 'format: gapferry.bundle/1\nname: line-a\n';
const IDENTITY =
  '{identity: "https://github.com/org/app/.github/workflows/release.yml@refs/tags/v1", issuer: https://token.actions.githubusercontent.com, trustedRoot: ../keys/root.json}';

function verifyOf(body: string): unknown[] {
  const { wishes } = parseBundleConfig(HEAD + body, 'bundle.yaml', (url) => url);
  return wishes.map((wish) => ('verify' in wish ? wish.verify : undefined));
}

function problemsOf(body: string): string[] {
  try {
    parseBundleConfig(HEAD + body, 'bundle.yaml', (url) => url);
  } catch (error) {
    return ((error as GapferryError).data['problems'] as Problem[]).map(
      ({ path, message }) => `${path}: ${message}`,
    );
  }
  return [];
}

describe('demands on upstream’s signatures', () => {
  it('are one or a list, as written', () => {
    expect(verifyOf('images: [{ref: nginx, verify: {key: ../../keys/up.pub}}]')).toEqual([
      [{ key: '../../keys/up.pub' }],
    ]);
    expect(verifyOf(`images: [{ref: nginx, verify: [{key: b.pub}, ${IDENTITY}, {key: b.pub}]}]`)).toEqual([
      [expect.objectContaining({ trustedRoot: '../keys/root.json' }), { key: 'b.pub' }],
    ]);
    expect(verifyOf('charts: [{oci: a.example/c, version: "1", verify: {key: k}}]')).toEqual([
      [{ key: 'k' }],
    ]);
  });

  it('of patterns hold for every image and OCI chart whose repository matches, besides its own', () => {
    expect(
      verifyOf(`upstream:
  - {match: "ghcr.io/org/**", cosign: {key: org.pub}}
  - {match: "**/app", cosign: {key: app.pub}}
images:
  - ghcr.io/org/app:1
  - {ref: ghcr.io/org/x/y, tags: {newest: 1}, verify: {key: own.pub}}
  - {from: layout, as: "quay.io/z/app:1"}
  - docker.io/library/nginx
charts:
  - {oci: ghcr.io/org/chart, version: "1"}
  - {repo: https://ghcr.io/org, name: app, version: "1"}
`),
    ).toEqual([
      [{ key: 'app.pub' }, { key: 'org.pub' }],
      [{ key: 'org.pub' }, { key: 'own.pub' }],
      [{ key: 'app.pub' }],
      undefined,
      [{ key: 'org.pub' }],
      undefined,
    ]);
  });

  it.each([
    ['images: [{ref: nginx, verify: {identity: a, issuer: b}}]', 'images[0].verify.trustedRoot: is missing'],
    [
      'images: [{ref: nginx, verify: {keys: a}}]',
      'images[0].verify.keys: is not known here; did you mean "key"?',
    ],
    [
      'images: [{ref: nginx, verify: {key: "awskms://alias/x"}}]',
      'images[0].verify.key: is not a file here: download it and write its path',
    ],
    ['images: [{ref: nginx, verify: []}]', 'images[0].verify: must not be empty'],
    [
      'upstream: [{match: "a.example/app:1", cosign: {key: k}}]',
      'upstream[0].match: is held against repositories (host/path): leave out tag and digest',
    ],
    [
      'upstream: [{match: "library/nginx", cosign: {key: k}}]',
      'upstream[0].match: fits no name: write it with its host, for example docker.io/library/nginx',
    ],
    ['upstream: [{match: "a.example/**", key: k}]', 'upstream[0].cosign: is missing'],
    [
      'charts: [{repo: https://a.example, name: a, version: "1", verify: {key: k}}]',
      'charts[0].verify: is not known here',
    ],
    [
      'images: [{ref: nginx, attachments: none}]\nupstream: [{match: "docker.io/**", cosign: {key: k}}]',
      'images[0].attachments: none would leave the signatures behind that are to be verified',
    ],
  ])('are refused where they say nothing good: %s', (body, problem) => {
    expect(problemsOf(body)).toContain(problem);
  });

  it('hold for a host however it is spelt', () => {
    expect(
      verifyOf('upstream: [{match: "R.example:5000/**", cosign: {key: k}}]\nimages: ["r.Example:5000/a:1"]'),
    ).toEqual([[{ key: 'k' }]]);
  });

  it('may name a registry with a port', () => {
    expect(
      verifyOf('upstream: [{match: "r.example:5000/**", cosign: {key: k}}]\nimages: ["r.example:5000/a:1"]'),
    ).toEqual([[{ key: 'k' }]]);
  });
});
