import type { GapferryError, GitPin } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { parseBundleConfig } from './bundle-config.ts';
import { derivedWish } from './derived-wish.ts';
import type { Problem } from './problems.ts';

const HEAD = 'format: gapferry.bundle/1\nname: line-a\n';
const URL_TEXT = 'https://git.example.org/ops/app';

const parse = (body: string) => parseBundleConfig(HEAD + body, 'bundle.yaml', (url) => url);
const verifyOf = (body: string): unknown[] =>
  parse(body).wishes.map((wish) => ('verify' in wish ? wish.verify : undefined));

function problemsOf(body: string): string[] {
  try {
    parse(body);
  } catch (error) {
    return ((error as GapferryError).data['problems'] as Problem[]).map(
      ({ path, message }) => `${path}: ${message}`,
    );
  }
  return [];
}

describe('demands on the signatures of tags and commits', () => {
  it('are one or a list, their refs in one order', () => {
    expect(verifyOf(`git: [{url: "${URL_TEXT}", verify: {allowedSigners: keys/signers}}]`)).toEqual([
      [{ allowedSigners: 'keys/signers' }],
    ]);
    const two = '[{keyring: up.gpg, refs: [v2, v1, v2]}, {allowedSigners: a, keyring: b}]';
    expect(verifyOf(`git: [{url: "${URL_TEXT}", verify: ${two}}]`)).toEqual([
      [
        { allowedSigners: 'a', keyring: 'b' },
        { keyring: 'up.gpg', refs: ['v1', 'v2'] },
      ],
    ]);
    expect(verifyOf(`git: [{url: "${URL_TEXT}"}]`)).toEqual([undefined]);
  });

  it('of patterns hold for every repository that they fit, by its name and by where it comes from', () => {
    const upstream = (match: string): string =>
      `upstream: [{match: "${match}", git: {allowedSigners: s, refs: [v*]}}]\ngit: [{url: "${URL_TEXT}", as: mirror/app}]`;
    const general = [{ allowedSigners: 's', refs: ['v*'], ifAny: true }];
    for (const match of [
      'git.example.org/ops/**',
      'GIT.example.org/ops/app.git',
      'git.example.org/OPS/App',
      '**',
      '**/app',
    ])
      expect(verifyOf(upstream(match)), match).toEqual([general]);
    for (const match of ['git.example.org/other/**', 'ghcr.io/**'])
      expect(verifyOf(upstream(match)), match).toEqual([undefined]);
  });

  it('hold besides a line’s own, each once', () => {
    const own = `git: [{url: "${URL_TEXT}", verify: {allowedSigners: s}}]`;
    expect(verifyOf(`upstream: [{match: "**", git: {allowedSigners: s}}]\n${own}`)).toEqual([
      [{ allowedSigners: 's' }],
    ]);
    expect(verifyOf(`upstream: [{match: "**", git: {keyring: k}}]\n${own}`)).toEqual([
      [{ allowedSigners: 's' }, { keyring: 'k' }],
    ]);
  });

  it('are none for images and charts, and those of images are none for repositories', () => {
    const body = `upstream: [{match: "**", git: {keyring: k}}, {match: "**", cosign: {key: c}}]\nimages: [nginx]\ngit: [{url: "${URL_TEXT}"}]`;
    expect(verifyOf(body)).toEqual([[{ key: 'c' }], [{ keyring: 'k' }]]);
  });

  it('hold for repositories that only content points to', () => {
    const { upstream } = parse(
      `upstream: [{match: "git.example.org/**", git: {keyring: k}}]\nimages: [nginx]`,
    );
    const pin = { kind: 'git', id: 'git.example.org/ops/app', url: URL_TEXT, refs: [] } as unknown as GitPin;
    expect(derivedWish(pin, { platforms: [], ...(upstream && { upstream }) })).toMatchObject({
      verify: [{ keyring: 'k' }],
    });
    expect(derivedWish(pin, { platforms: [] })).not.toHaveProperty('verify');
  });

  it.each([
    ['{}', 'names nobody'],
    ['{refs: [main]}', 'names nobody'],
    ['{keyring: k, refs: []}', 'verify.refs'],
    ['{keyring: k, refs: [main, heads/main]}', 'fits no branch or tag'],
    ['{keyring: "https://x.example/k"}', 'download it'],
    ['{keyring: k, ifAny: true}', 'ifAny'],
    ['{key: cosign.pub}', 'key'],
    ['[]', 'verify'],
  ])('are refused as %s', (verify, why) => {
    expect(problemsOf(`git: [{url: "${URL_TEXT}", verify: ${verify}}]`).join('; ')).toContain(why);
  });

  it.each([
    ['{match: "**", git: {}}', 'names nobody'],
    ['{match: "**", git: {keyring: k}, cosign: {key: c}}', 'is not known here'],
    ['{match: "ops/app", git: {keyring: k}}', 'fits no name'],
    ['{match: "https://git.example.org/**", git: {keyring: k}}', 'without a scheme'],
    ['{match: "git@git.example.org:ops/**", git: {keyring: k}}', 'without a user'],
    ['{match: "**", git: {keyring: k, refs: [refs/remotes/*]}}', 'fits no branch or tag'],
    ['{match: "git.example.org/ops/app@main", git: {keyring: k}}', 'repositories'],
    ['{match: "**"}', 'upstream[0]'],
  ])('of patterns are refused as %s', (entry, why) => {
    expect(problemsOf(`upstream: [${entry}]\nimages: [nginx]`).join('; ')).toContain(why);
  });

  it('may be for repositories of this machine', () => {
    const url = 'file:///srv/app';
    expect(verifyOf(`upstream: [{match: "file/**", git: {keyring: k}}]\ngit: [{url: "${url}"}]`)).toEqual([
      [{ keyring: 'k' }],
    ]);
  });
});
