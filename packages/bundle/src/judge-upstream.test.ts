import { digestOf, type SignatureMaterial } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { complete } from './complete.ts';
import { type DemandedItem, itemsUnderDemand, judgeUpstream } from './judge-upstream.ts';
import { openRelease, type TrustedManifest } from './open-release.ts';
import {
  type Loose,
  policyOf,
  type SimulatedRelease,
  simulatedRelease,
  simulatedTrust,
  testKey,
  testUpstreamVerifier,
  testVerifier,
} from './testing/index.ts';
import type { UpstreamJudgement } from './upstream-judgement.ts';

const collector = testKey('collector');
const org = testKey('org');
const ITEMS = {
  images: { 'ghcr.io/org/app:1': 'app', 'docker.io/library/redis:7': 'redis' },
  charts: { 'ghcr.io/org/charts/app:1.0.0': 'app' },
  files: { 'ghcr.io/org/file': 'file' },
};

function open(upstream: Loose, release: SimulatedRelease = simulatedRelease(ITEMS)): TrustedManifest {
  return openRelease({
    address: { channel: 'line-a', sequence: 1 },
    files: release.seal(collector),
    policy: policyOf({ ...simulatedTrust(collector), upstream }),
    verifier: testVerifier(),
    now: new Date('2026-03-20T00:00:00Z'),
    mark: 'not judged',
  });
}

const rule = (match: string): Loose => ({ match, cosign: { pem: org.publicPem } });
const everything = (opened: TrustedManifest): Parameters<typeof complete>[1] => ({
  good: new Set(opened.blobs.map(({ digest }) => digest)),
  bad: [],
});
const accepting = { verify: () => ({ by: 'cosign-key', key: digestOf('org') }) as const };

describe('the demands of a policy on upstream', () => {
  it('concern images and charts by id, with and without tag', () => {
    const demanded = (match: string): string[] =>
      itemsUnderDemand(open([rule(match)])).map(({ item }) => item.id);
    expect(demanded('**')).toEqual([
      'ghcr.io/org/charts/app:1.0.0',
      'docker.io/library/redis:7',
      'ghcr.io/org/app:1',
    ]);
    expect(demanded('ghcr.io/org/app')).toEqual(['ghcr.io/org/app:1']);
    expect(demanded('docker.io/library/redis:7')).toEqual(['docker.io/library/redis:7']);
    expect(demanded('ghcr.io/org')).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['a digest behind its tag', 'ghcr.io/org/app:1', `ghcr.io/org/app:1@${digestOf('app')}`],
    ['a host in capitals', 'ghcr.io/org/**', 'GHCR.io/org/app:1'],
    ['a host in capitals in the pattern', 'GHCR.io/org/*', 'ghcr.io/org/app:1'],
    ['a port with a dash', 'reg.example:5000/**', 'reg.example-5000/app:1'],
    ['a dash with a port', 'reg.example-5000/app', 'reg.example:5000/app:1'],
  ])('concern whatever has the same name inside: %s', (_, match, id) => {
    const release = simulatedRelease({ images: { [id]: 'app' } });
    const [item] = release.manifest.items;
    if (id.includes('@')) item.id = `${id.split('@')[0]}@${item.upstream}`;
    expect(itemsUnderDemand(open([rule(match)], release))).toHaveLength(1);
  });

  it('concern a chart however its version writes a plus, and no name beside that of a pattern', () => {
    const release = simulatedRelease({
      charts: { 'ghcr.io/org/c:1.0_a': 'app', 'ghcr.io/org/c-1:2': 'b', 'ghcr.io/org/c:1.0_A': 'c' },
    });
    const items = itemsUnderDemand(open([rule('ghcr.io/org/c:1.0+a'), rule('ghcr.io/org/c:1')], release));
    expect(items.map(({ item }) => item.id)).toEqual(['ghcr.io/org/c:1.0_a']);
  });

  it('concern a chart also where it says that it came from a classic repository', () => {
    const release = simulatedRelease(ITEMS);
    release.manifest.items[0].source = 'https://charts.example/app-1.0.0.tgz';
    const items = itemsUnderDemand(open([rule('ghcr.io/org/charts/*')], release));
    expect(items.map(({ item }) => item.id)).toEqual(['ghcr.io/org/charts/app:1.0.0']);
  });

  it('are held against the upstream index where the image is a part of it', () => {
    const release = simulatedRelease({ images: { 'ghcr.io/org/app:1': 'app' } });
    const [item] = release.manifest.items;
    const index = {
      mediaType: 'application/vnd.oci.image.index.v1+json',
      digest: digestOf('index'),
      size: 5,
    };
    release.blobs.set(index.digest, Buffer.from('index'));
    Object.assign(item, { upstream: index.digest, upstreamIndex: index });
    item.blobs = [...item.blobs, index.digest].sort();
    release.manifest.blobs = [...release.manifest.blobs, { digest: index.digest, size: 5 }].sort(
      (a: Loose, b: Loose) => (a.digest < b.digest ? -1 : 1),
    );
    const [demanded] = itemsUnderDemand(open([rule('**')], release));
    expect(demanded?.subject).toEqual(index);
  });

  it('are all held against what came with the item', () => {
    const opened = open([rule('ghcr.io/**'), rule('ghcr.io/org/app'), rule('quay.io/**')]);
    const asked: Loose[] = [];
    const material: SignatureMaterial[] = [{ form: 'sigstore-bundle', bytes: new Uint8Array() }];
    const demanded = itemsUnderDemand(opened).find(({ item }) => item.kind === 'image') as DemandedItem;
    const { findings } = judgeUpstream(opened, demanded, material, {
      verify: (...args) => {
        asked.push(args);
        return accepting.verify();
      },
    });
    const digest = demanded.item.root.digest;
    expect(findings.map(({ item, subject, match }) => [item, subject, match])).toEqual([
      ['image ghcr.io/org/app:1', digest, 'ghcr.io/**'],
      ['image ghcr.io/org/app:1', digest, 'ghcr.io/org/app'],
    ]);
    expect(asked.map(([subject, given]) => [subject, given === material])).toEqual([
      [digest, true],
      [digest, true],
    ]);
  });

  it('name item and rule when they are not met', () => {
    const opened = open([rule('ghcr.io/org/app')]);
    const [demanded] = itemsUnderDemand(opened) as [DemandedItem];
    const judge = (): unknown => judgeUpstream(opened, demanded, [], testUpstreamVerifier());
    expect(judge).toThrow(
      expect.objectContaining({
        code: 'SIGNATURE_MISSING',
        message: expect.stringMatching(/^image ghcr\.io\/org\/app:1 does not meet .* "ghcr\.io\/org\/app"/),
        data: expect.objectContaining({ item: 'image ghcr.io/org/app:1', match: 'ghcr.io/org/app' }),
      }),
    );
  });

  it('must have been judged before a release counts as verified', () => {
    const opened = open([rule('ghcr.io/**')]);
    const judgeAll = (release: TrustedManifest): UpstreamJudgement[] =>
      itemsUnderDemand(release).map((one) => judgeUpstream(release, one, [], accepting));
    const all = judgeAll(opened);
    expect(complete(opened, everything(opened), all).upstream).toHaveLength(2);
    const wrong = [
      [],
      all.slice(1),
      all.map((one) => ({ ...one })),
      judgeAll(open([rule('ghcr.io/**')])),
      itemsUnderDemand(opened).map((one) => judgeUpstream(opened, { ...one, rules: [] }, [], accepting)),
    ];
    for (const judgements of wrong)
      expect(() => complete(opened, everything(opened), judgements)).toThrow(/were not judged/);
    const free = open([rule('quay.io/**')]);
    expect(complete(free, everything(free)).upstream).toEqual([]);
  });
});
