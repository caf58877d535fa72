import { readFile, writeFile } from 'node:fs/promises';
import { type GitSigner, type GitSigners, isGapferryError } from '@gapferry/core';
import {
  isMissing,
  mustRun,
  runProcess,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitSignatureVerifier, requireUsableSigners } from './git-signature-verifier.ts';

const PAYLOAD = 'tree 0\ncommitter Ada <ada@example.org> 1717243200 +0000\n\nhello\n';
/** 2024-06-01T12:00:00Z. */
const SECONDS = 1_717_243_200;

/** Whatever stands behind the payload is the signature. */
const verifier = gitSignatureVerifier(({ content }) => {
  const text = Buffer.from(content).toString('latin1');
  const at = text.indexOf('-----BEGIN');
  return at < 0
    ? undefined
    : { payload: Buffer.from(text.slice(0, at), 'latin1'), signature: text.slice(at), seconds: SECONDS };
});

function verify(content: string | Uint8Array, signers: GitSigners): Promise<GitSigner> {
  return verifier.verify({ oid: '0'.repeat(40), type: 'commit', content: Buffer.from(content) }, signers);
}

describe.skipIf(isMissing('ssh-keygen'))('what ssh-keygen signed', () => {
  let home: TemporaryDirectory;
  const KINDS = ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521', 'rsa-2048'] as const;

  beforeAll(async () => {
    home = await temporaryDirectory();
    await Promise.all(
      [...KINDS, 'rsa-1024', 'ed25519-2'].map((kind) => {
        const [type = '', bits] = kind.split('-');
        const size = bits === undefined || bits === '2' ? [] : ['-b', bits];
        return mustRun('ssh-keygen', ['-q', '-t', type, ...size, '-N', '', '-C', '', '-f', home.join(kind)]);
      }),
    );
    await writeFile(home.join('payload'), PAYLOAD);
  });
  afterAll(() => home[Symbol.asyncDispose]());

  const publicKey = async (kind: string): Promise<string> =>
    (await readFile(home.join(`${kind}.pub`), 'utf8')).trim();
  const sign = async (kind: string, namespace = 'git', ...more: readonly string[]): Promise<string> => {
    await mustRun('ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, '-f', home.join(kind), ...more], {
      input: PAYLOAD,
    }).then((signature) => writeFile(home.join('sig'), signature));
    return readFile(home.join('sig'), 'utf8');
  };
  const signers = (text: string): GitSigners => ({
    allowedSigners: { name: 'signers', content: Buffer.from(text) },
  });
  /** What ssh-keygen says, as git asks it. */
  const judge = async (
    signature: string,
    allowed: string,
    principal = 'ada@example.org',
  ): Promise<boolean> => {
    await writeFile(home.join('judged.sig'), signature);
    await writeFile(home.join('signers'), `${allowed}\n`);
    const { code } = await runProcess(
      'ssh-keygen',
      [
        ...['-Y', 'verify', '-n', 'git', '-f', home.join('signers'), '-I', principal],
        ...['-s', home.join('judged.sig'), '-Overify-time=20240601120000Z'],
      ],
      { input: PAYLOAD, env: { ...process.env, TZ: 'UTC' } },
    );
    return code === 0;
  };

  it.each(KINDS)('with a key of kind %s is good', async (kind) => {
    const allowed = `ada@example.org ${await publicKey(kind)}`;
    for (const hash of ['sha256', 'sha512']) {
      const signature = await sign(kind, 'git', `-Ohashalg=${hash}`);
      const shown = await mustRun('ssh-keygen', ['-l', '-f', home.join(`${kind}.pub`)]);
      expect(await verify(`${PAYLOAD}${signature}`, signers(allowed))).toEqual({
        by: 'git-ssh',
        key: shown.split(' ')[1],
        principal: 'ada@example.org',
      });
      expect(await judge(signature, allowed)).toBe(true);
    }
  });

  it.each(KINDS)('with a key of kind %s is not good over other content', async (kind) => {
    const allowed = signers(`ada@example.org ${await publicKey(kind)}`);
    const signature = await sign(kind);
    await expect(verify(`${PAYLOAD.replace('hello', 'hellp')}${signature}`, allowed)).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringContaining('is not over its content'),
    });
  });

  it('is not good when any byte of it is another', async () => {
    const allowed = signers(`ada@example.org ${await publicKey('ed25519')}`);
    const signature = await sign('ed25519');
    const bytes = Buffer.from(signature.split('\n').slice(1, -2).join(''), 'base64');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const armored = `-----BEGIN SSH SIGNATURE-----\n${changed.toString('base64')}\n-----END SSH SIGNATURE-----\n`;
      const failed = await verify(`${PAYLOAD}${armored}`, allowed).catch((error: unknown) => error);
      expect(isGapferryError(failed) && failed.category, `byte ${at}`).toBe('trust');
    }
  });

  it('by a key that nobody named is unknown, and is named', async () => {
    const allowed = signers(`ada@example.org ${await publicKey('ed25519-2')}`);
    const shown = await mustRun('ssh-keygen', ['-l', '-f', home.join('ed25519.pub')]);
    await expect(verify(`${PAYLOAD}${await sign('ed25519')}`, allowed)).rejects.toMatchObject({
      code: 'KEY_UNKNOWN',
      message: `is signed by the SSH key ${shown.split(' ')[1]}, which signers does not name`,
    });
  });

  it('for something else than Git is not good', async () => {
    const allowed = `ada@example.org ${await publicKey('ed25519')}`;
    const signature = await sign('ed25519', 'file');
    await expect(verify(`${PAYLOAD}${signature}`, signers(allowed))).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringContaining('for "file"'),
    });
    expect(await judge(signature, allowed)).toBe(false);
  });

  it('with a short RSA key is not good', async () => {
    const signature = await sign('rsa-1024').catch(() => undefined);
    const line = `ada@example.org ${await publicKey('rsa-1024')}`;
    await expect(requireUsableSigners(signers(line))).rejects.toMatchObject({
      code: 'KEY_UNUSABLE',
      message: expect.stringContaining('1024 bits'),
    });
    const allowed = signers(`ada@example.org ${await publicKey('ed25519')}`);
    if (signature !== undefined)
      await expect(verify(`${PAYLOAD}${signature}`, allowed)).rejects.toMatchObject({
        code: 'SIGNATURE_INVALID',
      });
  });

  it('does not count without a name and a time in the object, as with git', async () => {
    const nameless = gitSignatureVerifier(({ content }) => ({
      payload: Buffer.from(PAYLOAD),
      signature: Buffer.from(content).toString(),
    }));
    const content = Buffer.from(await sign('ed25519'));
    await expect(
      nameless.verify(
        { oid: '0'.repeat(40), type: 'tag', content },
        signers(`a ${await publicKey('ed25519')}`),
      ),
    ).rejects.toMatchObject({ code: 'SIGNATURE_INVALID', message: expect.stringContaining('and when') });
  });

  const LINES: ReadonlyArray<readonly [line: string, principal: string, good: boolean]> = [
    ['ada@example.org KEY', 'ada@example.org', true],
    ['"ada@example.org" KEY', 'ada@example.org', true],
    ['bob@example.org,ada@example.org KEY', 'bob@example.org', true],
    ['*@example.org KEY', '*@example.org', true],
    ['*@example.org,!*@example.org KEY', '*@example.org', false],
    ['ada@example.org namespaces="git" KEY', 'ada@example.org', true],
    ['ada@example.org NAMESPACES="file,git" KEY', 'ada@example.org', true],
    ['ada@example.org namespaces="g?t" KEY', 'ada@example.org', true],
    ['ada@example.org namespaces="file" KEY', 'ada@example.org', false],
    ['ada@example.org namespaces="*,!git" KEY', 'ada@example.org', false],
    ['ada@example.org valid-after="20240601" KEY', 'ada@example.org', true],
    ['ada@example.org valid-after="20240601120000Z" KEY', 'ada@example.org', true],
    ['ada@example.org valid-after="20240601120001Z" KEY', 'ada@example.org', false],
    ['ada@example.org valid-before="202406011200" KEY', 'ada@example.org', true],
    ['ada@example.org valid-before="20240601115959Z" KEY', 'ada@example.org', false],
    ['ada@example.org valid-after="20240101",valid-before="20250101" KEY comment', 'ada@example.org', true],
    ['ada@example.org namespaces="git",valid-before="20240101" KEY', 'ada@example.org', false],
    ['# nobody OTHER\n\n  \nada@example.org KEY', 'ada@example.org', true],
    ['bob@example.org namespaces="file" KEY\nada@example.org KEY', 'ada@example.org', true],
  ];

  it.each(LINES)('is judged as ssh-keygen judges it with the line %s', async (line, principal, good) => {
    const allowed = line.replaceAll('KEY', await publicKey('ed25519'));
    const signature = await sign('ed25519');
    const found = await verify(`${PAYLOAD}${signature}`, signers(allowed)).catch((error: unknown) => error);
    expect(isGapferryError(found, 'KEY_UNKNOWN') ? false : (found as { principal: string }).principal).toBe(
      good && principal,
    );
    expect(await judge(signature, allowed, principal)).toBe(good);
  });

  it.each([
    ['ada@example.org cert-authority KEY', 'cert-authority'],
    ['ada@example.org KEY extra', undefined],
    ['ada@example.org', 'no key'],
    ['ada@example.org ssh-ed25519', 'no key'],
    ['ada@example.org ssh-ed25519 !!!!', 'not base64'],
    ['ada@example.org ssh-ed25519 AAAA', 'ends too early'],
    ['ada@example.org no-pty KEY', 'option "no-pty" is not known'],
    ['ada@example.org namespaces=git KEY', 'not known'],
    ['ada@example.org namespaces="git",namespaces="file" KEY', 'twice'],
    ['ada@example.org valid-after="2024" KEY', 'is no time'],
    ['ada@example.org valid-after="20240231" KEY', 'is no time'],
    ['ada@example.org valid-after="20250101",valid-before="20240101" KEY', 'is not after'],
    ['"ada@example.org KEY', 'quote is not closed'],
    ['"" KEY', 'no principals'],
    [`ada@example.org ssh-dss ${Buffer.from('\0\0\0\x07ssh-dss').toString('base64')}`, 'DSA'],
    ['', 'names no key'],
  ])('is not held against a file with the line %s', async (line, why) => {
    const file = signers(`\n${line.replaceAll('KEY', await publicKey('ed25519'))}\n`);
    if (why === undefined) return expect(await requireUsableSigners(file)).toBeUndefined();
    await expect(requireUsableSigners(file)).rejects.toMatchObject({
      code: 'KEY_UNUSABLE',
      message: expect.stringContaining(why),
    });
    return undefined;
  });

  it('is told with the file and its line', async () => {
    const text = `a ${await publicKey('ed25519')}\n\nb cert-authority ${await publicKey('ed25519')}\n`;
    await expect(requireUsableSigners(signers(text))).rejects.toMatchObject({
      message: expect.stringContaining('signers:3'),
    });
  });

  it('is not good with something behind it, or damaged', async () => {
    const allowed = signers(`ada@example.org ${await publicKey('ed25519')}`);
    const good = await sign('ed25519');
    for (const bad of [
      `${good}more\n`,
      `${good}${good}`,
      good.replace('-----END SSH SIGNATURE-----\n', ''),
      good.replace('\n', '\n\n \n'),
      good.slice(0, 60),
      `-----BEGIN SSH SIGNATURE-----\n${'A'.repeat(70_000)}\n-----END SSH SIGNATURE-----\n`,
    ])
      await expect(verify(`${PAYLOAD}${bad}`, allowed), bad.slice(-60)).rejects.toMatchObject({
        code: 'SIGNATURE_INVALID',
      });
    await verify(`${PAYLOAD}${good.replaceAll('\n', '\r\n')}`, allowed);
  });
});

describe('a tag or commit', () => {
  const keyring = { name: 'up.gpg', content: Buffer.from('-') };
  const allowedSigners = { name: 'signers', content: Buffer.from('-') };

  it('without a signature is not signed', async () => {
    await expect(verify(PAYLOAD, { keyring })).rejects.toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: 'is not signed',
    });
  });

  it.each([
    ['SSH', '-----BEGIN SSH SIGNATURE-----\n', { keyring }],
    ['OpenPGP', '-----BEGIN PGP SIGNATURE-----\n', { allowedSigners }],
    ['X.509', '-----BEGIN SIGNED MESSAGE-----\n', { keyring, allowedSigners }],
  ])('that is signed with %s is nobody’s where that is not taken', async (what, signature, signers) => {
    await expect(verify(`${PAYLOAD}${signature}`, signers)).rejects.toMatchObject({
      code: 'KEY_UNKNOWN',
      message: expect.stringContaining(what),
    });
  });
});
