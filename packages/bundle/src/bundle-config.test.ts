import { digestOf, GapferryError } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { bundleJsonSchema, parseBundleConfig } from './bundle-config.ts';
import type { Problem } from './problems.ts';

const HEAD = 'format: gapferry.bundle/1\nname: line-a\n';
const SHA = digestOf('tool').slice('sha256:'.length);

function parse(text: string) {
  return parseBundleConfig(text, 'bundle.yaml', normalize);
}

/** Stands for the git package's rule. */
function normalize(url: string): string {
  if (url.startsWith('https://')) return url;
  throw new GapferryError({ code: 'USAGE', message: `"${url}" is no URL`, hint: 'write https://…' });
}

function problemsOf(body: string): string[] {
  try {
    parse(HEAD + body);
  } catch (error) {
    if (!(error instanceof GapferryError)) throw error;
    const problems = error.data['problems'] as Problem[];
    return problems.map(({ path, message, line, column }) => `${line}:${column}: ${path}: ${message}`);
  }
  return [];
}

describe('bundle.yaml', () => {
  it('becomes wishes with nothing implied', () => {
    const config = parse(`${HEAD}channel: line-a-stable
version: "1.4"
platforms: [linux/arm64, linux/amd64, linux/amd64]
insecure: ["registry.lab:5000"]
images:
  - nginx:1.27
  - {ref: ghcr.io/org/app:2, platforms: [linux/arm/v7]}
  - ghcr.io/org/app@${digestOf('x')}
charts:
  - {oci: "oci://registry.example:5000/charts/mqtt", version: 1.2.3}
  - {repo: https://charts.example.org/stable/, name: historian, version: ^4}
git:
  - {url: https://git.example.org/ops/a.git, refs: [v1.*, main, main], as: ops/a}
files:
  - {url: https://example.org/tool, sha256: sha256:${SHA.toUpperCase()}, as: bin/tool}
`);
    expect(config).toMatchObject({
      name: 'line-a',
      channel: 'line-a-stable',
      version: '1.4',
      platforms: ['linux/amd64', 'linux/arm64'],
      insecure: ['registry.lab:5000'],
    });
    expect(config.wishes).toEqual([
      { kind: 'image', ref: 'docker.io/library/nginx:1.27', platforms: ['linux/amd64', 'linux/arm64'] },
      { kind: 'image', ref: 'ghcr.io/org/app:2', platforms: ['linux/arm/v7'] },
      { kind: 'image', ref: `ghcr.io/org/app@${digestOf('x')}`, platforms: [] },
      { kind: 'chart', from: 'oci', ref: 'registry.example:5000/charts/mqtt', version: '1.2.3' },
      {
        kind: 'chart',
        from: 'repository',
        url: 'https://charts.example.org/stable',
        name: 'historian',
        version: '^4',
      },
      { kind: 'git', url: 'https://git.example.org/ops/a.git', refs: ['main', 'v1.*'], as: 'ops/a' },
      { kind: 'file', url: 'https://example.org/tool', sha256: digestOf('tool'), as: 'bin/tool' },
    ]);
  });

  it('chooses tags of a repository by version, pattern and number, besides refs by name', () => {
    const wishes = (refs: string) =>
      parse(`${HEAD}git: [{url: "https://git.example.org/a.git", refs: ${refs}}]`).wishes;
    expect(wishes('[main, {tags: {semver: ">=1.2", match: "v.*", newest: 3}}, HEAD]')).toEqual([
      {
        kind: 'git',
        url: 'https://git.example.org/a.git',
        refs: ['HEAD', 'main'],
        tags: { semver: '>=1.2', match: 'v.*', newest: 3 },
      },
    ]);
    expect(wishes('[{tags: {newest: 1}}]')).toMatchObject([{ refs: [], tags: { newest: 1 } }]);
  });

  it.each<[string, string]>([
    ['{tags: {}}', 'chooses nothing'],
    ['{tags: {newest: 0}}', ''],
    ['{tags: {semver: latest}}', 'not a semver range'],
    ['{tags: {match: "("}}', 'not a regular expression'],
    ['{tags: {list: [v1]}}', ''],
    ['{tags: {newest: 1}}, {tags: {newest: 2}}', 'chooses tags twice'],
  ])('refuses refs that are [%s]', (refs, words) => {
    const found = problemsOf(`git: [{url: "https://git.example.org/a.git", refs: [${refs}]}]`);
    expect(found).not.toEqual([]);
    expect(found.join('; ')).toContain(words);
  });

  it('wants repositories looked into only where it says so', () => {
    const wishes = (images: string) =>
      parse(`${HEAD}git: [{url: "https://git.example.org/a.git"${images}}]`).wishes;
    expect(wishes(', images: discover')).toMatchObject([{ kind: 'git', images: 'discover' }]);
    expect(wishes(', images: none')).toStrictEqual(wishes(''));
    expect(wishes('')[0]).not.toHaveProperty('images');
  });

  it('wants submodules of repositories unless it says otherwise', () => {
    const wishes = (more: string) =>
      parse(`${HEAD}git: [{url: "https://git.example.org/a.git"${more}}]`).wishes;
    expect(wishes(', submodules: none')).toMatchObject([{ kind: 'git', submodules: 'none' }]);
    expect(wishes(', submodules: follow')).toStrictEqual(wishes(''));
    expect(wishes('')[0]).not.toHaveProperty('submodules');
    expect(() => wishes(', submodules: recursive')).toThrow('submodules');
    expect(() => wishes(`, commits: [${'a'.repeat(40)}]`)).toThrow('commits');
  });

  it('has the bundle’s name as channel unless it says otherwise', () => {
    expect(parse(`${HEAD}images: [nginx]`)).toMatchObject({ channel: 'line-a' });
    expect(parse(`${HEAD}images: [nginx]`)).not.toHaveProperty('version');
  });
});

describe('mistakes in bundle.yaml', () => {
  it('are told all at once, each where it stands', () => {
    expect(
      problemsOf(`images:
  - Nginx:1
charts:
  - {repo: ftp://charts.example.org, name: a, version: "1"}
git:
  - {url: ext::sh}
  - {url: https://git.example.org/a.git, as: ../a}
files:
  - {url: https://example.org/a, sha256: abc, as: a}
`),
    ).toEqual([
      expect.stringMatching(
        /^4:5: images\[0\]: "Nginx:1" is not an image reference: .* \(write host\/path:tag/,
      ),
      '6:12: charts[0].repo: "ftp://charts.example.org" is not an http:// or https:// URL',
      '8:11: git[0].url: "ext::sh" is no URL (write https://…)',
      '9:46: git[1].as: the name "../a" is refused: it has the part "." or ".."',
      '11:42: files[0].sha256: "abc" is not a sha256 (64 hex digits)',
    ]);
  });

  it.each([
    ['imagse: [nginx]', '3:1: imagse: is not known here; did you mean "images"?'],
    ['charts:\n  - {oci: a.example/b, verison: 1.0.0}', '4:5: charts[0].version: is missing'],
    [
      'charts:\n  - {oci: a.example/b, version: 4}',
      '4:33: charts[0].version: must be text: put it in quotes',
    ],
    ['platforms: [amd64]', '3:13: platforms[0]: must be os/architecture, for example linux/amd64'],
    ['version: 1.10', '3:10: version: must be text: put it in quotes'],
    ['insecure: ["http://a"]', '3:12: insecure[0]: must be host or host:port'],
    ['images: []', '2:7: name: the bundle wants nothing: add images, charts, git, files or content'],
    [
      'images: [nginx, "docker.io/library/nginx:latest"]',
      '3:17: images[1]: image docker.io/library/nginx:latest is wanted twice',
    ],
    [
      'charts: [{oci: "oci://a.example/b:1.0", version: "1.0"}]',
      '3:16: charts[0].oci: "oci" names a repository; the version stands in "version" alone',
    ],
  ])('are explained: %s', (body, problem) => {
    expect(problemsOf(body)).toContain(problem);
  });

  it.each([
    'files: [{url: "https://user:secret@example.org/a", sha256: x, as: a}]',
    'charts: [{repo: "https://token@example.org/a", name: a, version: "1"}]',
    'files: [{url: "https://example.org/a?token=secret", sha256: x, as: a}]',
  ])('never repeat a secret: %s', (body) => {
    const [problem] = problemsOf(body);
    expect(problem).toContain('must not carry credentials');
    expect(problemsOf(body).join()).not.toMatch(/secret|token@/);
  });

  it.each([
    'https://user:se/cret@example.org/a',
    'ftp://user:secret@example.org/a',
    'user:secret@example.org',
  ])('never repeat what may be a secret: %s', (url) => {
    const problems = problemsOf(`files: [{url: "${url}", check: first-seen, as: a}]`);
    expect(problems.join()).toContain('what stands there is not an http:// or https:// URL');
    expect(problems.join()).not.toMatch(/se.?cret/);
  });

  it('of a bundle’s name are refused, because it becomes a directory', () => {
    for (const name of ['../x', 'Line-A', 'con', 'a/b', '-a', 'a'.repeat(64)])
      expect(() => parse(`format: gapferry.bundle/1\nname: ${name}\nimages: [nginx]`)).toThrow(/2:7: name: /);
  });
});

describe('the JSON Schema for editors', () => {
  it('knows the members and refuses others', () => {
    expect(bundleJsonSchema()).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['format', 'name'],
      properties: {
        format: { const: 'gapferry.bundle/1' },
        images: { type: 'array' },
        git: { type: 'array' },
      },
    });
  });
});
