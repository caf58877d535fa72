import { createHash } from 'node:crypto';
import { GapferryError } from './errors.ts';

declare const digestBrand: unique symbol;

/** A content digest in OCI form, always `sha256:` and 64 lower-case hex digits (OCI image-spec, descriptor.md#digests). */
export type Digest = string & { readonly [digestBrand]: true };

const PATTERN = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && PATTERN.test(text);
}

/** Turns untrusted text into a Digest. Throws `DIGEST_INVALID`; other algorithms than sha256 are refused. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new GapferryError({
    code: 'DIGEST_INVALID',
    message: `"${text.slice(0, 100)}" is not a sha256 digest`,
    hint: 'a digest is written sha256: and 64 lower-case hex digits',
  });
}

/** The sha256 of bytes that are already in memory. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** `hex` must be 64 lower-case hex digits; throws `DIGEST_INVALID` otherwise. */
export function digestFromHex(hex: string): Digest {
  return parseDigest(`sha256:${hex}`);
}

export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** For people: `sha256:` and the first 12 hex digits. */
export function shortDigest(digest: Digest): string {
  return digest.slice(0, 'sha256:'.length + 12);
}

/** An incremental sha256, the one place where streams are hashed. */
export interface Hasher {
  update(chunk: Uint8Array): void;
  digest(): Digest;
}

export function sha256(): Hasher {
  const hash = createHash('sha256');
  return {
    update: (chunk) => void hash.update(chunk),
    digest: () => `sha256:${hash.digest('hex')}` as Digest,
  };
}
