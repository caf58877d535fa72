import { type ChartPin, digestOf, GapferryError, type GitRevision, wishDigest } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { parseBundleConfig } from './bundle-config.ts';
import { isDerivedFrom, toDerivedPin } from './derived-wish.ts';
import { discoveredChartWish, plainChartWish, type VersionedPlace } from './discovered-chart.ts';
import { discoveredGitWish, plainGitWish } from './discovered-git.ts';
import { discoveredArtifactWish } from './discovered-wish.ts';

const DEFAULTS = {
  platforms: ['linux/amd64'],
  upstream: [{ match: 'ghcr.io/org/**', cosign: { key: 'org.pub' } }],
};
const DIGEST = digestOf('artifact');
const REFUSED = expect.objectContaining({ code: 'REFERENCE_INVALID' });

describe('the wish for a chart that content points to', () => {
  const repository: VersionedPlace = { from: 'repository', url: 'http://charts.example/stable', name: 'a' };

  it('is that of a line in bundle.yaml', () => {
    const yaml = [
      'format: gapferry.bundle/1',
      'name: line-a',
      'upstream: [{match: "ghcr.io/org/**", cosign: {key: org.pub}}]',
      'charts:',
      '  - {oci: "oci://ghcr.io/org/charts/app", version: "^2"}',
      '  - {repo: "http://charts.example/stable", name: a, version: "*"}',
    ].join('\n');
    const { wishes } = parseBundleConfig(yaml, 'bundle.yaml', (url) => url);
    expect([
      discoveredChartWish({ from: 'oci', ref: 'ghcr.io/org/charts/app' }, '^2', DEFAULTS),
      discoveredChartWish(repository, undefined, DEFAULTS),
    ]).toEqual(wishes);
  });

  it.each([
    [{ from: 'oci', ref: 'ghcr.io/Org/Charts' }, '1.0.0'],
    [{ from: 'oci', ref: 'ghcr.io/org/charts:1' }, '1.0.0'],
    [{ ...repository, url: 'file:///srv/charts' }, '1.0.0'],
    [{ ...repository, url: 'https://u:p@charts.example' }, '1.0.0'],
    [{ ...repository, name: '../../a' }, '1.0.0'],
    [{ ...repository, name: '' }, '1.0.0'],
    [repository, ''],
    [repository, '1.0.0\u001b[2J'],
    [repository, '1'.repeat(257)],
  ] as Array<[VersionedPlace, string]>)('is refused: %j %j', (place, version) => {
    expect(() => discoveredChartWish(place, version, DEFAULTS)).toThrow(REFUSED);
  });

  it('tells no secret of a URL', () => {
    const place: VersionedPlace = { ...repository, url: 'https://u:p4ss@charts.example/a' };
    expect(messageOf(() => discoveredChartWish(place, '1', DEFAULTS))).not.toContain('p4ss');
  });

  it('has a plain form that follows from the pin', () => {
    const base = { kind: 'chart', wish: DIGEST, name: 'a', version: '1.2.0+b.1', archive: DIGEST } as const;
    const pin = { ...base, from: 'repository', id: 'charts.example:8443/stable/a:1.2.0+b.1' } as const;
    expect(plainChartWish(pin, DEFAULTS)).toEqual({
      kind: 'chart',
      from: 'repository',
      url: 'https://charts.example:8443/stable',
      name: 'a',
      version: '1.2.0+b.1',
    });
    expect(plainChartWish({ ...pin, from: 'oci', id: 'ghcr.io/org/a:1.2.0+b.1' }, DEFAULTS)).toEqual({
      kind: 'chart',
      from: 'oci',
      ref: 'ghcr.io/org/a',
      version: '1.2.0+b.1',
      verify: [{ key: 'org.pub' }],
    });
    expect(() => plainChartWish({ ...pin, from: 'local' }, DEFAULTS)).toThrow('is on this machine');
  });
});

describe('the wish for a repository that content points to', () => {
  const URL_TEXT = 'https://git.example/ops/a.git';
  const wish = (...revisions: ReadonlyArray<GitRevision | undefined>): readonly string[] =>
    discoveredGitWish(URL_TEXT, revisions, (url) => url).refs;

  it('has the refs of all references together', () => {
    expect(
      wish(
        { as: 'name', text: 'v1.0' },
        { as: 'branch', text: 'main' },
        { as: 'tag', text: 'v1.0' },
        { as: 'semver', text: '>=1' },
        { as: 'ref', text: 'refs/heads/main' },
        { as: 'name', text: 'HEAD' },
        { as: 'name', text: 'refs/tags/v2' },
      ),
    ).toEqual(['HEAD', 'refs/heads/main', 'refs/tags/*', 'refs/tags/v1.0', 'refs/tags/v2', 'v1.0']);
  });

  it.each([
    [undefined],
    [{ as: 'commit', text: 'abcdef1' }],
    [{ as: 'name', text: 'a'.repeat(40) }],
    [{ as: 'name', text: 'B'.repeat(64) }],
  ] as Array<[GitRevision | undefined]>)('has everything for %j', (revision) => {
    expect(wish({ as: 'branch', text: 'main' }, revision)).toEqual([]);
  });

  it.each([
    { as: 'branch', text: '-f' },
    { as: 'branch', text: '*' },
    { as: 'tag', text: 'a..b' },
    { as: 'ref', text: 'refs/pull/1/head' },
    { as: 'commit', text: 'main' },
    { as: 'name', text: '--upload-pack=x' },
    { as: 'name', text: '' },
  ] as GitRevision[])('is refused for %j', (revision) => {
    expect(() => wish(revision)).toThrow(REFUSED);
  });

  it('takes the URL as the Git adapter writes it, and what that refuses is refused', () => {
    expect(discoveredGitWish('x', [], () => URL_TEXT)).toEqual({ kind: 'git', url: URL_TEXT, refs: [] });
    const refuse = (): string => {
      throw new GapferryError({ code: 'USAGE', message: 'it names a transport helper', hint: 'write …' });
    };
    expect(messageOf(() => discoveredGitWish('ext::sh -c', [], refuse))).toContain('a transport helper');
    expect(() => discoveredGitWish('ext::sh -c', [], refuse)).toThrow(REFUSED);
  });

  it('is never for a directory of this machine', () => {
    expect(() => discoveredGitWish('file:///srv/a.git', [], (url) => url)).toThrow(
      'it names a directory of one machine',
    );
  });

  it('has a plain form that follows from the pin: the refs that are pinned', () => {
    const refs = ['refs/heads/main', 'refs/tags/v1'].map((name) => ({ name, oid: 'a'.repeat(40) }));
    expect(plainGitWish({ url: URL_TEXT, refs })).toEqual({
      kind: 'git',
      url: URL_TEXT,
      refs: ['refs/heads/main', 'refs/tags/v1'],
    });
    expect(() => plainGitWish({ url: 'file:///srv/a.git', refs })).toThrow(REFUSED);
  });

  it('has the commits that are submodules, and lies where the repository does that has it', () => {
    const commits = ['c'.repeat(40)];
    const pin = { url: 'file:///srv/a.git', refs: [], commits };
    expect(plainGitWish(pin, true)).toEqual({ kind: 'git', url: pin.url, refs: [], commits });
    expect(discoveredGitWish(pin.url, [undefined], (url) => url, true)).toMatchObject({ url: pin.url });
  });
});

describe('the wish for an artifact that content points to', () => {
  const ref = 'ghcr.io/org/manifests';

  it.each([
    [{ ref }, { ref: `${ref}:latest`, platforms: ['linux/amd64'] }],
    [{ ref, tag: '1.0' }, { ref: `${ref}:1.0` }],
    [
      { ref, tag: '1.0', digest: DIGEST },
      { ref: `${ref}@${DIGEST}`, platforms: [] },
    ],
    [
      { ref, tag: '1', semver: '>=1.0.0, <2' },
      { ref, tags: { semver: '>=1.0.0 <2', newest: 1 } },
    ],
  ])('of %j', (artifact, wish) => {
    expect(discoveredArtifactWish(artifact, DEFAULTS)).toMatchObject({
      ...wish,
      verify: [{ key: 'org.pub' }],
    });
  });

  it.each([
    { ref, digest: 'sha256:00' },
    { ref, tag: 'a b' },
    { ref, semver: 'newest' },
    { ref, semver: `>=${'1'.repeat(300)}` },
    { ref: 'ghcr.io/Org' },
  ])('is refused: %j', (artifact) => {
    expect(() => discoveredArtifactWish(artifact, DEFAULTS)).toThrow(REFUSED);
  });
});

describe('a pin that only content wants', () => {
  const namedBy = [
    { item: 'git g.example/a', method: 'custom-resource', file: 'a.yaml', path: 'x' },
  ] as const;
  const chart: ChartPin = {
    kind: 'chart',
    from: 'oci',
    id: 'ghcr.io/org/a:1.2.0',
    wish: wishDigest(discoveredChartWish({ from: 'oci', ref: 'ghcr.io/org/a' }, '^1', DEFAULTS)),
    name: 'a',
    version: '1.2.0',
    root: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: DIGEST, size: 1 },
  };

  it('answers the wish that bundle.yaml gives it, as long as that stays', () => {
    const pin = toDerivedPin(chart, namedBy, DEFAULTS);
    expect(pin).toMatchObject({ namedBy, id: chart.id });
    expect(isDerivedFrom(pin, DEFAULTS)).toBe(true);
    expect(isDerivedFrom({ ...chart, namedBy }, DEFAULTS)).toBe(false);
    expect(isDerivedFrom(pin, { ...DEFAULTS, upstream: [] })).toBe(false);
  });

  it('is none without what names it, and none that bundle.yaml alone can want', () => {
    const { namedBy: _, ...unnamed } = toDerivedPin(chart, namedBy, DEFAULTS);
    expect(isDerivedFrom(unnamed, DEFAULTS)).toBe(false);
    const { root: _root, ...rest } = { ...chart, namedBy };
    expect(isDerivedFrom({ ...rest, from: 'local', path: '..', archive: DIGEST } as ChartPin, DEFAULTS)).toBe(
      false,
    );
    expect(isDerivedFrom({ ...chart, namedBy, id: 'a b:1.2.0' } as ChartPin, DEFAULTS)).toBe(false);
  });
});

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return `${(error as GapferryError).message} (${(error as GapferryError).hint})`;
  }
  throw new Error('nothing was thrown');
}
