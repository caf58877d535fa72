import type { FileVerifier, KeyFile } from '@gapferry/core';
import { openPgpSigners } from '../openpgp/openpgp-signers.ts';
import { cosignBlobVerifier } from './cosign-blob.ts';
import { minisignVerifier } from './minisign.ts';

/** Who signs files: a public key in PEM, a keyring of OpenPGP keys, or a minisign public key (one line, or a `.pub` file). */
export interface FileKey extends KeyFile {
  readonly kind: 'key' | 'keyring' | 'minisign';
}

/** Throws `KEY_UNUSABLE` for what is no key; a keyring is read when it is needed. */
export function fileVerifier({ kind, ...key }: FileKey): FileVerifier {
  switch (kind) {
    case 'key':
      return cosignBlobVerifier(key);
    case 'minisign':
      return minisignVerifier(key);
    case 'keyring': {
      const signers = openPgpSigners(key);
      return {
        async verify(file, signature, run) {
          const fingerprint = await signers.verifyFile(file.open(run), signature);
          return { by: 'openpgp', fingerprint };
        },
        async verifyText(message) {
          const { text, fingerprint } = await signers.verifyText(message);
          return { text, signed: { by: 'openpgp', fingerprint } };
        },
      };
    }
  }
}
