import { describe, expect, it } from 'vitest';
import { parseBundleConfig } from './bundle-config.ts';

const parse = (line: string, more = '') =>
  parseBundleConfig(
    `format: gapferry.bundle/1\nname: line-a\nplatforms: [linux/amd64]\n${more}content: [${line}]`,
    'bundle.yaml',
    (url) => url,
  ).wishes;

describe('a line of content', () => {
  it('stands for an image, with what is demanded of that repository', () => {
    expect(parse('{kind: trivy-db}', 'upstream: [{match: "ghcr.io/**", cosign: {key: a.pub}}]\n')).toEqual([
      {
        kind: 'image',
        ref: 'ghcr.io/aquasecurity/trivy-db:2',
        platforms: [],
        verify: [{ key: 'a.pub' }],
        content: { kind: 'trivy-db', maxAge: 604_800 },
      },
    ]);
    expect(parse('{kind: trivy-java-db, from: mirror.example/java-db:1, maxAge: 36h}')).toMatchObject([
      { ref: 'mirror.example/java-db:1', content: { kind: 'trivy-java-db', maxAge: 129_600 } },
    ]);
  });

  it('stands for a listing and what it names', () => {
    expect(parse('{kind: grype-db, maxAge: 2w}')).toEqual([
      {
        kind: 'file',
        listing: 'https://grype.anchore.io/databases/v6/latest.json',
        as: 'grype-db',
        content: { kind: 'grype-db', maxAge: 1_209_600 },
      },
    ]);
  });

  it('stands for files, of which only those grow old that are made daily', () => {
    const content = { kind: 'clamav-db', unsigned: true };
    expect(parse('{kind: clamav-db, from: "https://av.example/db", as: av, unsigned: true}')).toEqual([
      { kind: 'file', url: 'https://av.example/db/main.cvd', as: 'av/main.cvd', content },
      {
        kind: 'file',
        url: 'https://av.example/db/daily.cvd',
        as: 'av/daily.cvd',
        content: { ...content, maxAge: 604_800 },
      },
      { kind: 'file', url: 'https://av.example/db/bytecode.cvd', as: 'av/bytecode.cvd', content },
    ]);
  });

  it('that refuses what is too old refuses all of its files, which may be dated ahead', () => {
    const wishes = parse('{kind: clamav-db, from: "https://av.example/db", old: refuse}');
    expect(wishes.map((wish) => 'content' in wish && wish.content)).toEqual([
      { kind: 'clamav-db', old: 'refuse' },
      { kind: 'clamav-db', old: 'refuse', maxAge: 604_800 },
      { kind: 'clamav-db', old: 'refuse' },
    ]);
  });

  it('stands for a repository of packages, and says whose it is and what of it', () => {
    const line = 'kind: apt, from: "https://deb.example/debian/", as: debian, suite: bookworm';
    const parts = 'components: [main, contrib, main], architectures: [amd64]';
    const apt = {
      url: 'https://deb.example/debian',
      suite: 'bookworm',
      components: ['contrib', 'main'],
      architectures: ['amd64'],
    };
    expect(parse(`{${line}, ${parts}, keyring: keys/debian.gpg}`)).toEqual([
      { kind: 'file', apt: { ...apt, keyring: 'keys/debian.gpg' }, as: 'debian', content: { kind: 'apt' } },
    ]);
    const chosen =
      'packages: [nginx, "curl (>= 7.88)"], dependencies: false, unsigned: true, maxAge: 7d, old: refuse';
    expect(parse(`{${line}, ${parts}, ${chosen}}`)).toEqual([
      {
        kind: 'file',
        apt: { ...apt, packages: ['curl (>= 7.88)', 'nginx'], dependencies: false },
        as: 'debian',
        content: { kind: 'apt', maxAge: 604_800, old: 'refuse', unsigned: true },
      },
    ]);
  });

  it.each([
    ['', 'content[0].keyring: name the keyring'],
    ['keyring: a.gpg, unsigned: true', 'leave out "unsigned"'],
    ['keyring: a.gpg, suite: ../x', 'content[0].suite'],
    ['keyring: a.gpg, suite: ./', 'content[0].suite'],
    ['keyring: a.gpg, components: []', 'content[0].components'],
    ['keyring: a.gpg, architectures: [AMD64]', 'content[0].architectures'],
    ['keyring: a.gpg, packages: ["a | b"]', 'is a package, with a version if need be'],
    ['keyring: a.gpg, as: ../x', 'content[0].as'],
    ['keyring: a.gpg, from: "https://deb.example/x?y"', 'content[0].from'],
    ['keyring: a.gpg, platforms: [x]', 'platforms'],
  ])('is refused as a repository with %s', (more, problem) => {
    const usual = {
      from: '"https://deb.example"',
      as: 'x',
      suite: 'a',
      components: '[a]',
      architectures: '[b]',
    };
    const given = Object.entries(usual).filter(([member]) => !more.includes(`${member}: `));
    const line = given.map(([member, value]) => `${member}: ${value}`).join(', ');
    expect(() => parse(`{kind: apt, ${line}${more === '' ? '' : `, ${more}`}}`)).toThrow(problem);
  });

  it.each([
    ['{kind: clamav-db}', 'content[0].from: nobody may mirror this'],
    ['{kind: clamav-db, from: "https://av.example/db?team=1"}', 'content[0].from: addresses below this one'],
    ['{kind: clamav-db, from: "ftp://av.example"}', 'content[0].from: "ftp://av.example" is not an http://'],
    ['{kind: grype-db, as: ../x}', 'content[0].as: the name "../x" is refused'],
    ['{kind: trivy-db, as: x}', 'leave out "as"'],
    ['{kind: trivy-db, unsigned: true}', 'leave out "unsigned"'],
    ['{kind: grype-db, maxAge: 0d}', 'for example 36h, 7d or 2w'],
    ['{kind: grype-db, maxAge: 7}', 'content[0].maxAge'],
    ['{kind: snort-rules}', 'content[0].kind'],
    ['{kind: grype-db}, {kind: grype-db}', 'wanted twice'],
  ])('is refused as %s', (line, problem) => {
    expect(() => parse(line)).toThrow(problem);
  });
});
