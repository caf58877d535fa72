import { type Digest, GapferryError, hexOf } from '@gapferry/core';

/** Compares what came by another way (digits, words, or the digest itself; spaces, case and the prefix do not matter) with the fingerprint of what is here.
 *  All 256 bits must be there. Throws `TRUST_MISMATCH`. */
export async function requireFingerprint(expected: string, digest: Digest): Promise<void> {
  const { fingerprintOf } = await import('@gapferry/signing');
  const { words } = fingerprintOf(digest);
  const said = squeeze(expected.replace(/^\s*sha256:/i, ''));
  if (said !== '' && (said === hexOf(digest) || said === squeeze(words))) return;
  throw new GapferryError({
    code: 'TRUST_MISMATCH',
    message: `the fingerprint that came by another way is not that of this trust policy (${digest})`,
    hint: 'nothing was changed; compare both character by character, and do not go on with a policy that differs',
    origin: 'site',
  });
}

function squeeze(text: string): string {
  return text.toLowerCase().replace(/[\s-]+/g, '');
}
