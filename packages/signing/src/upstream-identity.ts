import { GapferryError, printable, type UpstreamIdentityDemand } from '@gapferry/core';
import {
  type Signer,
  Verifier as SigstoreVerifier,
  toSignedEntity,
  VerificationError,
} from '@sigstore/verify';
import { badClaim } from './claim-error.ts';
import { type Roots, readTrustedRoot } from './trusted-root.ts';
import type { Certified, Judge } from './upstream-claim.ts';

/** Holds claims against an identity: the certificate's chain, the promise of a certificate log, the log entry and the proof of time must be right under the demand's trusted root, and subject
 *  alternative name and issuer be the ones demanded, letter for letter. Throws `KEY_UNUSABLE` when the trusted root cannot be read. */
export function identityJudge({ identity, issuer, trustedRoot }: UpstreamIdentityDemand): Judge {
  const roots = readTrustedRoot(trustedRoot);
  return {
    check: { by: 'cosign-identity', identity, issuer },
    require: ({ certified }) => {
      if (certified === undefined) throw stranger('it is made with a key, not with a certificate');
      const found = signerOf(certified, roots).identity;
      // Compared here: the library takes the wanted name as a regular expression.
      if (found?.subjectAlternativeName !== identity)
        throw stranger(`it is signed by ${shown(found?.subjectAlternativeName)}`);
      if (found.extensions?.issuer !== issuer)
        throw stranger(`its identity was vouched for by ${shown(found.extensions?.issuer)}`);
    },
  };
}

/** Everything a library throws over untrusted ASN.1 and JSON means that the proof is wrong. */
function signerOf({ bundle, artifact }: Certified, { material, thresholds }: Roots): Signer {
  try {
    return new SigstoreVerifier(material, thresholds).verify(toSignedEntity(bundle, artifact));
  } catch (cause) {
    if (!(cause instanceof VerificationError)) throw badClaim('its proof is malformed', cause);
    const message = `its proof does not hold under the trusted root: ${printable(cause.message).slice(0, 200)}`;
    if (cause.code === 'CERTIFICATE_ERROR') throw stranger(message, cause);
    throw badClaim(message, cause);
  }
}

function shown(text: string | undefined): string {
  return text === undefined ? 'nobody in particular' : `"${printable(text).slice(0, 200)}"`;
}

function stranger(message: string, cause?: unknown): GapferryError {
  return new GapferryError({ code: 'KEY_UNKNOWN', message, ...(cause !== undefined && { cause }) });
}
