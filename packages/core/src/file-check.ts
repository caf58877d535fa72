import type { Bytes } from './blobs.ts';
import type { Digest } from './digest.ts';
import type { Run } from './run.ts';

/** What a file was held against outside: what the manifest records. */
export type FileCheck =
  | 'given-sha256'
  | 'given-sha512'
  | 'checksums'
  | 'first-seen'
  /** The signature inside a ClamAV database, over an MD5. */
  | 'clamav'
  | FileMirrorCheck
  | FileSignatureCheck;

/** What a mirror alone said: the file's own place was not asked. */
export interface FileMirrorCheck {
  readonly by: 'checksums' | 'first-seen';
  /** As bundle.yaml writes it: host[:port] or host[:port]/prefix. */
  readonly at: string;
}

/** Whose signature was good. */
export type FileSigned =
  | { readonly by: 'cosign-key' /** sha256 of the SubjectPublicKeyInfo. */; readonly key: Digest }
  | {
      readonly by: 'openpgp' /** Of the primary key, 40 or 64 lower-case hex digits. */;
      readonly fingerprint: string;
    }
  | {
      readonly by: 'minisign' /** Key id as minisign shows it, 16 upper-case hex digits. */;
      readonly key: string;
    };

/** `of`: not the file was signed, but the file of checksums that names it. */
export type FileSignatureCheck = FileSigned & { readonly of?: 'checksums' };

/** Bytes that a signature may cover; opened as often as needed. */
export interface SignedFile {
  readonly size: number;
  open(run: Run): Bytes;
}

/** Holds detached signatures against one key, or the keys of one keyring. One good signature is enough. */
export interface FileVerifier {
  /** Throws `SIGNATURE_INVALID`, `KEY_UNKNOWN`, `KEY_UNUSABLE`; `LIMIT_EXCEEDED` where the whole file would have to be in memory. Messages go on after what is signed: "is signed by …". */
  verify(file: SignedFile, signature: Uint8Array, run: Run): Promise<FileSigned>;
  /** A message in OpenPGP's cleartext signature framework; `text` is what the signature covers. Only keyrings have it. Throws the same. */
  verifyText?(message: Uint8Array): Promise<{ readonly text: string; readonly signed: FileSigned }>;
}
