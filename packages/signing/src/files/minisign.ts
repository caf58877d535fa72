import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import {
  type FileVerifier,
  GapferryError,
  type KeyFile,
  printable,
  type Run,
  type SignedFile,
} from '@gapferry/core';
import { unusable } from '../public-key.ts';
import { wholeFile } from './whole-file.ts';

/** Detached signatures of minisign (jedisct1/minisign, "Signature format"): Ed25519 over BLAKE2b-512 of the file (`ED`), or in the legacy form over the file itself (`Ed`).
 *  The trusted comment is signed too, and checked. Throws `KEY_UNUSABLE`. */
export function minisignVerifier({ name, content }: KeyFile): FileVerifier {
  const key = readKey(name, Buffer.from(content).toString('utf8'));
  return {
    async verify(file, signature, run) {
      const signed = readSignature(signature);
      if (!signed.keyId.equals(key.id))
        throw refused(
          'KEY_UNKNOWN',
          `is signed by the minisign key ${shownId(signed.keyId)}, and ${name} is ${shownId(key.id)}`,
        );
      const covered = await coveredBytes(file, signed, run);
      const comment = Buffer.concat([signed.signature, signed.comment]);
      if (!isGood(covered, key.key, signed.signature))
        throw invalid('has a minisign signature over other bytes');
      if (!isGood(comment, key.key, signed.commentSignature))
        throw invalid('has a minisign signature whose trusted comment was changed');
      return { by: 'minisign', key: shownId(key.id) };
    },
  };
}

interface MinisignKey {
  readonly id: Buffer;
  readonly key: KeyObject;
}

/** An optional comment line, then base64 of `Ed`, 8 bytes of key id, 32 bytes of key. */
function readKey(name: string, text: string): MinisignKey {
  const lines = linesOf(text).filter((line) => !line.startsWith('untrusted comment:'));
  const bytes = decoded(lines[0], 42);
  if (lines.length !== 1 || bytes?.toString('latin1', 0, 2) !== 'Ed')
    throw unusable(
      `the minisign key ${printable(name)} is not a minisign public key`,
      'it is one line of 56 characters that begins with RW: the second line of the .pub file',
    );
  // SubjectPublicKeyInfo of Ed25519 (RFC 8410) is a fixed head before the key.
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(10)]);
  return { id: bytes.subarray(2, 10), key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

interface MinisignSignature {
  readonly isPrehashed: boolean;
  readonly keyId: Buffer;
  readonly signature: Buffer;
  readonly comment: Buffer;
  readonly commentSignature: Buffer;
}

const TRUSTED = 'trusted comment: ';

function readSignature(bytes: Uint8Array): MinisignSignature {
  const [untrusted, first, comment, second, ...more] = linesOf(Buffer.from(bytes).toString('utf8'));
  const [head, commentSignature] = [decoded(first, 74), decoded(second, 64)];
  const algorithm = head?.toString('latin1', 0, 2) ?? '';
  if (
    untrusted?.startsWith('untrusted comment:') !== true ||
    comment?.startsWith(TRUSTED) !== true ||
    head === undefined ||
    commentSignature === undefined ||
    more.length > 0 ||
    !['Ed', 'ED'].includes(algorithm)
  )
    throw invalid('is not signed as minisign does it: what was given is not a minisign signature');
  return {
    isPrehashed: algorithm === 'ED',
    keyId: head.subarray(2, 10),
    signature: head.subarray(10),
    comment: Buffer.from(comment.slice(TRUSTED.length)),
    commentSignature,
  };
}

async function coveredBytes(file: SignedFile, { isPrehashed }: MinisignSignature, run: Run): Promise<Buffer> {
  if (!isPrehashed)
    return await wholeFile(
      file,
      "minisign's legacy form",
      'ask upstream for a signature made by a recent minisign',
      run,
    );
  const hash = createHash('blake2b512');
  for await (const chunk of file.open(run)) hash.update(chunk);
  return hash.digest();
}

function isGood(bytes: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  return verify(null, bytes, key, signature);
}

/** minisign shows the id as a little-endian number. */
function shownId(id: Buffer): string {
  return Buffer.from(id).reverse().toString('hex').toUpperCase();
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line, i, all) => line !== '' || i < all.length - 1);
}

/** Base64 of exactly so many bytes, in its one spelling. */
function decoded(text: string | undefined, bytes: number): Buffer | undefined {
  const buffer = Buffer.from(text ?? '', 'base64');
  return buffer.byteLength === bytes && buffer.toString('base64') === text ? buffer : undefined;
}

function invalid(message: string): GapferryError {
  return refused('SIGNATURE_INVALID', message);
}

function refused(code: 'SIGNATURE_INVALID' | 'KEY_UNKNOWN', message: string): GapferryError {
  return new GapferryError({ code, message: printable(message), origin: 'source' });
}
