import { createHash, createVerify, type KeyObject, type Verify, verify } from 'node:crypto';
import {
  type FileVerifier,
  GapferryError,
  type KeyFile,
  parseJson,
  type Run,
  type SignedFile,
} from '@gapferry/core';
import { bundleFromJSON } from '@sigstore/bundle';
import { asObject, badClaim, reading } from '../claim-error.ts';
import { publicKeyDigest, readPublicKey } from '../public-key.ts';
import { SIGSTORE_BUNDLE_TYPE } from '../sigstore-bundle.ts';
import { hashesOf } from '../upstream-key.ts';
import { wholeFile } from './whole-file.ts';

/** Signatures of `cosign sign-blob --key`: base64 or bytes of the signature itself, or a Sigstore bundle v0.3 with a message signature. Nothing but the key counts, whatever log entries and timestamps come along.
 *  The same kinds of keys as for images; a file that `openssl dgst -sha256 -sign` signed is signed alike. Throws `KEY_UNUSABLE`. */
export function cosignBlobVerifier({ name, content }: KeyFile): FileVerifier {
  const what = `the key ${name}`;
  const key = readPublicKey(Buffer.from(content).toString('utf8'), what);
  const hashes = hashesOf(key, what);
  return {
    async verify(file, signature, run) {
      const claim = readClaim(signature);
      if (!(await isSigned(file, claim, key, hashes, run)))
        throw new GapferryError({
          code: 'SIGNATURE_INVALID',
          message: `has a signature that ${what} did not make over these bytes`,
          origin: 'source',
        });
      return { by: 'cosign-key', key: publicKeyDigest(key) };
    },
  };
}

/** What a bundle says of the digest is not signed; it must not be another file's all the same. */
interface BlobClaim {
  readonly signature: Uint8Array;
  readonly sha256?: Buffer;
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const MAX_SIGNATURE = 8192;

function readClaim(bytes: Uint8Array): BlobClaim {
  const text = Buffer.from(bytes).toString('latin1');
  if (text.trimStart().startsWith('{')) return reading('the Sigstore bundle', () => bundleClaim(bytes));
  const bare = text.replace(/\s+/g, '');
  const signature = BASE64.test(bare) ? Buffer.from(bare, 'base64') : bytes;
  if (signature.byteLength > MAX_SIGNATURE || signature.byteLength === 0)
    throw badClaim('is not signed: what was given is not a signature');
  return { signature };
}

function bundleClaim(bytes: Uint8Array): BlobClaim {
  const json = asObject(
    parseJson(bytes, 'the Sigstore bundle', { maxBytes: 1_048_576, maxDepth: 16 }),
    'the Sigstore bundle',
  );
  if (json['mediaType'] !== SIGSTORE_BUNDLE_TYPE)
    throw badClaim(`has a bundle that is not of the type ${SIGSTORE_BUNDLE_TYPE}`);
  const { content } = bundleFromJSON(json);
  if (content.$case !== 'messageSignature') throw badClaim('has a bundle without a signature over bytes');
  const { signature, messageDigest } = content.messageSignature;
  const { digest } = messageDigest;
  return { signature, ...(digest.byteLength === 32 && { sha256: digest }) };
}

async function isSigned(
  file: SignedFile,
  { signature, sha256 }: BlobClaim,
  key: KeyObject,
  hashes: readonly (string | undefined)[],
  run: Run,
): Promise<boolean> {
  if (hashes.includes(undefined)) {
    const hint = 'ask upstream for a signature by an ECDSA key, or for a minisign signature';
    return verify(null, await wholeFile(file, 'Ed25519', hint, run), key, signature);
  }
  const verifiers = hashes.map((hash) => createVerify(hash ?? ''));
  const own = createHash('sha256');
  for await (const chunk of file.open(run)) for (const each of [...verifiers, own]) each.update(chunk);
  if (sha256 !== undefined && !sha256.equals(own.digest())) return false;
  return verifiers.some((each) => isGood(each, key, signature));
}

/** Malformed signatures are wrong ones. */
function isGood(verifier: Verify, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verifier.verify(key, signature);
  } catch {
    return false;
  }
}
