import {
  digestFromHex,
  GapferryError,
  type TrustedKey,
  type VerifiedPayload,
  type Verifier,
} from '@gapferry/core';
import { bundleFromJSON } from '@sigstore/bundle';
import { Verifier as SigstoreVerifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';
import { fingerprintOf } from './fingerprint.ts';
import { keyHint } from './key-hint.ts';
import { loadPublicKey } from './public-key.ts';
import { IN_TOTO_PAYLOAD_TYPE, type KeyBundle, parseKeyBundle } from './sigstore-bundle.ts';

/** A key of the policy, read. */
interface LoadedKey {
  readonly id: string;
  readonly key: ReturnType<typeof loadPublicKey>;
}

/** Verifies Sigstore bundles with public keys alone: offline, synchronous, without state. Also throws `KEY_UNUSABLE` when a trusted key itself cannot be read. */
export function keyVerifier(): Verifier {
  return { verify };
}

function verify(bytes: Uint8Array, keys: readonly TrustedKey[]): VerifiedPayload {
  const bundle = parseKeyBundle(bytes);
  const loaded = keys.map(({ id, pem }) => ({ id, key: loadPublicKey(pem, `key ${id}`) }));
  const hinted = loaded.filter((key) => isHinted(bundle, key));
  const others = loaded.filter((key) => !hinted.includes(key));
  const signer = [...hinted, ...others].find(({ key }) => isSignedBy(bundle, key));
  if (signer !== undefined) return { type: IN_TOTO_PAYLOAD_TYPE, bytes: bundle.payload, keyId: signer.id };
  throw hinted.length > 0 ? wrongSignature(hinted) : unknownKey(bundle, keys);
}

function isHinted(bundle: KeyBundle, { id, key }: LoadedKey): boolean {
  return bundle.hint !== undefined && (bundle.hint === id || bundle.hint === keyHint(key));
}

/** The library's thresholds ask for log entries and timestamps unless told that a key alone decides. */
const KEY_ALONE = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 } as const;
const NO_ROOTS = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };

function isSignedBy(bundle: KeyBundle, publicKey: LoadedKey['key']): boolean {
  const material = toTrustMaterial({ mediaType: '', ...NO_ROOTS }, () => ({
    publicKey,
    validFor: () => true,
  }));
  try {
    new SigstoreVerifier(material, KEY_ALONE).verify(toSignedEntity(bundleFromJSON(bundle.json)));
    return true;
  } catch {
    return false;
  }
}

function wrongSignature(hinted: readonly LoadedKey[]): GapferryError {
  const names = hinted.map(({ id }) => id).join(', ');
  return new GapferryError({
    code: 'SIGNATURE_INVALID',
    message: `the signature names key ${names}, but neither this nor another trusted key made it over this content`,
    hint: 'the content or the signature was changed or damaged; ask for it again',
    data: { keys: hinted.map(({ id }) => id) },
  });
}

function unknownKey(bundle: KeyBundle, keys: readonly TrustedKey[]): GapferryError {
  const named = bundle.hint === undefined ? '' : ` (it names ${nameOf(bundle.hint)})`;
  return new GapferryError({
    code: 'KEY_UNKNOWN',
    message: `none of the ${keys.length} trusted keys made this signature${named}`,
    hint: 'find out who signed; where it is somebody who may, the trust policy has to name that key: compare its fingerprint by another way first',
    data: { hint: bundle.hint, keys: keys.map(({ id }) => id) },
  });
}

/** As people compare it, where it is what Sigstore's own tools write: the sha256 of the key. */
function nameOf(hint: string): string {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(hint)) return `"${hint.slice(0, 100)}"`;
  const digest = digestFromHex(Buffer.from(hint, 'base64').toString('hex'));
  return `a key with the fingerprint ${fingerprintOf(digest).digits}`;
}
