import { createHash, type KeyObject } from 'node:crypto';

/** The hint that Sigstore's own tools write for a key: base64 of the sha256 of its SubjectPublicKeyInfo in DER. */
export function keyHint(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}
