import { type Bytes, type ErrorCode, GapferryError, type KeyFile, printable } from '@gapferry/core';
import type { Key, SignaturePacket } from 'openpgp';
import { hashSigned } from './hash-signed.ts';
import { readKeyring } from './read-keyring.ts';

/** Who signs with OpenPGP, and what they signed. A signature counts when its key was good at the time that it names: a key that expired later does no harm, a revoked one does.
 *  Messages of errors go on after what is signed: "is signed by …". */
export interface OpenPgpSigners {
  /** How the configuration names the keyring. */
  readonly name: string;
  /** A message in OpenPGP's cleartext signature framework (RFC 9580, section 7). `text` is what the signature covers. One good signature of several is enough.
   *  Throws `KEY_UNUSABLE`, `KEY_UNKNOWN`, `SIGNATURE_INVALID`. */
  verifyText(message: Uint8Array): Promise<{ readonly text: string; readonly fingerprint: string }>;
  /** An armored detached signature, the only one of its block, over `data`. Gives the fingerprint of the primary key. Throws the same. */
  verifyDetached(data: Uint8Array, armored: string): Promise<string>;
  /** Detached signatures, armored or not, over bytes that are read once as a stream; one good signature of several is enough. Gives the same. Throws the same. */
  verifyFile(data: Bytes, signature: Uint8Array): Promise<string>;
}

/** A file is rarely signed by more than a few. */
const MAX_SIGNATURES = 32;
/** Bytes of all signatures of a text, armored; one by a large key has some thousand. */
const MAX_ARMOR = 1 << 20;

/** Reads the keyring when it is asked for the first time. */
export function openPgpSigners(keyring: KeyFile): OpenPgpSigners {
  let reading: Promise<readonly Key[]> | undefined;
  const keys = async (): Promise<Key[]> => {
    reading ??= readKeyring(keyring);
    return [...(await reading)];
  };
  return {
    name: keyring.name,
    async verifyText(message) {
      const verificationKeys = await keys();
      const { readCleartextMessage, verify } = await import('openpgp');
      requireFewBytes(message);
      const cleartextMessage = textOf(message);
      const read = await readCleartextMessage({ cleartextMessage }).catch(unreadable);
      if (read.getSigningKeyIDs().length > MAX_SIGNATURES) throw tooMany();
      // What the signature covers: `data` has other line ends.
      const { signatures, data } = await verify({ message: read, verificationKeys }).catch(unreadable);
      const signer = await requireOneGood(signatures, verificationKeys, keyring.name);
      return { text: data, fingerprint: signer.getFingerprint() };
    },
    async verifyDetached(data, armored) {
      const verificationKeys = await keys();
      const { createMessage, readSignature, verify } = await import('openpgp');
      const signature = await readSignature({ armoredSignature: armored }).catch(unreadable);
      if (signature.packets.length !== 1)
        throw invalid(`has ${signature.packets.length} OpenPGP signatures in one block, and git takes one`);
      const message = await createMessage({ binary: Uint8Array.from(data) });
      const { signatures } = await verify({ message, signature, verificationKeys }).catch(unreadable);
      return (await requireOneGood(signatures, verificationKeys, keyring.name)).getFingerprint();
    },
    async verifyFile(data, signature) {
      const verificationKeys = await keys();
      const { createMessage, PacketList, readSignature, Signature, verify } = await import('openpgp');
      const read = await (isArmored(signature)
        ? readSignature({ armoredSignature: Buffer.from(signature).toString('latin1') })
        : readSignature({ binarySignature: Uint8Array.from(signature) })
      ).catch(unreadable);
      const { packets } = read;
      if (packets.length > MAX_SIGNATURES) throw invalid(`has ${packets.length} OpenPGP signatures`);
      await hashSigned(packets, data);
      const counted = new PacketList<SignaturePacket>();
      counted.push(...packets.filter((packet) => 'hashed' in packet && packet.hashed !== null));
      const message = await createMessage({ binary: new Uint8Array(0) });
      const { signatures } = await verify({
        message,
        signature: new Signature(counted),
        verificationKeys,
      }).catch(unreadable);
      return (await requireOneGood(signatures, verificationKeys, keyring.name)).getFingerprint();
    },
  };
}

function isArmored(signature: Uint8Array): boolean {
  return Buffer.from(signature).toString('latin1', 0, 64).trimStart().startsWith('-----BEGIN PGP');
}

/** Reads the keyring. Throws `KEY_UNUSABLE`. */
export async function requireUsableKeyring(keyring: KeyFile): Promise<void> {
  await readKeyring(keyring);
}

/** Whoever answers for upstream may put any number there, and each costs time and memory. */
function requireFewBytes(message: Uint8Array): void {
  const begin = Buffer.from(message.buffer, message.byteOffset, message.byteLength).indexOf(
    '\n-----BEGIN PGP SIGNATURE-----',
  );
  if (begin >= 0 && message.byteLength - begin > MAX_ARMOR) throw tooMany();
}

function tooMany(): GapferryError {
  return invalid(`has more than ${MAX_SIGNATURES} OpenPGP signatures`);
}

function textOf(message: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(message);
  } catch {
    return unreadable(new Error('it is not UTF-8'));
  }
}

function unreadable(cause: unknown): never {
  throw invalid(`is not signed as OpenPGP demands: ${reasonOf(cause)}`, cause);
}

interface FoundSignature {
  readonly keyID: { toHex(): string };
  readonly verified: Promise<unknown>;
}

/** The key of the first that is good. */
async function requireOneGood(
  signatures: readonly FoundSignature[],
  keys: readonly Key[],
  keyring: string,
): Promise<Key> {
  const known = new Map(keys.flatMap((key) => key.getKeyIDs().map((keyId) => [keyId.toHex(), key])));
  const outcomes = await Promise.allSettled(signatures.map(({ verified }) => verified));
  const ids = signatures.map(({ keyID }) => keyID.toHex());
  const good = known.get(ids[outcomes.findIndex(({ status }) => status === 'fulfilled')] ?? '');
  if (good !== undefined) return good;
  const at = ids.findIndex((keyId) => known.has(keyId));
  const outcome = outcomes[at];
  if (outcome?.status === 'rejected')
    throw invalid(
      `has a signature by the OpenPGP key ${ids[at]} that is not good: ${reasonOf(outcome.reason)}`,
    );
  throw refused(
    'KEY_UNKNOWN',
    `is signed by ${ids.length === 0 ? 'nobody' : `the OpenPGP key ${ids.slice(0, 5).join(', ')}`}, and ${keyring} has no such key`,
  );
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function invalid(message: string, cause?: unknown): GapferryError {
  return refused('SIGNATURE_INVALID', message, cause);
}

function refused(code: ErrorCode, message: string, cause?: unknown): GapferryError {
  return new GapferryError({ code, message: printable(message), ...(cause !== undefined && { cause }) });
}
