import { digest } from './openssl.ts';
import {
  accepted,
  DIRECTORY,
  FIRST_STATEMENT,
  IMAGE,
  keys,
  markOf,
  moved,
  POLICY,
  refused,
  resealed,
  SECOND_STATEMENT,
  signed,
  stranger,
} from './sealed-releases.ts';
import { type LooseBundle, sigstoreBundle } from './sigstore-bundle.ts';
import type { Vector } from './vector.ts';

/** Whole depots whose bytes are as they were written, and which this site must not take. */
export function depotTrustVectors(): Vector[] {
  return [
    ...wrongSignatures(),
    ...wrongSigners(),
    ...wrongReleases(),
    ...wrongPlaces(),
    ...wrongTimes(),
    ...history(),
  ];
}

function wrongSignatures(): Vector[] {
  const statement = (bundle: object | string): Record<string, string> => ({
    [`${DIRECTORY}/1/release.sigstore.json`]: typeof bundle === 'string' ? bundle : JSON.stringify(bundle),
  });
  const bundle = sigstoreBundle(keys.collector, Buffer.from(FIRST_STATEMENT));
  const envelope = (members: object): LooseBundle => ({
    ...bundle,
    dsseEnvelope: { ...bundle.dsseEnvelope, ...members },
  });
  const both = [
    ...bundle.dsseEnvelope.signatures,
    ...sigstoreBundle(keys.boris, Buffer.from(FIRST_STATEMENT)).dsseEnvelope.signatures,
  ];
  const other = Buffer.from(FIRST_STATEMENT.replace('"sequence":1', '"sequence":9')).toString('base64');
  return [
    refused(
      'unsigned',
      'an envelope without a signature',
      statement(envelope({ signatures: [] })),
      'SIGNATURE_MISSING',
    ),
    refused(
      'two-signatures',
      'two signatures in one envelope',
      statement(envelope({ signatures: both })),
      'SIGNATURE_INVALID',
    ),
    refused(
      'unknown-key',
      'a release that a stranger signed',
      statement(signed(FIRST_STATEMENT, stranger)),
      'KEY_UNKNOWN',
    ),
    refused(
      'statement-changed-byte',
      'one changed digit in the statement',
      statement(envelope({ payload: other })),
      'SIGNATURE_INVALID',
    ),
    refused(
      'statement-payload-type',
      'another payload type',
      statement(envelope({ payloadType: 'application/json' })),
      'SIGNATURE_INVALID',
    ),
    refused(
      'statement-truncated',
      'a cut statement',
      statement(JSON.stringify(bundle).slice(0, -1)),
      'SIGNATURE_INVALID',
    ),
  ];
}

function wrongSigners(): Vector[] {
  return [
    refused('statement-missing', 'no statement', {}, 'LAYOUT_INVALID', ['release.sigstore.json'], {
      remove: [`${DIRECTORY}/1/release.sigstore.json`],
    }),
    refused(
      'statement-oversized',
      'a statement of one byte over 1 MiB',
      {},
      'LIMIT_EXCEEDED',
      ['release.sigstore.json'],
      { generate: { file: `${DIRECTORY}/1/release.sigstore.json`, fill: ' ', size: 1_048_577 } },
    ),
    refused(
      'threshold-not-met',
      'one owner signed, two are wanted',
      { 'trust.yaml': POLICY.replace('count: 1', 'count: 2') },
      'THRESHOLD_NOT_MET',
      ['staging-team'],
    ),
    refused(
      'threshold-same-owner',
      'two keys of one owner count once',
      {
        'trust.yaml': POLICY.replace('boris], count: 1', 'boris, collector-2024], count: 2'),
        [`${DIRECTORY}/1/signatures/old.sigstore.json`]: signed(FIRST_STATEMENT, keys.old),
      },
      'THRESHOLD_NOT_MET',
      ['staging-team'],
    ),
    refused(
      'threshold-other-statement',
      'the second owner signed another statement',
      {
        'trust.yaml': POLICY.replace('count: 1', 'count: 2'),
        [`${DIRECTORY}/1/signatures/boris.sigstore.json`]: signed(SECOND_STATEMENT, keys.boris),
      },
      'THRESHOLD_NOT_MET',
    ),
    refused(
      'signer-without-role',
      'a known key that no rule of the channel names',
      { [`${DIRECTORY}/1/release.sigstore.json`]: signed(FIRST_STATEMENT, keys.old) },
      'THRESHOLD_NOT_MET',
    ),
    refused(
      'too-many-signatures',
      '65 further signatures',
      Object.fromEntries(
        Array.from({ length: 65 }, (_, i) => [`${DIRECTORY}/1/signatures/s${i}.sigstore.json`, 'x']),
      ),
      'LIMIT_EXCEEDED',
    ),
  ];
}

function wrongReleases(): Vector[] {
  const policy = (from: string, to: string): Record<string, string> => ({
    'trust.yaml': POLICY.replace(from, to),
  });
  return [
    refused(
      'key-denied',
      'a revoked key',
      policy('    allow:', '    deny: {keys: [collector-2026]}\n    allow:'),
      'KEY_DENIED',
      ['collector-2026', 'staging-team'],
    ),
    refused(
      'release-denied',
      'a recalled release',
      policy('    allow:', `    deny: {releases: ["${digest(FIRST_STATEMENT)}"]}\n    allow:`),
      'RELEASE_DENIED',
    ),
    refused(
      'channel-unknown',
      'a release for a channel that this site does not take',
      policy('  line-a:', '  line-b:'),
      'CHANNEL_UNKNOWN',
      ['line-a', 'line-b'],
    ),
    refused(
      'out-of-scope',
      'an image that the channel may not bring',
      policy('docker.io/library/**', 'docker.io/library/nginx:*'),
      'SCOPE_VIOLATION',
      [IMAGE],
    ),
    refused(
      'out-of-scope-kind',
      'a channel that may bring no repositories',
      policy('git: ["git.example.org/ops/**"], ', ''),
      'SCOPE_VIOLATION',
      ['git git.example.org/ops/config'],
    ),
  ];
}

function wrongPlaces(): Vector[] {
  const policy = (from: string, to: string): Record<string, string> => ({
    'trust.yaml': POLICY.replace(from, to),
  });
  return [
    refused(
      'moved',
      'the first release in the place of the third',
      moved(),
      'STATEMENT_INVALID',
      ['line-a/3', 'line-a/1'],
      { release: 'line-a/3' },
    ),
    refused(
      'policy-unsupported',
      'a policy that wants approvals, which this version cannot check',
      policy('count: 1}\n', 'count: 1}\n      - {role: approver, keys: [boris], count: 1}\n'),
      'POLICY_UNSUPPORTED',
      ['approver'],
    ),
    refused(
      'policy-too-old',
      'a release that wants a later policy',
      resealed({ minPolicyVersion: 2 }),
      'TRUST_MISMATCH',
      ['version 2'],
    ),
    refused('release-not-there', 'a number that nobody wrote', {}, 'RELEASE_NOT_FOUND', ['line-a/7'], {
      release: 'line-a/7',
    }),
  ];
}

function wrongTimes(): Vector[] {
  const notAfter = {
    'trust.yaml': POLICY.replace('owner: staging-team}', 'owner: staging-team, notAfter: 2026-11-30}'),
  };
  return [
    accepted('good-last-day', 'a bare date means its end', notAfter, { now: '2026-11-30T23:59:59Z' }),
    refused('key-expired', 'a key whose time is over', notAfter, 'KEY_EXPIRED', ['collector-2026'], {
      now: '2026-12-01T00:00:00Z',
    }),
    refused(
      'key-expired-clock-behind',
      'a clock that was set back: the latest accepted release counts',
      notAfter,
      'KEY_EXPIRED',
      [],
      { now: '2026-11-20T12:00:00Z', mark: { sequence: 0, issuedAt: '2026-12-02T00:00:00Z' } },
    ),
    refused(
      'release-expired',
      'a release whose time is over',
      resealed({ expiresAt: '2026-11-20T23:00:00Z' }),
      'RELEASE_EXPIRED',
      ['2026-11-20T23:00:00Z'],
    ),
    refused(
      'release-from-the-future',
      'issued more than 24 hours ahead of the clock',
      {},
      'FUTURE_RELEASE',
      [],
      { now: '2026-11-19T09:29:59Z' },
    ),
    accepted('good-skew', 'issued 24 hours ahead of the clock', {}, { now: '2026-11-19T09:30:00Z' }),
  ];
}

function history(): Vector[] {
  return [
    refused('rollback', 'the first release after the second', {}, 'ROLLBACK', ['number 1', 'number 2'], {
      mark: markOf(SECOND_STATEMENT, 2),
    }),
    refused('fork-same-number', 'another release of the same number', {}, 'FORK', [], {
      mark: markOf('another statement', 1),
    }),
    refused('fork-other-previous', 'the next number, after another release', {}, 'FORK', [], {
      release: 'line-a/2',
      mark: markOf('another statement', 1),
    }),
  ];
}
