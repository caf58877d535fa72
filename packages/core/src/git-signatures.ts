import type { GitPin } from './pin.ts';
import type { Run } from './run.ts';

/** A tag or commit: the bytes whose hash, with git's header before them, is its id. */
export interface GitObject {
  /** 40 (sha1) or 64 (sha256) lower-case hex digits. */
  readonly oid: string;
  readonly type: 'commit' | 'tag';
  /** Without the header `<type> <length>\0`. */
  readonly content: Uint8Array;
}

/** What is read at most to check signatures of one repository: bytes of one tag or commit, bytes of all of them, and their number. */
export const GIT_OBJECT_LIMITS = { bytes: 1_048_576, totalBytes: 8_388_608, objects: 10_000 } as const;

/** A file with public keys, read in. */
export interface KeyFile {
  /** How the configuration names it, for messages. */
  readonly name: string;
  readonly content: Uint8Array;
}

/** Who may have signed tags and commits: a signature that one of the files knows is enough. At least one member. */
export interface GitSigners {
  /** ssh-keygen(1), ALLOWED SIGNERS. */
  readonly allowedSigners?: KeyFile;
  /** Public OpenPGP keys, as `gpg --export` writes them, plain or armored. */
  readonly keyring?: KeyFile;
}

/** Whose signature a tag or commit has. */
export type GitSigner =
  | {
      readonly by: 'git-ssh';
      /** As `ssh-keygen -l` shows it: `SHA256:` and 43 characters. */
      readonly key: string;
      /** The first pattern that the key stands under in the file of allowed signers. */
      readonly principal: string;
    }
  | {
      readonly by: 'git-openpgp';
      /** Of the primary key (RFC 9580, 5.5.4), 40 or 64 lower-case hex digits. */
      readonly fingerprint: string;
    };

/** Which refs somebody signed: an annotated tag its tag object, every other ref its commit. What the manifest records. */
export type GitCheck = GitSigner & {
  /** Full names, sorted, each once. */
  readonly refs: readonly string[];
};

/** Holds the signature of a tag or commit, as git reads it, against who may have signed. Offline. It gives a promise because OpenPGP's hashes come so, not to ask anybody.
 *  Throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID` or `KEY_UNKNOWN`, and `KEY_UNUSABLE` when the signers cannot be read. */
export interface GitSignatureVerifier {
  verify(object: GitObject, signers: GitSigners): Promise<GitSigner>;
}

/** A source that reads the tags and commits which refs of a pinned repository name. */
export interface GitObjectReader {
  /** Those of `oids` that are tags or commits, sorted by id, each once. Throws `LIMIT_EXCEEDED` for more than `GIT_OBJECT_LIMITS` say. */
  readObjects(pin: GitPin, oids: readonly string[], run: Run): Promise<readonly GitObject[]>;
}

export function isGitObjectReader<S extends object>(source: S): source is S & GitObjectReader {
  return 'readObjects' in source;
}
