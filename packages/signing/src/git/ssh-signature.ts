import { createHash, verify } from 'node:crypto';
import { readSshPublicKey, type SshPublicKey, sshFingerprint } from './ssh-public-key.ts';
import { sshReader, sshString } from './ssh-wire.ts';

/** A signature of `ssh-keygen -Y sign` (OpenSSH, PROTOCOL.sshsig), read and not yet verified. */
export interface SshSignature {
  /** The signing key as its `.pub` file has it. */
  readonly keyBlob: Uint8Array;
  readonly key: SshPublicKey;
  /** `SHA256:…`. */
  readonly fingerprint: string;
  readonly namespace: string;
  readonly reserved: Uint8Array;
  readonly hash: 'sha256' | 'sha512';
  readonly signature: Uint8Array;
}

const BEGIN = '-----BEGIN SSH SIGNATURE-----';
const END = '-----END SSH SIGNATURE-----';
const PREAMBLE = 'SSHSIG';
/** An RSA signature of 16,384 bits has 6 KiB with its key. */
const MAX_ARMORED = 65_536;

/** Reads one armored signature with nothing behind it. Throws `Error` in words that go on after "its SSH signature". */
export function readSshSignature(armored: string): SshSignature {
  const from = sshReader(unarmor(armored));
  const preamble = [...PREAMBLE].map(() => String.fromCharCode(from.byte())).join('');
  if (preamble !== PREAMBLE) throw new Error('is none');
  const version = from.uint32();
  if (version !== 1) throw new Error(`has version ${version}; 1 is known`);
  const keyBlob = from.string();
  const namespace = from.text();
  const reserved = from.string();
  const hash = from.text();
  const signature = from.string();
  from.end();
  if (hash !== 'sha256' && hash !== 'sha512')
    throw new Error(`is over the hash "${hash.slice(0, 40)}", which is not taken`);
  const fingerprint = sshFingerprint(keyBlob);
  return { keyBlob, key: readKey(keyBlob, fingerprint), fingerprint, namespace, reserved, hash, signature };
}

function readKey(blob: Uint8Array, fingerprint: string): SshPublicKey {
  try {
    return readSshPublicKey(blob);
  } catch (error) {
    throw new Error(`is by the key ${fingerprint}, which ${error instanceof Error ? error.message : error}`);
  }
}

function unarmor(armored: string): Buffer {
  if (armored.length > MAX_ARMORED) throw new Error(`has more than ${MAX_ARMORED} characters`);
  const text = armored.replaceAll('\r\n', '\n').trimEnd();
  if (!text.startsWith(`${BEGIN}\n`) || !text.endsWith(`\n${END}`)) throw new Error('is not whole');
  const body = text.slice(BEGIN.length, -END.length).replaceAll('\n', '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(body)) throw new Error('is not base64');
  return Buffer.from(body, 'base64');
}

/** Is the signature over `message` with its own key right? Says nothing about whose key it is. Throws `Error` for an algorithm that is not taken. */
export function isSshSignatureOf(signature: SshSignature, message: Uint8Array): boolean {
  const { namespace, reserved, hash, key } = signature;
  const signed = Buffer.concat([
    Buffer.from(PREAMBLE),
    sshString(Buffer.from(namespace, 'latin1')),
    sshString(reserved),
    sshString(hash),
    sshString(createHash(hash).update(message).digest()),
  ]);
  const from = sshReader(signature.signature);
  const algorithm = from.text();
  requireAlgorithm(algorithm, key);
  const raw = from.string();
  const data = key.application === undefined ? signed : tokenData(key.application, from, signed);
  from.end();
  return isRight(algorithm, key, raw, data);
}

/** RSA keys sign with SHA-2 (RFC 8332): SHA-1 is what "ssh-rsa" means as an algorithm. */
function requireAlgorithm(algorithm: string, { type }: SshPublicKey): void {
  if (algorithm === 'ssh-rsa') throw new Error('is made with SHA-1 (ssh-rsa), which is not taken');
  const fits = type === 'ssh-rsa' ? /^rsa-sha2-(?:256|512)$/.test(algorithm) : algorithm === type;
  if (!fits) throw new Error(`is made with "${algorithm.slice(0, 60)}" by a key of type ${type}`);
}

/** PROTOCOL.u2f: a token signs the hash of what it was asked for, its flags and counter, and the hash of the message. Whether somebody touched it is not asked, as with ssh-keygen. */
function tokenData(
  application: Uint8Array,
  from: ReturnType<typeof sshReader>,
  signed: Uint8Array,
): Uint8Array {
  const trailer = Buffer.alloc(5);
  trailer.writeUInt8(from.byte(), 0);
  trailer.writeUInt32BE(from.uint32(), 1);
  const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
  return Buffer.concat([sha256(application), trailer, sha256(signed)]);
}

function isRight(algorithm: string, { type, key }: SshPublicKey, raw: Uint8Array, data: Uint8Array): boolean {
  if (type === 'ssh-rsa') return isRsa(algorithm.slice(-3), key, raw, data);
  if (type.includes('ed25519')) return raw.byteLength === 64 && verify(undefined, data, key, raw);
  return isEcdsa(type, key, raw, data);
}

function isRsa(bits: string, key: SshPublicKey['key'], raw: Uint8Array, data: Uint8Array): boolean {
  const length = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
  if (raw.byteLength > length) return false;
  // Some leave leading zeros out.
  const padded = Buffer.concat([Buffer.alloc(length - raw.byteLength), raw]);
  return verify(`sha${bits}`, data, key, padded);
}

const HASHES: Readonly<Record<string, readonly [hash: string, bytes: number]>> = {
  'ecdsa-sha2-nistp256': ['sha256', 32],
  'ecdsa-sha2-nistp384': ['sha384', 48],
  'ecdsa-sha2-nistp521': ['sha512', 66],
  'sk-ecdsa-sha2-nistp256@openssh.com': ['sha256', 32],
};

function isEcdsa(type: string, key: SshPublicKey['key'], raw: Uint8Array, data: Uint8Array): boolean {
  const [hash = '', bytes = 0] = HASHES[type] ?? [];
  const from = sshReader(raw);
  const [r, s] = [from.mpint(), from.mpint()];
  from.end();
  if (r.byteLength > bytes || s.byteLength > bytes) return false;
  const fixed = Buffer.alloc(2 * bytes);
  fixed.set(r, bytes - r.byteLength);
  fixed.set(s, 2 * bytes - s.byteLength);
  return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, fixed);
}
