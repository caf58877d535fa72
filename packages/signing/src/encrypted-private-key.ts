import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';

/** PBKDF2 rounds. Node's own export uses 2048, too few for a file that may lie in a backup; 600,000 is what OWASP asks for with HMAC-SHA-256. */
const ITERATIONS = 600_000;

/** Encrypts a PKCS#8 PrivateKeyInfo (DER) under a passphrase: EncryptedPrivateKeyInfo (RFC 5958) with PBES2 (RFC 8018), PBKDF2 with HMAC-SHA-256 and AES-256-CBC,
 *  as PEM. OpenSSL and everything built on it reads it. */
export function encryptPrivateKey(privateKeyInfo: Uint8Array, passphrase: string): string {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = pbkdf2Sync(passphrase, salt, ITERATIONS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const encrypted = Buffer.concat([cipher.update(privateKeyInfo), cipher.final()]);
  return toPem('ENCRYPTED PRIVATE KEY', sequence(pbes2(salt, iv), octets(encrypted)));
}

function pbes2(salt: Uint8Array, iv: Uint8Array): Buffer {
  const hmacWithSha256 = sequence(identifier('2a864886f70d0209'), Buffer.from('0500', 'hex'));
  const derivation = sequence(
    identifier('2a864886f70d01050c'),
    sequence(octets(salt), integer(ITERATIONS), hmacWithSha256),
  );
  const aes256cbc = sequence(identifier('60864801650304012a'), octets(iv));
  return sequence(identifier('2a864886f70d01050d'), sequence(derivation, aes256cbc));
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

function octets(bytes: Uint8Array): Buffer {
  return element(0x04, bytes);
}

/** An object identifier by its encoded arcs in hex. */
function identifier(arcs: string): Buffer {
  return element(0x06, Buffer.from(arcs, 'hex'));
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return element(0x02, bytes);
}

/** DER: tag, length, content (X.690, section 8.1.3). An integer above keeps its leading zero byte only when it needs one. */
function element(tag: number, content: Uint8Array): Buffer {
  const body = tag === 0x02 ? shortest(content) : content;
  const size = body.byteLength;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

function shortest(integerBytes: Uint8Array): Uint8Array {
  let start = 0;
  while (
    start < integerBytes.length - 1 &&
    integerBytes[start] === 0 &&
    (integerBytes[start + 1] ?? 0) < 0x80
  )
    start++;
  return integerBytes.subarray(start);
}

function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
