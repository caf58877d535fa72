import type { ReleaseFiles, Verifier } from '@gapferry/core';
import { isGapferryError, RELEASE_LIMITS } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import type { Mark } from './mark.ts';
import { isTrustedManifest, openRelease, type TrustedManifest } from './open-release.ts';
import {
  canonical,
  type Loose,
  policyOf,
  type SimulatedRelease,
  seal,
  simulatedRelease,
  statementBytes,
  statementOf,
  type TestKey,
  testKey,
  testVerifier,
} from './testing/index.ts';

const collector = testKey('collector');
const second = testKey('second');
const retired = testKey('retired');
const stranger = testKey('stranger');
const NOW = new Date('2026-03-10T00:00:00Z');
const OID = 'a'.repeat(40);

/** The site's trust.yaml, as an object to bend. */
function site(): Loose {
  const owner = (key: TestKey, name: string): Loose => ({ pem: key.publicPem, owner: name });
  return {
    format: 'gapferry.trust/1',
    version: 3,
    keys: {
      collector: owner(collector, 'staging'),
      second: owner(second, 'release-team'),
      retired: owner(retired, 'staging'),
    },
    channels: {
      'line-a': {
        allow: { images: ['docker.io/**'], charts: ['**'], git: ['**'], files: ['**'] },
        require: [{ role: 'collector', keys: ['collector', 'second'], count: 1 }],
        deny: { keys: ['retired'] },
      },
    },
  };
}

function honest(): SimulatedRelease {
  return simulatedRelease({
    images: { 'docker.io/library/nginx:1.27': 'nginx' },
    charts: { 'ghcr.io/org/charts/app:1.0.0': 'app' },
    git: { 'git.example/ops/line-a': { main: OID } },
    files: { 'k3s/k3s': 'binary' },
  });
}

interface Attempt {
  readonly seen?: string;
  readonly trust?: Loose;
  readonly now?: Date;
  readonly mark?: 'not judged' | Mark;
  readonly address?: { channel: string; sequence: number };
  readonly verifier?: Verifier;
}

function open(files: ReleaseFiles, attempt: Attempt = {}): TrustedManifest {
  const mark = attempt.mark ?? { sequence: 0 };
  return openRelease({
    address: attempt.address ?? { channel: 'line-a', sequence: 1 },
    files,
    policy: policyOf(attempt.trust ?? site()),
    verifier: attempt.verifier ?? testVerifier(),
    now: attempt.now ?? NOW,
    mark: mark === 'not judged' ? mark : () => mark,
    ...(attempt.seen !== undefined && { seen: attempt.seen }),
  });
}

/** The code of the refusal, or `opened`. */
function verdict(files: ReleaseFiles, attempt: Attempt = {}): string {
  try {
    open(files, attempt);
    return 'opened';
  } catch (error) {
    if (isGapferryError(error)) return error.code;
    throw error;
  }
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('an honest release', () => {
  it('opens, and says who signed it, under which policy, and what it consists of', () => {
    const release = honest();
    const files = release.seal(collector);
    const opened = open(files);
    expect(opened.statement).toBe(statementOf(files));
    expect(opened.signers).toEqual([{ key: 'collector', owner: 'staging' }]);
    expect(opened.policy.version).toBe(3);
    expect(opened.verdict).toBe('newer');
    expect(opened.warnings).toEqual([]);
    expect(opened.manifest.items.map(({ kind }) => kind)).toEqual(['chart', 'file', 'git', 'image']);
    expect(opened.blobs.map((blob) => blob.digest)).toEqual([...release.blobs.keys()].sort());
    expect(isTrustedManifest(opened)).toBe(true);
    expect(isTrustedManifest({ ...opened })).toBe(false);
  });

  it('cannot be changed after it passed', () => {
    const opened = open(honest().seal(collector)) as Loose;
    expect(() => opened.manifest.items.pop()).toThrow(TypeError);
    expect(() => {
      opened.manifest.items[0].id = 'other';
    }).toThrow(TypeError);
    expect(() => {
      opened.release.sequence = 99;
    }).toThrow(TypeError);
    expect(() => opened.packs.items[0].packs.pop()).toThrow(TypeError);
  });

  it('opens without a mark where there is no site', () => {
    expect(open(honest().seal(collector), { mark: 'not judged' }).verdict).toBe('not judged');
  });
});

describe('somebody changes the medium', () => {
  it('one bit anywhere in the manifest: refused, by name', () => {
    const files = honest().seal(collector);
    for (let at = 0; at < files.manifest.byteLength; at += 97)
      expect(() => open({ ...files, manifest: flipped(files.manifest, at) })).toThrow(
        expect.objectContaining({
          code: 'DIGEST_MISMATCH',
          data: expect.objectContaining({ item: 'manifest.json' }),
        }),
      );
  });

  it('one bit anywhere in packs.json: refused, by name', () => {
    const files = honest().seal(collector);
    const packs = files.packs ?? new Uint8Array();
    for (let at = 0; at < packs.byteLength; at += 31)
      expect(() => open({ ...files, packs: flipped(packs, at) })).toThrow(
        /packs\.json is not the one that was signed/,
      );
  });

  it('one bit in the signed payload: refused', () => {
    const files = honest().seal(collector);
    const bundle = JSON.parse(Buffer.from(files.statement).toString());
    const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64');
    for (let at = 0; at < payload.byteLength; at += 53) {
      bundle.dsseEnvelope.payload = Buffer.from(flipped(payload, at)).toString('base64');
      expect(verdict({ ...files, statement: Buffer.from(JSON.stringify(bundle)) })).toBe('KEY_UNKNOWN');
    }
  });

  it('swaps the manifest for another genuine one', () => {
    const other = simulatedRelease({ files: { a: 'a' } }).seal(collector);
    expect(verdict({ ...honest().seal(collector), manifest: other.manifest })).toBe('DIGEST_MISMATCH');
  });

  it('takes packs.json away', () => {
    const { packs: _, ...files } = honest().seal(collector);
    expect(verdict(files)).toBe('BLOB_MISSING');
  });

  it('adds a packs.json that nobody signed', () => {
    const files = simulatedRelease({ files: { a: 'a' } }).seal(collector);
    const packs = canonical({ format: 'gapferry.packs/1', items: [] });
    expect(verdict({ ...files, packs })).toBe('STATEMENT_INVALID');
  });

  it('moves the release to another address', () => {
    const files = honest().seal(collector);
    expect(verdict(files, { address: { channel: 'line-a', sequence: 2 } })).toBe('STATEMENT_INVALID');
    expect(verdict(files, { address: { channel: 'line-b', sequence: 1 } })).toBe('STATEMENT_INVALID');
  });

  it.each(['statement', 'manifest', 'packs'] as const)(
    'makes %s too large, and nothing of it is verified',
    (name) => {
      const verifier = testVerifier();
      const huge = new Uint8Array(RELEASE_LIMITS[name] + 1);
      expect(verdict({ ...honest().seal(collector), [name]: huge }, { verifier })).toBe('LIMIT_EXCEEDED');
      expect(verifier.asked).toEqual([]);
    },
  );
});

describe('somebody signs who may not', () => {
  it('a stranger', () => {
    expect(verdict(honest().seal(stranger))).toBe('KEY_UNKNOWN');
  });

  it('a stranger, and the statement is not even JSON: it is not parsed before the signature is right', () => {
    const files = honest().seal(collector);
    expect(verdict({ ...files, statement: seal(stranger, Buffer.from('{{{')) })).toBe('KEY_UNKNOWN');
    expect(verdict({ ...files, statement: seal(collector, Buffer.from('{{{')) })).toBe('JSON_INVALID');
  });

  it('a revoked key, whatever date the release carries', () => {
    const release = honest();
    release.predicate.issuedAt = '2020-01-01T00:00:00Z';
    expect(verdict(release.seal(retired))).toBe('KEY_DENIED');
  });

  it('a revoked key beside a good one', () => {
    expect(verdict(honest().seal(collector, retired))).toBe('KEY_DENIED');
  });

  it('a key that ended: on its last second it counts, then no more', () => {
    const trust = site();
    trust.keys.collector.notAfter = '2026-03-10';
    const files = honest().seal(collector);
    expect(verdict(files, { trust, now: new Date('2026-03-10T23:59:59Z') })).toBe('opened');
    expect(verdict(files, { trust, now: new Date('2026-03-11T00:00:00Z') })).toBe('KEY_EXPIRED');
  });

  it('a key that ended, with the clock set back: the latest accepted release tells the time', () => {
    const trust = site();
    trust.keys.collector.notAfter = '2026-03-10';
    const mark = { sequence: 0, issuedAt: '2026-03-12T00:00:00Z' };
    expect(verdict(honest().seal(collector), { trust, mark, now: NOW })).toBe('KEY_EXPIRED');
  });

  it('a key that ended, with the clock set back: what the site recorded last tells the time as well', () => {
    const trust = site();
    trust.keys.collector.notAfter = '2026-03-10';
    const files = honest().seal(collector);
    expect(verdict(files, { trust, seen: '2026-03-10T23:59:59Z', now: NOW })).toBe('opened');
    expect(verdict(files, { trust, seen: '2026-03-11T00:00:00Z', now: NOW })).toBe('KEY_EXPIRED');
  });

  it('a key that ended beside one that counts: it fills no rule', () => {
    const trust = site();
    trust.keys.second.notAfter = '2026-03-01';
    const files = honest().seal(collector, second);
    expect(open(files, { trust }).signers.map(({ key }) => key)).toEqual(['collector']);
    trust.channels['line-a'].require[0].count = 2;
    expect(verdict(files, { trust })).toBe('THRESHOLD_NOT_MET');
  });

  it('a good signature over another payload type', () => {
    const release = honest();
    const files = release.seal(collector);
    const statement = statementBytes(release.predicate, files.manifest, files.packs);
    const wrong = { ...files, statement: seal(collector, statement, 'application/json') };
    expect(verdict(wrong)).toBe('STATEMENT_INVALID');
  });

  it('one owner where the policy wants two', () => {
    const trust = site();
    trust.channels['line-a'].require[0].count = 2;
    expect(verdict(honest().seal(collector), { trust })).toBe('THRESHOLD_NOT_MET');
    expect(open(honest().seal(collector, second), { trust }).signers.map(({ key }) => key)).toEqual([
      'collector',
      'second',
    ]);
  });

  it('one owner with two keys where the policy wants two owners', () => {
    const trust = site();
    trust.keys.second.owner = 'staging';
    trust.channels['line-a'].require[0].count = 2;
    expect(verdict(honest().seal(collector, second), { trust })).toBe('THRESHOLD_NOT_MET');
  });

  it('the same key twice', () => {
    const trust = site();
    trust.channels['line-a'].require[0].count = 2;
    const files = honest().seal(collector);
    expect(verdict({ ...files, signatures: new Map([['again', files.statement]]) }, { trust })).toBe(
      'THRESHOLD_NOT_MET',
    );
  });

  it('a second signature that is over another release counts for nothing', () => {
    const trust = site();
    trust.channels['line-a'].require[0].count = 2;
    const other = simulatedRelease({ files: { a: 'a' } }).seal(second);
    const files = honest().seal(collector);
    expect(verdict({ ...files, signatures: new Map([['second', other.statement]]) }, { trust })).toBe(
      'THRESHOLD_NOT_MET',
    );
  });

  it('a key of the policy that this channel does not name', () => {
    const trust = site();
    trust.channels['line-a'].require[0].keys = ['collector'];
    expect(verdict(honest().seal(second), { trust })).toBe('THRESHOLD_NOT_MET');
  });
});

describe('an old but genuine release', () => {
  it('older than the mark: refused, even when it is whole and signed', () => {
    const mark = { sequence: 2, statement: statementOf(honest().seal(collector)) };
    expect(verdict(honest().seal(collector), { mark })).toBe('ROLLBACK');
  });

  it('the same release again: fine', () => {
    const files = honest().seal(collector);
    expect(open(files, { mark: { sequence: 1, statement: statementOf(files) } }).verdict).toBe('same');
  });

  it('the same number with another statement: a fork', () => {
    const other = simulatedRelease({ files: { a: 'a' } }).seal(collector);
    expect(verdict(honest().seal(collector), { mark: { sequence: 1, statement: statementOf(other) } })).toBe(
      'FORK',
    );
  });

  it('the next number after another predecessor: a fork', () => {
    const first = statementOf(honest().seal(collector));
    const next = simulatedRelease(
      { files: { a: 'b' } },
      2,
      statementOf(simulatedRelease({ files: { a: 'a' } }).seal(collector)),
    );
    expect(
      verdict(next.seal(collector), {
        address: { channel: 'line-a', sequence: 2 },
        mark: { sequence: 1, statement: first },
      }),
    ).toBe('FORK');
  });

  it('recalled by the policy', () => {
    const files = honest().seal(collector);
    const trust = site();
    trust.channels['line-a'].deny.releases = [statementOf(files)];
    expect(verdict(files, { trust })).toBe('RELEASE_DENIED');
  });

  it('expired: on its last second it opens, then no more', () => {
    const release = honest();
    release.predicate.expiresAt = '2026-03-10T00:00:00Z';
    expect(verdict(release.seal(collector))).toBe('opened');
    expect(verdict(release.seal(collector), { now: new Date('2026-03-10T00:00:01Z') })).toBe(
      'RELEASE_EXPIRED',
    );
  });

  it('warns of a clock behind the latest accepted release, and of a policy that is due', () => {
    const trust = site();
    trust.refreshBy = '2026-03-01';
    const mark = { sequence: 0, issuedAt: '2026-03-12T00:00:00Z' };
    const { warnings } = open(honest().seal(collector), { trust, mark });
    expect(warnings).toEqual([expect.stringContaining('clock'), expect.stringContaining('2026-03-01')]);
  });
});

describe('a genuine release for somebody else', () => {
  it('of a channel the policy does not know', () => {
    const release = honest();
    release.predicate.channel = 'line-b';
    expect(verdict(release.seal(collector), { address: { channel: 'line-b', sequence: 1 } })).toBe(
      'CHANNEL_UNKNOWN',
    );
  });

  it.each(['constructor', '__proto__', 'toString'])('of a channel named %s', (channel) => {
    const release = honest();
    release.predicate.channel = channel;
    expect(verdict(release.seal(collector), { address: { channel, sequence: 1 } })).toMatch(
      /CHANNEL_UNKNOWN|STATEMENT_INVALID/,
    );
  });

  it('that wants a newer policy', () => {
    const release = honest();
    release.predicate.minPolicyVersion = 4;
    expect(verdict(release.seal(collector))).toBe('TRUST_MISMATCH');
  });

  it('issued more than a day ahead of the clock', () => {
    const release = honest();
    release.predicate.issuedAt = '2026-03-11T00:00:00Z';
    expect(verdict(release.seal(collector))).toBe('opened');
    release.predicate.issuedAt = '2026-03-11T00:00:01Z';
    expect(verdict(release.seal(collector))).toBe('FUTURE_RELEASE');
  });

  it.each([
    ['images', 'image docker.io/library/nginx:1.27'],
    ['charts', 'chart ghcr.io/org/charts/app:1.0.0'],
    ['git', 'git git.example/ops/line-a'],
    ['files', 'file k3s/k3s'],
  ])('with %s outside its scope, which are named', (list, item) => {
    const trust = site();
    delete trust.channels['line-a'].allow[list];
    expect(() => open(honest().seal(collector), { trust })).toThrow(
      expect.objectContaining({
        code: 'SCOPE_VIOLATION',
        message: expect.stringContaining(item),
        data: { items: [item] },
      }),
    );
  });

  it('under a policy that demands what nobody can check yet', () => {
    const trust = site();
    trust.channels['line-a'].scan = { required: true };
    expect(verdict(honest().seal(collector), { trust })).toBe('POLICY_UNSUPPORTED');
  });
});

describe('a collector that makes mistakes', () => {
  it('a statement about another bundle or version than the manifest', () => {
    const release = honest();
    release.manifest.version = '9.9.9';
    expect(verdict(release.seal(collector))).toBe('STATEMENT_INVALID');
  });

  it('Git items and no packs', () => {
    const release = honest();
    release.packs = undefined;
    expect(verdict(release.seal(collector))).toBe('STATEMENT_INVALID');
  });

  it.each<[string, (release: SimulatedRelease) => void, string]>([
    [
      'a blob that no item names',
      (r) => r.manifest.blobs.push({ digest: `sha256:${'f'.repeat(64)}`, size: 1 }),
      'MANIFEST_INVALID',
    ],
    ['an item whose blob is not listed', (r) => r.manifest.blobs.pop(), 'MANIFEST_INVALID'],
    ['an unknown member', (r) => Object.assign(r.manifest, { extra: 1 }), 'MANIFEST_INVALID'],
    [
      'a manifest of the future',
      (r) => Object.assign(r.manifest, { format: 'gapferry.manifest/2' }),
      'FORMAT_UNKNOWN',
    ],
    [
      'a predicate with an unknown member',
      (r) => Object.assign(r.predicate, { extra: 1 }),
      'STATEMENT_INVALID',
    ],
    ['number 0', (r) => Object.assign(r.predicate, { sequence: 0 }), 'STATEMENT_INVALID'],
    [
      'a time that is none',
      (r) => Object.assign(r.predicate, { issuedAt: '2026-13-01T00:00:00Z' }),
      'STATEMENT_INVALID',
    ],
  ])('%s', (_, bend, code) => {
    const release = honest();
    bend(release);
    expect(verdict(release.seal(collector))).toBe(code);
  });
});
