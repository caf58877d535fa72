import { type Digest, digestOf, isGapferryError, shortDigest } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import type { Mark } from './mark.ts';
import { openRelease, type TrustedManifest } from './open-release.ts';
import { encodeOverride, type OverridePredicate } from './override.ts';
import {
  type Loose,
  policyOf,
  seal,
  simulatedRelease,
  statementOf,
  type TestKey,
  testKey,
  testVerifier,
} from './testing/index.ts';

const collector = testKey('collector');
const anna = testKey('anna');
const annaToo = testKey('anna-laptop');
const boris = testKey('boris');
const ended = testKey('ended');
const stranger = testKey('stranger');
const NOW = new Date('2026-03-10T00:00:00Z');
const AT_MARK = digestOf(Buffer.from('release 3'));
const ELSE = digestOf(Buffer.from('something else'));
const old = simulatedRelease({ images: { 'docker.io/library/nginx:1.27': 'nginx' } }).seal(collector);
const TO = statementOf(old);

function site(): Loose {
  const owner = (key: TestKey, name: string): Loose => ({ pem: key.publicPem, owner: name });
  return {
    format: 'gapferry.trust/1',
    version: 3,
    keys: {
      collector: owner(collector, 'staging'),
      anna: owner(anna, 'anna'),
      'anna-laptop': owner(annaToo, 'anna'),
      boris: owner(boris, 'boris'),
      ended: { ...owner(ended, 'carla'), notAfter: '2026-03-09' },
    },
    channels: {
      'line-a': {
        allow: { images: ['**'] },
        require: [{ role: 'collector', keys: ['collector'], count: 1 }],
        overrides: [{ role: 'approver', keys: ['anna', 'anna-laptop', 'boris', 'ended'], count: 2 }],
      },
    },
  };
}

function order(members: Partial<OverridePredicate> = {}): Uint8Array {
  return encodeOverride({
    format: 'gapferry.override/1',
    site: 'plant-7',
    channel: 'line-a',
    from: AT_MARK,
    to: TO,
    reason: 'release 3 loses messages',
    issuedAt: '2026-03-09T12:00:00Z',
    notAfter: '2026-03-12T12:00:00Z',
    ...members,
  });
}

interface Attempt {
  readonly trust?: (trust: Loose) => void;
  readonly keys?: readonly TestKey[];
  readonly signatures?: readonly Uint8Array[];
  readonly members?: Partial<OverridePredicate>;
  readonly mark?: Mark;
  readonly now?: Date;
  readonly isSpent?: (override: Digest) => boolean;
}

function goBack(attempt: Attempt = {}): TrustedManifest {
  const trust = site();
  attempt.trust?.(trust);
  const keys = attempt.keys ?? [anna, boris];
  const mark = attempt.mark ?? { sequence: 3, statement: AT_MARK, issuedAt: '2026-03-03T12:00:00Z' };
  return openRelease({
    address: { channel: 'line-a', sequence: 1 },
    files: old,
    policy: policyOf(trust),
    verifier: testVerifier(),
    now: attempt.now ?? NOW,
    mark: () => mark,
    override: {
      signatures: attempt.signatures ?? keys.map((key) => seal(key, order(attempt.members))),
      site: 'plant-7',
      isSpent: attempt.isSpent ?? (() => false),
    },
  });
}

function refusal(attempt: Attempt): { code: string; message: string } {
  try {
    goBack(attempt);
  } catch (error) {
    if (isGapferryError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'opened', message: '' };
}

describe('an override that the policy wants', () => {
  it('opens an older release, and stands in it with who signed', () => {
    const { verdict, override } = goBack();
    expect(verdict).toBe('older');
    expect(override).toMatchObject({
      from: AT_MARK,
      to: TO,
      reason: 'release 3 loses messages',
      signers: [
        { key: 'anna', owner: 'anna' },
        { key: 'boris', owner: 'boris' },
      ],
    });
    expect(override?.statement).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('holds to its last second', () => {
    expect(refusal({ now: new Date('2026-03-12T12:00:00Z') }).code).toBe('opened');
    expect(refusal({ now: new Date('2026-03-12T12:00:01Z') })).toMatchObject({
      code: 'OVERRIDE_REFUSED',
      message: expect.stringContaining('ended at 2026-03-12T12:00:00Z'),
    });
  });

  it('does not come back to life when the clock is set back: accepted releases say how late it is', () => {
    const mark = { sequence: 3, statement: AT_MARK, issuedAt: '2026-03-13T00:00:00Z' };
    expect(refusal({ mark }).code).toBe('OVERRIDE_REFUSED');
  });
});

describe('an override that leads elsewhere', () => {
  it.each<[string, Partial<OverridePredicate>, string]>([
    ['another site', { site: 'plant-8' }, 'is for site plant-8, not for plant-7'],
    ['another channel', { channel: 'line-b' }, 'is for channel line-b, not line-a'],
    ['another release', { to: ELSE }, `leads to ${shortDigest(ELSE)}`],
    ['from another mark', { from: ELSE }, `leads away from ${shortDigest(ELSE)}`],
  ])('%s: refused, and says so', (_what, members, says) => {
    const { code, message } = refusal({ members });
    expect(code).toBe('OVERRIDE_REFUSED');
    expect(message).toContain(says);
  });

  it('says everything that is wrong at once', () => {
    const { message } = refusal({ members: { site: 'plant-8', channel: 'line-b' } });
    expect(message).toMatch(/plant-8.*line-b/);
  });

  it('is refused where the mark was set by its number alone', () => {
    expect(refusal({ mark: { sequence: 3 } }).code).toBe('OVERRIDE_REFUSED');
  });

  it('is not wanted for a release that is not older', () => {
    expect(refusal({ mark: { sequence: 1, statement: TO } })).toMatchObject({
      code: 'OVERRIDE_REFUSED',
      message: expect.stringContaining('is not older'),
    });
  });

  it('does not lead past a recalled release', () => {
    const recalled = (trust: Loose): void => {
      trust.channels['line-a'].deny = { releases: [TO] };
    };
    expect(refusal({ trust: recalled }).code).toBe('RELEASE_DENIED');
  });
});

describe('whose override it is', () => {
  it('one owner with two keys is one', () => {
    expect(refusal({ keys: [anna, annaToo] })).toMatchObject({
      code: 'THRESHOLD_NOT_MET',
      message: expect.stringContaining('only anna signed this override'),
    });
  });

  it('a key that ended counts for nothing', () => {
    expect(refusal({ keys: [anna, ended] }).code).toBe('THRESHOLD_NOT_MET');
    expect(refusal({ keys: [anna, boris, ended] }).code).toBe('opened');
  });

  it('a key that is trusted for something else counts for nothing', () => {
    expect(refusal({ keys: [anna, collector] }).code).toBe('THRESHOLD_NOT_MET');
  });

  it('a revoked key refuses it, however many others signed', () => {
    const revoked = (trust: Loose): void => {
      trust.channels['line-a'].deny = { keys: ['anna-laptop'] };
    };
    expect(refusal({ keys: [anna, boris, annaToo], trust: revoked }).code).toBe('KEY_DENIED');
  });

  it('a stranger refuses it, and it is told which file is theirs', () => {
    expect(refusal({ keys: [anna, boris, stranger] })).toMatchObject({
      code: 'KEY_UNKNOWN',
      message: expect.stringContaining('override file 3: none of'),
    });
    expect(refusal({ keys: [stranger] }).message).toContain('the override: none of');
  });

  it('a policy that names nobody accepts none', () => {
    const nobody = (trust: Loose): void => {
      delete trust.channels['line-a'].overrides;
    };
    expect(refusal({ trust: nobody })).toMatchObject({
      code: 'OVERRIDE_REFUSED',
      message: expect.stringContaining('accepts no override'),
    });
  });

  it('signatures of two statements are none of one', () => {
    const other = seal(boris, order({ reason: 'another reason' }));
    expect(refusal({ signatures: [seal(anna, order()), other] })).toMatchObject({
      code: 'OVERRIDE_REFUSED',
      message: expect.stringContaining('not signatures of one statement'),
    });
  });

  it('nothing at all is no override', () => {
    expect(refusal({ signatures: [] }).code).toBe('OVERRIDE_REFUSED');
  });

  it('a statement about a release is no override', () => {
    const payload = JSON.parse(Buffer.from(old.statement).toString()).dsseEnvelope.payload as string;
    const bytes = Buffer.from(payload, 'base64');
    expect(refusal({ signatures: [seal(anna, bytes), seal(boris, bytes)] }).code).toBe('STATEMENT_INVALID');
  });
});

describe('an override that was used', () => {
  it('is refused: it counts once', () => {
    const asked: Digest[] = [];
    const isSpent = (digest: Digest): boolean => {
      asked.push(digest);
      return true;
    };
    expect(refusal({ isSpent })).toMatchObject({
      code: 'OVERRIDE_REFUSED',
      message: expect.stringContaining('was used already'),
    });
    expect(asked).toEqual([goBack().override?.statement]);
  });
});
