import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { isMissing, runProcess, temporaryDirectory } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { isSshSignatureOf, readSshSignature } from './ssh-signature.ts';
import { sshString } from './ssh-wire.ts';

const PAYLOAD = Buffer.from('committer Ada <ada@example.org> 1717243200 +0000\n\nhello\n');

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const coordinates = (key: KeyObject): Buffer[] => {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return [x, y].map((text) => Buffer.from(text, 'base64url'));
};
const mpint = (bytes: Uint8Array): Uint8Array => {
  const first = bytes.findIndex((byte) => byte !== 0);
  const short = bytes.subarray(first);
  return sshString((short[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), short]) : short);
};

/** What is signed, and what an armored signature is made of (PROTOCOL.sshsig), by hand. */
const toSign = (hash = 'sha512'): Uint8Array =>
  Buffer.concat([
    Buffer.from('SSHSIG'),
    ...['git', '', hash].map(sshString),
    sshString(createHash(hash).update(PAYLOAD).digest()),
  ]);
const armored = (
  keyBlob: Uint8Array,
  signature: Uint8Array,
  { version = 1, hash = 'sha512' } = {},
): string => {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(version);
  const parts = [keyBlob, 'git', '', hash, signature].map(sshString);
  const base64 = Buffer.concat([Buffer.from('SSHSIG'), number, ...parts]).toString('base64');
  const lines = base64.match(/.{1,70}/g)?.join('\n');
  return `-----BEGIN SSH SIGNATURE-----\n${lines}\n-----END SSH SIGNATURE-----\n`;
};

interface MadeByHand {
  readonly type: string;
  readonly keyBlob: Uint8Array;
  readonly signature: string;
}

/** As a token does it: PROTOCOL.u2f. */
function byToken(kind: 'ed25519' | 'ecdsa', flags = 1): MadeByHand {
  const trailer = Buffer.from([flags, 0, 0, 0, 7]);
  const data = Buffer.concat([sha256(Buffer.from('ssh:')), trailer, sha256(toSign())]);
  if (kind === 'ed25519') {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const type = 'sk-ssh-ed25519@openssh.com';
    const keyBlob = Buffer.concat([type, coordinates(publicKey)[0] ?? '', 'ssh:'].map(sshString));
    const raw = Buffer.concat([sshString(type), sshString(sign(undefined, data, privateKey)), trailer]);
    return { type, keyBlob, signature: armored(keyBlob, raw) };
  }
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const type = 'sk-ecdsa-sha2-nistp256@openssh.com';
  const point = Buffer.concat([Buffer.from([4]), ...coordinates(publicKey)]);
  const keyBlob = Buffer.concat([type, 'nistp256', point, 'ssh:'].map(sshString));
  const fixed = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const inner = Buffer.concat([mpint(fixed.subarray(0, 32)), mpint(fixed.subarray(32))]);
  const raw = Buffer.concat([sshString(type), sshString(inner), trailer]);
  return { type, keyBlob, signature: armored(keyBlob, raw) };
}

function byRsa(algorithm: string, hash: string): MadeByHand {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { e = '', n = '' } = publicKey.export({ format: 'jwk' });
  const numbers = [e, n].map((text) => mpint(Buffer.from(text, 'base64url')));
  const keyBlob = Buffer.concat([sshString('ssh-rsa'), ...numbers]);
  const raw = Buffer.concat([algorithm, sign(hash, toSign(), privateKey)].map(sshString));
  return { type: 'ssh-rsa', keyBlob, signature: armored(keyBlob, raw) };
}

async function judgedBySshKeygen({ type, keyBlob, signature }: MadeByHand): Promise<boolean> {
  await using home = await temporaryDirectory();
  await writeFile(home.join('sig'), signature);
  await writeFile(home.join('signers'), `ada ${type} ${Buffer.from(keyBlob).toString('base64')}\n`);
  const files = ['-f', home.join('signers'), '-s', home.join('sig')];
  const args = ['-Y', 'verify', '-n', 'git', '-I', 'ada', ...files];
  return (await runProcess('ssh-keygen', args, { input: PAYLOAD })).code === 0;
}

describe('a signature', () => {
  it.each(['ed25519', 'ecdsa'] as const)(
    'of a security token (%s) is over flags and counter as well',
    (kind) => {
      const { signature } = byToken(kind);
      expect(isSshSignatureOf(readSshSignature(signature), PAYLOAD)).toBe(true);
      const bytes = Buffer.from(signature.split('\n').slice(1, -2).join(''), 'base64');
      bytes[bytes.length - 1] = 8;
      const other = `-----BEGIN SSH SIGNATURE-----\n${bytes.toString('base64')}\n-----END SSH SIGNATURE-----`;
      expect(isSshSignatureOf(readSshSignature(other), PAYLOAD)).toBe(false);
    },
  );

  it('with SHA-1 is not taken, with SHA-2 it is', () => {
    for (const [algorithm, hash] of [
      ['rsa-sha2-256', 'sha256'],
      ['rsa-sha2-512', 'sha512'],
    ] as const)
      expect(isSshSignatureOf(readSshSignature(byRsa(algorithm, hash).signature), PAYLOAD)).toBe(true);
    expect(() => isSshSignatureOf(readSshSignature(byRsa('ssh-rsa', 'sha1').signature), PAYLOAD)).toThrow(
      'SHA-1',
    );
  });

  it('must be made with the algorithm of its key', () => {
    const { keyBlob } = byToken('ed25519');
    const raw = Buffer.concat(['ssh-ed25519', Buffer.alloc(64)].map(sshString));
    expect(() => isSshSignatureOf(readSshSignature(armored(keyBlob, raw)), PAYLOAD)).toThrow(
      'by a key of type sk-ssh-ed25519@openssh.com',
    );
  });

  it.each([
    ['of another version', { version: 2 }, 'version 2'],
    ['over another hash', { hash: 'md5' }, 'hash "md5"'],
  ])('%s is not read', (_, options, why) => {
    expect(() => readSshSignature(armored(byToken('ed25519').keyBlob, Buffer.alloc(0), options))).toThrow(
      why,
    );
  });

  it.each([
    ['DSA', sshString('ssh-dss'), 'DSA'],
    ['a certificate', sshString('ssh-ed25519-cert-v01@openssh.com'), 'certificate'],
    ['an unknown kind', sshString('ssh-quantum'), '"ssh-quantum"'],
    ['no kind', sshString('__proto__'), '"__proto__"'],
    ['a length that is not there', Buffer.from([0xff, 0xff, 0xff, 0xff]), 'too early'],
    [
      'a point of no curve',
      Buffer.concat(['ecdsa-sha2-nistp256', 'nistp256', `\u0004${'a'.repeat(64)}`].map(sshString)),
      'point',
    ],
    [
      'another curve',
      Buffer.concat(['ecdsa-sha2-nistp256', 'nistp384', 'x'].map(sshString)),
      'another curve',
    ],
    ['more than a key', Buffer.concat(['ssh-ed25519', Buffer.alloc(32), 'more'].map(sshString)), 'more than'],
    [
      'a negative number',
      Buffer.concat(['ssh-rsa', Buffer.from([0x80]), Buffer.from([1])].map(sshString)),
      'negative',
    ],
  ])('by a key of %s is not read', (_, keyBlob, why) => {
    expect(() => readSshSignature(armored(keyBlob, Buffer.alloc(0)))).toThrow(why);
  });

  it.skipIf(isMissing('ssh-keygen'))('is what ssh-keygen takes for one as well', async () => {
    for (const made of [
      byToken('ed25519'),
      byToken('ecdsa'),
      byToken('ed25519', 0),
      byRsa('rsa-sha2-256', 'sha256'),
    ]) {
      expect(isSshSignatureOf(readSshSignature(made.signature), PAYLOAD)).toBe(true);
      expect(await judgedBySshKeygen(made), made.type).toBe(true);
    }
    expect(await judgedBySshKeygen(byRsa('ssh-rsa', 'sha1'))).toBe(false);
  });
});
