import {
  type ErrorCode,
  GapferryError,
  type GitObject,
  type GitSignatureVerifier,
  type GitSigner,
  type GitSigners,
  isGapferryError,
  type KeyFile,
  printable,
} from '@gapferry/core';
import { type OpenPgpSigners, openPgpSigners } from '../openpgp/openpgp-signers.ts';
import { type AllowedSigner, principalOf, readAllowedSigners } from './allowed-signers.ts';
import { isSshSignatureOf, readSshSignature, type SshSignature } from './ssh-signature.ts';

/** What a tag or commit says is signed, and by what; as git splits it. */
export interface SplitGitObject {
  /** The bytes that the signature is over. */
  readonly payload: Uint8Array;
  /** Armored, with its first and last line. */
  readonly signature: string;
  /** When the tagger or committer says that it was made, seconds since 1970; absent where nobody is named. */
  readonly seconds?: number;
}

/** How git splits an object into payload and signature; undefined for one without a signature. Throws `SIGNATURE_INVALID` for one that cannot be split in one way only. */
export type SplitSignature = (object: GitObject) => SplitGitObject | undefined;

/** Verifies signed tags and commits as `git verify-tag` and `git verify-commit` do, offline: SSH signatures of the namespace `git` by keys that allowed signers name, at the time that the object itself
 *  says; OpenPGP signatures by keys of a keyring. Files of signers are read once. */
export function gitSignatureVerifier(split: SplitSignature): GitSignatureVerifier {
  const allowed = once(readAllowedSigners);
  const keyrings = once(openPgpSigners);
  return {
    async verify(object, signers) {
      const found = split(object);
      if (found === undefined) throw refused('SIGNATURE_MISSING', 'is not signed');
      const { signature } = found;
      if (signature.startsWith('-----BEGIN SSH SIGNATURE-----')) return bySsh(found, signers, allowed);
      if (/^-----BEGIN PGP (?:SIGNATURE|MESSAGE)-----/.test(signature))
        return await byOpenPgp(found, signers, keyrings);
      throw refused(
        'KEY_UNKNOWN',
        'has a signature that is neither of SSH nor of OpenPGP (X.509 is not taken)',
      );
    },
  };
}

/** Reads the files of signers. Throws `KEY_UNUSABLE`. */
export async function requireUsableSigners({ allowedSigners, keyring }: GitSigners): Promise<void> {
  if (allowedSigners !== undefined) readAllowedSigners(allowedSigners);
  if (keyring === undefined) return;
  const { requireUsableKeyring } = await import('../openpgp/openpgp-signers.ts');
  await requireUsableKeyring(keyring);
}

function once<T>(read: (file: KeyFile) => T): (file: KeyFile) => T {
  const known = new WeakMap<Uint8Array, T>();
  return (file) => {
    const before = known.get(file.content);
    if (before !== undefined) return before;
    const now = read(file);
    known.set(file.content, now);
    return now;
  };
}

function bySsh(
  { payload, signature, seconds }: SplitGitObject,
  { allowedSigners, keyring }: GitSigners,
  read: (file: KeyFile) => readonly AllowedSigner[],
): GitSigner {
  if (allowedSigners === undefined)
    throw refused('KEY_UNKNOWN', `is signed with SSH, and only keys of ${keyring?.name} may sign it`);
  const signers = read(allowedSigners);
  const claimed = inWords(() => readSshSignature(signature));
  const { fingerprint: key, namespace } = claimed;
  if (namespace !== 'git')
    throw refused('SIGNATURE_INVALID', `has an SSH signature for "${namespace.slice(0, 60)}", not for Git`);
  if (seconds === undefined)
    throw refused(
      'SIGNATURE_INVALID',
      'does not say who made it and when, and git takes no SSH signature then',
    );
  requireRight(claimed, payload);
  const found = principalOf(signers, claimed.keyBlob, seconds);
  if (found === undefined)
    throw refused(
      'KEY_UNKNOWN',
      `is signed by the SSH key ${key}, which ${allowedSigners.name} does not name`,
    );
  if ('why' in found)
    throw refused(
      'KEY_UNKNOWN',
      `is signed by the SSH key ${key}, of which ${allowedSigners.name} says: ${found.why}`,
    );
  return { by: 'git-ssh', key, principal: found.principal };
}

function requireRight(claimed: SshSignature, payload: Uint8Array): void {
  if (inWords(() => isSshSignatureOf(claimed, payload))) return;
  throw refused(
    'SIGNATURE_INVALID',
    `has an SSH signature by the key ${claimed.fingerprint} that is not over its content`,
  );
}

/** Readers of untrusted bytes say what is wrong with them, and the crypto library that it cannot be a signature. */
function inWords<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refused('SIGNATURE_INVALID', `has an SSH signature that ${why}`);
  }
}

async function byOpenPgp(
  { payload, signature }: SplitGitObject,
  { allowedSigners, keyring }: GitSigners,
  read: (file: KeyFile) => OpenPgpSigners,
): Promise<GitSigner> {
  if (keyring === undefined)
    throw refused(
      'KEY_UNKNOWN',
      `is signed with OpenPGP, and only keys of ${allowedSigners?.name} may sign it`,
    );
  try {
    return { by: 'git-openpgp', fingerprint: await read(keyring).verifyDetached(payload, signature) };
  } catch (error) {
    if (!isGapferryError(error) || error.category !== 'trust') throw error;
    throw refused(error.code, error.message);
  }
}

function refused(code: ErrorCode, message: string): GapferryError {
  return new GapferryError({ code, message: printable(message) });
}
