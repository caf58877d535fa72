import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { digestOf, quietRun, type SignedFile } from '@gapferry/core';
import { isMissing, mustRun, temporaryDirectory } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { type FixtureKind, readFixture } from '../testing/read-fixture.ts';
import { fileVerifier } from './file-verifier.ts';

const run = quietRun();
const fileOf = (bytes: Uint8Array, size = bytes.byteLength): SignedFile => ({
  size,
  async *open() {
    for (let at = 0; at < bytes.byteLength; at += 100) yield bytes.subarray(at, at + 100);
  },
});

function verify(kind: FixtureKind, signature: Uint8Array, bytes?: Uint8Array, pem?: string) {
  const fixture = readFixture(kind);
  const content = Buffer.from(pem ?? fixture.demand.pem);
  return fileVerifier({ kind: 'key', name: 'tool.pub', content }).verify(
    fileOf(bytes ?? fixture.manifest),
    signature,
    run,
  );
}

/** What cosign writes without `--bundle`: the signature alone, in base64. */
function bareSignature(kind: FixtureKind): string {
  const { messageSignature } = JSON.parse(Buffer.from(readFixture(kind).signBlob.bytes).toString()) as {
    messageSignature: { signature: string };
  };
  return messageSignature.signature;
}

describe('what cosign sign-blob signed', () => {
  it.each(['p256', 'p384', 'rsa'] as const)(
    'with a %s key is good, as a bundle, base64 or bytes',
    async (kind) => {
      const der = await mustDer(readFixture(kind).demand.pem);
      const checked = { by: 'cosign-key', key: `sha256:${createHash('sha256').update(der).digest('hex')}` };
      const bare = bareSignature(kind);
      for (const signature of [
        readFixture(kind).signBlob.bytes,
        Buffer.from(`${bare}\n`),
        Buffer.from(bare, 'base64'),
      ])
        expect(await verify(kind, signature)).toEqual(checked);
    },
  );

  it.each(['p256', 'rsa'] as const)('with a %s key is not good for other bytes', async (kind) => {
    const other = Buffer.concat([readFixture(kind).manifest, Buffer.from(' ')]);
    for (const signature of [readFixture(kind).signBlob.bytes, Buffer.from(bareSignature(kind))])
      await expect(verify(kind, signature, other)).rejects.toMatchObject({
        code: 'SIGNATURE_INVALID',
        message: expect.stringContaining('tool.pub'),
      });
  });

  it('is not good for another key', async () => {
    const { pem } = readFixture('p384').demand;
    await expect(verify('p256', readFixture('p256').signBlob.bytes, undefined, pem)).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
  });

  it('is not good when the bundle says another digest', async () => {
    const text = Buffer.from(readFixture('p256').signBlob.bytes).toString();
    const bundle = JSON.parse(text) as { messageSignature: { messageDigest: { digest: string } } };
    bundle.messageSignature.messageDigest.digest = Buffer.from(digestOf('x').slice(7), 'hex').toString(
      'base64',
    );
    await expect(verify('p256', Buffer.from(JSON.stringify(bundle)))).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
  });

  it('is not a mebibyte of spaces, and that is seen at once', async () => {
    await expect(verify('p256', Buffer.from(`A${' '.repeat(1 << 20)}!`))).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
  });

  it.each(['', 'hello?', '{}', '{"mediaType":"x"}', '{'])('is not %j', async (text) => {
    await expect(verify('p256', Buffer.from(text))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('is not an attestation', async () => {
    await expect(verify('p256', readFixture('p256').attest.bytes)).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
  });

  it('cannot be checked with what is no key', () => {
    expect(() => verify('p256', Buffer.alloc(0), undefined, 'hello')).toThrow(
      expect.objectContaining({ code: 'KEY_UNUSABLE' }),
    );
  });

  it.skipIf(isMissing('openssl'))('is what openssl signs too, with ECDSA and Ed25519', async () => {
    await using directory = await temporaryDirectory();
    const text = Buffer.alloc(300_000, 'some text ');
    await writeFile(directory.join('t'), text);
    const openssl = (...args: readonly string[]) => mustRun('openssl', args, { cwd: directory.path });
    for (const [algorithm, sign] of [
      [
        ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
        ['dgst', '-sha256', '-sign', 'k', '-out', 's', 't'],
      ],
      [['ED25519'], ['pkeyutl', '-sign', '-inkey', 'k', '-rawin', '-in', 't', '-out', 's']],
    ] as const) {
      await openssl('genpkey', '-algorithm', ...algorithm, '-out', 'k');
      const pem = await openssl('pkey', '-in', 'k', '-pubout');
      await openssl(...sign);
      const { readFile } = await import('node:fs/promises');
      const signature = await readFile(directory.join('s'));
      expect(await verify('p256', signature, text, pem)).toMatchObject({ by: 'cosign-key' });
      await expect(verify('p256', signature, text.subarray(1), pem)).rejects.toMatchObject({
        code: 'SIGNATURE_INVALID',
      });
    }
  });

  it('by an Ed25519 key is refused for a file that does not fit into memory', async () => {
    const { demand } = readFixture('ed25519');
    const verifier = fileVerifier({ kind: 'key', name: 'tool.pub', content: Buffer.from(demand.pem) });
    await expect(
      verifier.verify(fileOf(Buffer.alloc(1), 67_108_865), Buffer.alloc(64), run),
    ).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });
});

async function mustDer(pem: string): Promise<Buffer> {
  return Buffer.from(pem.replace(/-----[^-]*-----|\s/g, ''), 'base64');
}
