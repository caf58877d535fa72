/**
 * Signs release statements outside and verifies them inside: DSSE envelopes in Sigstore bundles v0.3, with key files
 * (ECDSA P-256, P-384, Ed25519), and key fingerprints that people can compare by telephone.
 *
 * The verifying half is synchronous and never fetches anything; the signing half is loaded only when something
 * is signed. Neither reads the environment or touches a file: keys come and go as PEM text.
 * Besides, the signatures that upstream made are held against keys and identities: cosign's, OpenPGP's (the provenance of
 * charts), those of Git tags and commits, and those over files (OpenPGP, minisign, cosign's of blobs).
 * It does not decide whom to trust: that is the policy's, in @gapferry/bundle.
 *
 * Imported by the cli only; collector and importer see it through the Signer, Verifier and UpstreamVerifier ports of core.
 */
export { type FileKey, fileVerifier } from './files/file-verifier.ts';
export { type Fingerprint, fingerprintOf, keyFingerprint } from './fingerprint.ts';
export { generateKeyPair, type KeyPair } from './generate-key-pair.ts';
export {
  gitSignatureVerifier,
  requireUsableSigners,
  type SplitGitObject,
  type SplitSignature,
} from './git/git-signature-verifier.ts';
export { type KeySignerOptions, keySigner } from './key-signer.ts';
export { keyVerifier } from './key-verifier.ts';
export { type OpenPgpSigners, openPgpSigners } from './openpgp/openpgp-signers.ts';
export { loadPrivateKey } from './private-key.ts';
export { type KeyKind, loadPublicKey } from './public-key.ts';
export { requireUsableDemand, upstreamVerifier } from './upstream-verifier.ts';
