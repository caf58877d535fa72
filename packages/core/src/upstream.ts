import type { Digest } from './digest.ts';

/** What upstream must have signed with, resolved: key files read in. */
export type UpstreamDemand = UpstreamKeyDemand | UpstreamIdentityDemand;

export interface UpstreamKeyDemand {
  readonly by: 'cosign-key';
  /** How the configuration names the key, for messages. */
  readonly name: string;
  /** SubjectPublicKeyInfo in PEM. */
  readonly pem: string;
}

/** A short-lived certificate for this identity, with proof of its time (Fulcio and Rekor, or a private Sigstore). */
export interface UpstreamIdentityDemand {
  readonly by: 'cosign-identity';
  /** The certificate's subject alternative name: an address or a URI, compared as a whole. */
  readonly identity: string;
  /** The OIDC issuer in the certificate. */
  readonly issuer: string;
  /** A Sigstore trusted root (JSON, `application/vnd.dev.sigstore.trustedroot+json`). Only one that the configuration names; never one that came with the image. */
  readonly trustedRoot: Uint8Array;
}

/** Bytes that claim to sign an artifact, as they were found among its attachments. Nothing of them is trusted. */
export type SignatureMaterial = SimpleSigningMaterial | SigstoreBundleMaterial;

/** A layer of a `sha256-….sig` image: the payload, and what its annotations say (sigstore/cosign, specs/SIGNATURE_SPEC.md). */
export interface SimpleSigningMaterial {
  readonly form: 'simple-signing';
  readonly payload: Uint8Array;
  /** Base64, annotation `dev.cosignproject.cosign/signature`. */
  readonly signature: string;
  /** PEM, annotation `dev.sigstore.cosign/certificate`. */
  readonly certificate?: string;
  /** PEM, annotation `dev.sigstore.cosign/chain`. */
  readonly chain?: string;
  /** JSON, annotation `dev.sigstore.cosign/bundle`: Rekor's signed entry timestamp. */
  readonly rekorBundle?: string;
  /** JSON, annotation `dev.sigstore.cosign/rfc3161timestamp`: a timestamp authority's answer. */
  readonly timestamp?: string;
}

/** A layer of a referrer with the media type `application/vnd.dev.sigstore.bundle.v0.3+json`. */
export interface SigstoreBundleMaterial {
  readonly form: 'sigstore-bundle';
  readonly bytes: Uint8Array;
  /** The signed manifest itself, for bundles whose signature is over its bytes (`messageSignature`) instead of over a statement that names its digest. */
  readonly artifact?: Uint8Array;
}

/** Which demand an artifact met: what the manifest records. */
export type UpstreamCheck =
  | ProvenanceCheck
  | { readonly by: 'cosign-key' /** sha256 of the SubjectPublicKeyInfo. */; readonly key: Digest }
  | { readonly by: 'cosign-identity'; readonly identity: string; readonly issuer: string };

/** Of a chart: its provenance file is signed by a key of the keyring that bundle.yaml names. */
export interface ProvenanceCheck {
  readonly by: 'helm-provenance';
  /** Of the primary key (RFC 9580, 5.5.4), 40 or 64 lower-case hex digits. */
  readonly fingerprint: string;
}

/** Holds upstream's signatures against a demand. Synchronous on purpose: an async verifier invites the network.
 *  One signature that meets the demand is enough. Throws `SIGNATURE_MISSING` when there is no material, `SIGNATURE_INVALID` or `KEY_UNKNOWN` when none of it meets the demand. */
export interface UpstreamVerifier {
  verify(subject: Digest, material: readonly SignatureMaterial[], demand: UpstreamDemand): UpstreamCheck;
}
