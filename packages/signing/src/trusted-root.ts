import { GapferryError, parseJson } from '@gapferry/core';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { type TrustMaterial, toTrustMaterial, type VerifierOptions } from '@sigstore/verify';
import { asObject } from './claim-error.ts';

const LIMITS = { maxBytes: 1_048_576, maxDepth: 16 } as const;

/** Whom a trusted root vouches for, and what it asks for. */
export interface Roots {
  readonly material: TrustMaterial;
  readonly thresholds: Required<
    Pick<VerifierOptions, 'tlogThreshold' | 'ctlogThreshold' | 'timestampThreshold'>
  >;
}

/** Reads a Sigstore trusted root (JSON; `cosign trusted-root create` writes one, The Update Framework delivers the public one). What it names is demanded: with transparency logs, an entry in one of
 *  them; with certificate logs, a promise of one of them; and always one proof of the time, of a log or of a timestamp authority. So a private Sigstore without a log needs none, and a
 *  signature cannot leave out what its root has. Throws `KEY_UNUSABLE`. */
export function readTrustedRoot(bytes: Uint8Array): Roots {
  try {
    const root = TrustedRoot.fromJSON(
      asObject(parseJson(bytes, 'the trusted root', LIMITS), 'the trusted root'),
    );
    if (root.certificateAuthorities.length === 0) throw unusableRoot('names no certificate authority');
    if (root.tlogs.length + root.timestampAuthorities.length === 0)
      throw unusableRoot(
        'names neither a transparency log nor a timestamp authority: nothing could prove the time',
      );
    return {
      material: toTrustMaterial(root),
      thresholds: {
        tlogThreshold: Math.min(1, root.tlogs.length),
        ctlogThreshold: Math.min(1, root.ctlogs.length),
        timestampThreshold: 1,
      },
    };
  } catch (cause) {
    if (cause instanceof GapferryError && cause.code === 'KEY_UNUSABLE') throw cause;
    throw unusableRoot('cannot be read as a Sigstore trusted root', cause);
  }
}

function unusableRoot(why: string, cause?: unknown): GapferryError {
  return new GapferryError({
    code: 'KEY_UNUSABLE',
    message: `the trusted root ${why}`,
    hint: 'take trusted_root.json of the Sigstore instance that upstream signs with, or make one with "cosign trusted-root create"',
    ...(cause !== undefined && { cause }),
  });
}
