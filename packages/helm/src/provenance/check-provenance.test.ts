import { readFile, writeFile } from 'node:fs/promises';
import { type Digest, digestOf, hexOf } from '@gapferry/core';
import {
  isMissing,
  makeChart,
  mustRun,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyProvenance } from './check-provenance.ts';

const ADA = 'Ada <ada@example.org>';
const BOB = 'Bob <bob@example.org>';

describe.skipIf(isMissing('gpg', 'gpgconf'))('a provenance signed by gpg', () => {
  let home: TemporaryDirectory;
  let archive: Uint8Array;
  let digest: Digest;
  let text: string;

  const gpg = (...args: readonly string[]): Promise<string> =>
    mustRun('gpg', ['--homedir', home.path, '--batch', '--yes', '--quiet', ...args]);
  const keys = async (...who: readonly string[]): Promise<Uint8Array> => {
    await gpg('--output', home.join('keys.gpg'), '--export', ...who);
    return readFile(home.join('keys.gpg'));
  };
  const sign = async (what: string, who = ADA, ...more: readonly string[]): Promise<Uint8Array> => {
    await writeFile(home.join('text'), what);
    await gpg(
      ...more,
      '--local-user',
      who,
      '--output',
      home.join('text.prov'),
      '--clearsign',
      home.join('text'),
    );
    return readFile(home.join('text.prov'));
  };
  const check = async (provenance: Uint8Array, content: Uint8Array): Promise<string> =>
    verifyProvenance(
      provenance,
      { id: 'charts.example.org/demo:1.0.0', archive: digest },
      { name: 'up.gpg', content },
    );

  beforeAll(async () => {
    home = await temporaryDirectory();
    for (const [who, kind] of [
      [ADA, 'rsa2048'],
      [BOB, 'ed25519'],
    ] as const)
      await gpg('--passphrase', '', '--quick-gen-key', who, kind, 'sign', 'never');
    const chart = await makeChart({ name: 'demo', version: '1.0.0' });
    ({ archive, digest } = chart);
    text = `apiVersion: v2\nname: demo\nversion: 1.0.0\n\n...\nfiles:\n  demo-1.0.0.tgz: ${digest}\n`;
  });
  afterAll(async () => {
    await mustRun('gpgconf', ['--homedir', home.path, '--kill', 'gpg-agent']);
    await home[Symbol.asyncDispose]();
  });

  it.each([ADA, BOB])('by %s is good, with a keyring of several keys, plain or armored', async (who) => {
    const provenance = await sign(text, who);
    const [, fingerprint] =
      /^fpr:+([0-9A-F]{40}):/m.exec(await gpg('--list-keys', '--with-colons', who)) ?? [];
    expect(await check(provenance, await keys())).toBe(fingerprint?.toLowerCase());
    const armored = await gpg('--armor', '--export', ADA);
    await check(provenance, Buffer.from(`${armored}\n${await gpg('--armor', '--export', BOB)}`));
  });

  it('is good where a chart has lines that begin with dashes, and Windows line ends', async () => {
    await check(await sign(`description: |\n  x\n- dash\n${text}`.replaceAll('\n', '\r\n')), await keys(ADA));
  });

  it('by somebody else is unknown', async () => {
    await expect(check(await sign(text, BOB), await keys(ADA))).rejects.toMatchObject({
      code: 'KEY_UNKNOWN',
      message: expect.stringContaining('up.gpg has no such key'),
    });
  });

  it('that was changed afterwards is not good', async () => {
    const other = digestOf('another archive');
    const changed = Buffer.from(await sign(text.replace(digest, other)))
      .toString()
      .replace(other, digest);
    await expect(check(Buffer.from(changed), await keys(ADA))).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringContaining('charts.example.org/demo:1.0.0'),
    });
  });

  it.each([
    ['another archive', () => text.replace(digest, digestOf('another archive'))],
    ['no archive', () => text.replace(/files:.*/su, 'files: {}\n')],
    ['text alone', () => 'hello\n'],
    ['the digest elsewhere', () => `${digest}\n...\nfile: ${digest}\n`],
    ['a third part', () => `${text}\n...\nmore: 1\n`],
  ])('that signs %s is not good', async (_, what) => {
    await expect(check(await sign(what()), await keys(ADA))).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
  });

  it('over an outdated hash is not good', async () => {
    const weak = await sign(text, ADA, '--digest-algo', 'SHA1', '--allow-weak-digest-algos');
    await expect(check(weak, await keys(ADA))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('that is damaged, or none, is not good', async () => {
    const good = Buffer.from(await sign(text)).toString();
    const [signed = '', signature = ''] = good.split('-----BEGIN PGP SIGNATURE-----');
    for (const bad of [
      'hello',
      '-----BEGIN PGP SIGNED MESSAGE-----\n…',
      signed,
      good.replace('Hash: SHA', 'Hash: XYZ'),
      `${signed}-----BEGIN PGP SIGNATURE-----${signature.slice(0, 60)}\n-----END PGP SIGNATURE-----\n`,
      `\u00ff${good}`,
    ])
      await expect(check(Buffer.from(bad), await keys(ADA))).rejects.toMatchObject({
        code: 'SIGNATURE_INVALID',
      });
  });

  it('cannot be checked with something that holds no keys', async () => {
    const provenance = await sign(text);
    const box = await readFile(home.join('pubring.kbx'));
    for (const content of [box, Buffer.from('hello'), Buffer.alloc(0), provenance])
      await expect(check(provenance, content)).rejects.toMatchObject({
        code: 'KEY_UNUSABLE',
        hint: expect.stringContaining('gpg --export'),
      });
  });

  it('by an expired or revoked key is not good', async () => {
    await gpg('--passphrase', '', '--quick-gen-key', 'Eve <eve@example.org>', 'rsa2048', 'sign', 'never');
    const provenance = await sign(text, 'Eve <eve@example.org>');
    await check(provenance, await keys('Eve'));
    const listed = await gpg('--list-keys', '--with-colons', 'Eve');
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? '';
    const revocation = await readFile(home.join(`openpgp-revocs.d/${fingerprint}.rev`), 'utf8');
    await writeFile(home.join('rev'), revocation.replace(/^:-/m, '-'));
    await gpg('--import', home.join('rev'));
    await expect(check(provenance, await keys('Eve'))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it.skipIf(isMissing('helm'))('is what helm makes, and helm agrees', async () => {
    await writeFile(home.join('demo-1.0.0.tgz'), archive);
    await mustRun('tar', ['-xzf', home.join('demo-1.0.0.tgz'), '-C', home.path]);
    await gpg(
      '--output',
      home.join('secret.gpg'),
      '--passphrase',
      '',
      '--pinentry-mode',
      'loopback',
      '--export-secret-keys',
      ADA,
    );
    const helm = (...args: readonly string[]): Promise<string> =>
      mustRun('helm', args, { cwd: home.path, env: { HOME: home.path, PATH: process.env['PATH'] } });
    await helm('package', 'demo', '--sign', '--key', 'Ada', '--keyring', home.join('secret.gpg'));
    const [packed, provenance] = await Promise.all(
      ['demo-1.0.0.tgz', 'demo-1.0.0.tgz.prov'].map((name) => readFile(home.join(name))),
    );
    await verifyProvenance(
      provenance ?? Buffer.alloc(0),
      { id: 'demo', archive: digestOf(packed ?? '') },
      { name: 'up.gpg', content: await keys(ADA) },
    );
    await writeFile(home.join('demo-1.0.0.tgz'), archive);
    await writeFile(home.join('demo-1.0.0.tgz.prov'), await sign(text));
    await writeFile(home.join('public.gpg'), await keys(ADA));
    const told = await helm('verify', 'demo-1.0.0.tgz', '--keyring', home.join('public.gpg'));
    expect(told).toContain(hexOf(digest));
    await check(await sign(text), await keys(ADA));
  });
});
