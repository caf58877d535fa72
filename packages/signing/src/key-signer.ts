import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { checkRun, GapferryError, type Run, type SignedPayload, type Signer } from '@gapferry/core';
import { keyHint } from './key-hint.ts';
import { loadPrivateKey } from './private-key.ts';
import { IN_TOTO_PAYLOAD_TYPE } from './sigstore-bundle.ts';

export interface KeySignerOptions {
  /** PKCS#8 in PEM, plain or encrypted. */
  readonly privatePem: string;
  readonly passphrase?: string;
  /** What stands in the bundle as the key's name, at most 256 characters; the base64 of the key's sha256, as cosign writes it, unless given. */
  readonly hint?: string;
}

/** A Signer with a key file. Opens the key at once, so that a wrong passphrase is noticed before any work is done; throws `KEY_UNUSABLE`. */
export function keySigner(options: KeySignerOptions): Signer {
  const key = loadPrivateKey(options.privatePem, options.passphrase);
  const hint = options.hint ?? keyHint(createPublicKey(key));
  return { sign: (payload, run) => signPayload(payload, key, hint, run) };
}

/** The signing library is loaded by who signs, and of it the part that puts bundles together: the rest speaks to Fulcio, Rekor and time stampers, and takes four times as long to load. */
async function signPayload(
  payload: SignedPayload,
  key: KeyObject,
  hint: string,
  run: Run,
): Promise<Uint8Array> {
  checkRun(run);
  requirePayloadType(payload);
  const [{ DSSEBundleBuilder }, { bundleToJSON }] = await Promise.all([
    import('@sigstore/sign/dist/bundler/dsse.js'),
    import('@sigstore/bundle'),
  ]);
  const publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  const builder = new DSSEBundleBuilder({
    signer: {
      sign: async (bytes) => ({
        signature: signBytes(key, bytes),
        key: { $case: 'publicKey', publicKey: publicPem, hint },
      }),
    },
    witnesses: [],
  });
  const bundle = await builder.create({ data: Buffer.from(payload.bytes), type: payload.type });
  checkRun(run);
  return encode(bundleToJSON(bundle));
}

/** ECDSA over sha256 for both curves, as cosign and @sigstore/verify do; Ed25519 over the message itself (RFC 8032). */
function signBytes(key: KeyObject, bytes: Buffer): Buffer {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key);
}

/** The library writes the hint into the envelope's `keyid` too, and cosign then finds no signature it accepts. */
function encode(bundle: unknown): Uint8Array {
  const { dsseEnvelope, ...rest } = bundle as { dsseEnvelope: { signatures: readonly { sig: string }[] } };
  const signatures = dsseEnvelope.signatures.map(({ sig }) => ({ sig, keyid: '' }));
  return Buffer.from(JSON.stringify({ ...rest, dsseEnvelope: { ...dsseEnvelope, signatures } }));
}

function requirePayloadType({ type }: SignedPayload): void {
  if (type === IN_TOTO_PAYLOAD_TYPE) return;
  throw new GapferryError({
    code: 'INTERNAL',
    message: `cannot sign a payload of type "${type.slice(0, 100)}"`,
  });
}
