import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, quietRun } from '@gapferry/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair } from './generate-key-pair.ts';
import { keySigner } from './key-signer.ts';
import { keyVerifier } from './key-verifier.ts';
import { privateSigstore } from './testing/private-sigstore.ts';

let dir = '';
const COSIGN = process.env['GAPFERRY_COSIGN'] ?? 'cosign';
const FOUND = cosign(['version']).status === 0;
const WHY = 'cosign v3 is neither on PATH nor in GAPFERRY_COSIGN';
const PREDICATE_TYPE = 'https://gapferry.dev/release/v1';

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gapferry-cosign-'));
  for (const name of ['manifest.json', 'packs.json', 'other.json']) write(name, `{"name":"${name}"}`);
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('cosign, without network,', () => {
  it.for(['p256', 'p384', 'ed25519'] as const)(
    'accepts what a %s key signed for every subject, and for no other file',
    { timeout: 60_000 },
    async (kind, { skip }) => {
      skip(!FOUND, WHY);
      const { privatePem, publicPem } = generateKeyPair(kind);
      const bytes = statement('manifest.json', 'packs.json');
      const payload = { type: 'application/vnd.in-toto+json', bytes };
      write('key.pub', publicPem);
      write('release.sigstore.json', await keySigner({ privatePem }).sign(payload, quietRun()));
      expect(verifyBlob('manifest.json')).toMatchObject({
        status: 0,
        text: expect.stringContaining('Verified OK'),
      });
      expect(verifyBlob('packs.json')).toMatchObject({ status: 0 });
      expect(verifyBlob('other.json')).toMatchObject({ status: 1, text: expect.stringContaining('digest') });
    },
  );

  it('does not accept another key', { timeout: 60_000 }, async ({ skip }) => {
    skip(!FOUND, WHY);
    const payload = { type: 'application/vnd.in-toto+json', bytes: statement('manifest.json') };
    const { privatePem } = generateKeyPair();
    write('release.sigstore.json', await keySigner({ privatePem }).sign(payload, quietRun()));
    write('key.pub', generateKeyPair().publicPem);
    expect(verifyBlob('manifest.json').status).toBe(1);
  });

  it('makes bundles with a key that are accepted here', { timeout: 60_000 }, ({ skip }) => {
    skip(!FOUND, WHY);
    write('predicate.json', '{"n":1}');
    expect(cosign(['generate-key-pair', '--output-key-prefix', 'by-cosign']).status).toBe(0);
    const signed = cosign([
      ...[
        'attest-blob',
        '--key',
        'by-cosign.key',
        '--use-signing-config=false',
        '--tlog-upload=false',
        '--yes',
      ],
      ...['--type', PREDICATE_TYPE, '--predicate', 'predicate.json', '--bundle', 'b.json', 'manifest.json'],
    ]);
    expect(signed).toMatchObject({ status: 0 });
    const key = { id: 'by-cosign', owner: 'anna', pem: readFileSync(join(dir, 'by-cosign.pub'), 'utf8') };
    const verified = keyVerifier().verify(readFileSync(join(dir, 'b.json')), [key]);
    expect(JSON.parse(Buffer.from(verified.bytes).toString())).toMatchObject({ predicate: { n: 1 } });
  });
});

describe('the private Sigstore of our tests', () => {
  it('is one that cosign accepts too: this identity, of this issuer, for this file, under this root', {
    timeout: 60_000,
  }, async ({ skip }) => {
    skip(!FOUND, WHY);
    const sigstore = await privateSigstore();
    const by = {
      identity: 'https://ci.example/app',
      issuer: 'https://issuer.example',
      proof: 'log',
    } as const;
    const { bytes } = await sigstore.bundle(digestOf(readFileSync(join(dir, 'manifest.json'))), by);
    write('signed.json', bytes);
    write('root.json', sigstore.trustedRoot());
    write('other-root.json', (await privateSigstore()).trustedRoot());
    const verified = (file: string, identity: string, root: string): number | null =>
      cosign([
        ...['verify-blob-attestation', '--bundle', 'signed.json', '--trusted-root', root],
        ...['--certificate-identity', identity, '--certificate-oidc-issuer', by.issuer],
        ...['--type', 'https://sigstore.dev/cosign/sign/v1', file],
      ]).status;
    expect(verified('manifest.json', by.identity, 'root.json')).toBe(0);
    expect(verified('other.json', by.identity, 'root.json')).toBe(1);
    expect(verified('manifest.json', `${by.identity}x`, 'root.json')).toBe(1);
    expect(verified('manifest.json', by.identity, 'other-root.json')).toBe(1);
  });
});

function verifyBlob(file: string): { status: number | null; text: string } {
  return cosign([
    ...['verify-blob-attestation', '--key', 'key.pub', '--bundle', 'release.sigstore.json'],
    ...['--insecure-ignore-tlog', '--type', PREDICATE_TYPE, file],
  ]);
}

function cosign(args: readonly string[]): { status: number | null; text: string } {
  const env = { ...process.env, HOME: dir, COSIGN_PASSWORD: '' };
  const { status, stdout, stderr } = spawnSync(COSIGN, args, {
    cwd: dir || undefined,
    encoding: 'utf8',
    env,
  });
  return { status, text: `${stdout ?? ''}${stderr ?? ''}` };
}

function statement(...names: readonly string[]): Buffer {
  const subject = names.map((name) => {
    const sha256 = createHash('sha256')
      .update(readFileSync(join(dir, name)))
      .digest('hex');
    return { name, digest: { sha256 } };
  });
  const predicate = { channel: 'line-a', sequence: 17 };
  const _type = 'https://in-toto.io/Statement/v1';
  return Buffer.from(JSON.stringify({ _type, subject, predicateType: PREDICATE_TYPE, predicate }));
}

function write(name: string, content: string | Uint8Array): void {
  writeFileSync(join(dir, name), content);
}
