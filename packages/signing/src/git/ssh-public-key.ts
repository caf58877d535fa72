import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { type SshReader, sshReader } from './ssh-wire.ts';

/** A public key of SSH: RFC 4253 (6.6), RFC 5656, RFC 8709, and OpenSSH's PROTOCOL.u2f. */
export interface SshPublicKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, … */
  readonly type: string;
  readonly key: KeyObject;
  /** Of a key that lies in a security token: what the token was asked for. */
  readonly application?: Uint8Array;
}

const CURVES: Readonly<Record<string, { readonly crv: string; readonly bytes: number }>> = {
  nistp256: { crv: 'P-256', bytes: 32 },
  nistp384: { crv: 'P-384', bytes: 48 },
  nistp521: { crv: 'P-521', bytes: 66 },
};

/** Reads the blob whose base64 stands in a `.pub` file. Throws `Error` in words that go on after "the key".  */
export function readSshPublicKey(blob: Uint8Array): SshPublicKey {
  const from = sshReader(blob);
  const type = from.text();
  const read = READERS[Object.hasOwn(READERS, type) ? type : ''];
  if (read === undefined) throw new Error(whyNot(type));
  const found = read(from, type);
  from.end();
  return { type, ...found };
}

/** What `ssh-keygen -l` shows. */
export function sshFingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

type Read = (from: SshReader, type: string) => Omit<SshPublicKey, 'type'>;

const READERS: Readonly<Record<string, Read>> = {
  'ssh-ed25519': (from) => ({ key: ed25519(from) }),
  'ssh-rsa': (from) => ({ key: rsa(from) }),
  'ecdsa-sha2-nistp256': (from, type) => ({ key: ecdsa(from, type.slice(-8)) }),
  'ecdsa-sha2-nistp384': (from, type) => ({ key: ecdsa(from, type.slice(-8)) }),
  'ecdsa-sha2-nistp521': (from, type) => ({ key: ecdsa(from, type.slice(-8)) }),
  'sk-ssh-ed25519@openssh.com': (from) => ({ key: ed25519(from), application: from.string() }),
  'sk-ecdsa-sha2-nistp256@openssh.com': (from) => ({
    key: ecdsa(from, 'nistp256'),
    application: from.string(),
  }),
};

function whyNot(type: string): string {
  if (type === 'ssh-dss') return 'is a DSA key, which nobody should trust any more';
  if (/-cert-v\d\d@openssh\.com$/.test(type))
    return 'is a certificate; certificates are not taken, only keys';
  return `has the type "${type.slice(0, 60)}", which is not known`;
}

function ed25519(from: SshReader): KeyObject {
  const x = from.string();
  if (x.byteLength !== 32) throw new Error('is not an Ed25519 key');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: base64url(x) }, format: 'jwk' });
}

function ecdsa(from: SshReader, curve: string): KeyObject {
  const { crv = '', bytes = 0 } = CURVES[curve] ?? {};
  if (from.text() !== curve) throw new Error('is on another curve than it says');
  const point = from.string();
  if (point.byteLength !== 1 + 2 * bytes || point[0] !== 4) throw new Error('is not a point of its curve');
  const [x, y] = [point.subarray(1, 1 + bytes), point.subarray(1 + bytes)];
  try {
    return createPublicKey({
      key: { kty: 'EC', crv, x: base64url(x), y: base64url(y) },
      format: 'jwk',
    });
  } catch {
    throw new Error('is not a point of its curve');
  }
}

function rsa(from: SshReader): KeyObject {
  const [e, n] = [from.mpint(), from.mpint()];
  const bits = n.byteLength * 8 - Math.clz32(n[0] ?? 0) + 24;
  if (bits < 2048 || bits > 16_384) throw new Error(`is an RSA key of ${bits} bits; 2048 to 16384 are taken`);
  if (e.byteLength > 8 || e.byteLength === 0) throw new Error('is an RSA key with an exponent that none has');
  return createPublicKey({ key: { kty: 'RSA', n: base64url(n), e: base64url(e) }, format: 'jwk' });
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
