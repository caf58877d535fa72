import { createHash, type Hash } from 'node:crypto';
import type { Bytes } from '@gapferry/core';
import type { SignaturePacket } from 'openpgp';

/** Hash algorithms of OpenPGP (RFC 9580, section 9.5) that signatures may still be over, and the salt that version 6 puts in front. */
const HASHES: ReadonlyMap<number, { readonly name: string; readonly salt: number }> = new Map([
  [8, { name: 'sha256', salt: 16 }],
  [9, { name: 'sha384', salt: 24 }],
  [10, { name: 'sha512', salt: 32 }],
  [12, { name: 'sha3-256', salt: 16 }],
  [14, { name: 'sha3-512', salt: 32 }],
]);

/** Type of a signature over bytes as they are (RFC 9580, section 5.2.1.1). */
const BINARY = 0;

/** What the library's packets have and its types do not tell: a digest that is given is taken instead of hashing the message, which it does for signatures behind a message. */
type Hashing = SignaturePacket & {
  hashed?: Promise<Uint8Array>;
  readonly salt: Uint8Array | null;
  readonly version: number;
  toHash(type: number, data: object, detached: boolean): Uint8Array;
};

/** Reads the bytes once and gives each signature over bytes its digest (RFC 9580, section 5.2.4), so that no file has to be in memory. Signatures of other types and over weak hashes are left without: they count for nothing. */
export async function hashSigned(signatures: readonly SignaturePacket[], data: Bytes): Promise<void> {
  const hashing = signatures.flatMap((packet) => hashFor(packet as Hashing));
  for await (const chunk of data) for (const { hash } of hashing) hash.update(chunk);
  for (const { packet, hash } of hashing) {
    const nothing = { text: null, getBytes: () => new Uint8Array(0) };
    const all = packet.toHash(BINARY, nothing, true);
    hash.update(all.subarray(packet.salt?.byteLength ?? 0));
    packet.hashed = Promise.resolve(Uint8Array.from(hash.digest()));
  }
}

function hashFor(packet: Hashing): { packet: Hashing; hash: Hash }[] {
  const algorithm = HASHES.get(packet.hashAlgorithm ?? 0);
  if (algorithm === undefined || packet.signatureType !== BINARY) return [];
  const salt = packet.version === 6 ? algorithm.salt : 0;
  if ((packet.salt?.byteLength ?? 0) !== salt || ![4, 6].includes(packet.version)) return [];
  return [{ packet, hash: createHash(algorithm.name).update(packet.salt ?? new Uint8Array(0)) }];
}
