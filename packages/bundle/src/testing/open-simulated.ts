import { complete, type VerifiedRelease } from '../complete.ts';
import { openRelease, type TrustedManifest } from '../open-release.ts';
import { parseTrustPolicy, type TrustPolicy } from '../trust-policy.ts';
import { type TestKey, testKey, testVerifier } from './dsse.ts';
import type { Loose, SimulatedRelease } from './simulated-release.ts';

/** A trust.yaml as an object to bend: channel `line-a`, everything allowed, one of the keys must sign; each key has an owner of its name. */
export function simulatedTrust(...keys: readonly TestKey[]): Loose {
  return {
    format: 'gapferry.trust/1',
    version: 3,
    keys: Object.fromEntries(keys.map((key) => [key.id, { pem: key.publicPem, owner: key.id }])),
    channels: {
      'line-a': {
        allow: { images: ['**'], charts: ['**'], git: ['**'], files: ['**'] },
        require: [{ role: 'collector', keys: keys.map(({ id }) => id), count: 1 }],
      },
    },
  };
}

export function policyOf(
  trust: Loose,
  files: ReadonlyMap<string, string | Uint8Array> = new Map(),
): TrustPolicy {
  return parseTrustPolicy(JSON.stringify(trust), 'trust.yaml').complete(files);
}

const key = testKey('collector');

/** Through the first gate, without a mark. */
export function openSimulated(release: SimulatedRelease): TrustedManifest {
  const { channel, sequence } = release.predicate;
  return openRelease({
    address: { channel, sequence },
    files: release.seal(key),
    policy: policyOf(simulatedTrust(key)),
    verifier: testVerifier(),
    now: new Date('2026-03-20T00:00:00Z'),
    mark: 'not judged',
  });
}

/** Through both gates. */
export function verifySimulated(release: SimulatedRelease): VerifiedRelease {
  const opened = openSimulated(release);
  return complete(opened, { good: new Set(opened.blobs.map((blob) => blob.digest)), bad: [] });
}
