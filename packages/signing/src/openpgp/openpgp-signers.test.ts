import { readFile, writeFile } from 'node:fs/promises';
import { isMissing, mustRun, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPgpSigners } from './openpgp-signers.ts';

const ADA = 'Ada <ada@example.org>';
const BOB = 'Bob <bob@example.org>';
const TEXT = 'name: demo\n\n- a line that begins with a dash\n';

describe.skipIf(isMissing('gpg', 'gpgconf'))('what gpg signed', () => {
  let home: TemporaryDirectory;

  const gpg = (...args: readonly string[]): Promise<string> =>
    mustRun('gpg', ['--homedir', home.path, '--batch', '--yes', '--quiet', ...args]);
  const keys = async (...who: readonly string[]): Promise<Uint8Array> => {
    await gpg('--output', home.join('keys.gpg'), '--export', ...who);
    return readFile(home.join('keys.gpg'));
  };
  const sign = async (how: string, who = ADA, ...more: readonly string[]): Promise<Uint8Array> => {
    const [text, signed] = [home.join('text'), home.join('text.sig')];
    await writeFile(text, TEXT);
    const users = who === '' ? [] : ['--local-user', who];
    await gpg(...more, ...users, '--armor', '--output', signed, how, text);
    return readFile(signed);
  };
  const checkText = async (message: Uint8Array | string, content: Uint8Array): Promise<string> =>
    (await openPgpSigners({ name: 'up.gpg', content }).verifyText(Buffer.from(message))).fingerprint;
  const checkDetached = async (
    signature: Uint8Array | string,
    content: Uint8Array,
    data = TEXT,
  ): Promise<string> =>
    openPgpSigners({ name: 'up.gpg', content }).verifyDetached(
      Buffer.from(data),
      Buffer.from(signature).toString(),
    );
  const fingerprintOf = async (who: string): Promise<string> =>
    /^fpr:+([0-9A-F]{40}):/m.exec(await gpg('--list-keys', '--with-colons', who))?.[1]?.toLowerCase() ?? '';

  beforeAll(async () => {
    home = await temporaryDirectory();
    for (const [who, kind] of [
      [ADA, 'rsa2048'],
      [BOB, 'ed25519'],
    ] as const)
      await gpg('--passphrase', '', '--quick-gen-key', who, kind, 'sign', 'never');
  });
  afterAll(async () => {
    await mustRun('gpgconf', ['--homedir', home.path, '--kill', 'gpg-agent']);
    await home[Symbol.asyncDispose]();
  });

  it.each([ADA, BOB])('by %s is good, with a keyring of several keys, plain or armored', async (who) => {
    const [text, detached] = [await sign('--clearsign', who), await sign('--detach-sign', who)];
    const armored = [await gpg('--armor', '--export', ADA), await gpg('--armor', '--export', BOB)].join('\n');
    const fingerprint = await fingerprintOf(who);
    for (const content of [await keys(), Buffer.from(armored)]) {
      expect(await checkText(text, content)).toBe(fingerprint);
      expect(await checkDetached(detached, content)).toBe(fingerprint);
    }
  });

  it('over a file is good, armored or not, and by one of several', async () => {
    const content = await keys();
    const checkFile = (signature: Uint8Array, data = TEXT): Promise<string> =>
      openPgpSigners({ name: 'up.gpg', content }).verifyFile(inPieces(data), signature);
    const fingerprint = await fingerprintOf(ADA);
    const armored = await sign('--detach-sign');
    const binary = await sign('--detach-sign', ADA, '--no-armor');
    for (const signature of [armored, binary]) {
      expect(await checkFile(signature)).toBe(fingerprint);
      await expect(checkFile(signature, `${TEXT} `)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    }
    const weak = ['--digest-algo', 'SHA1', '--allow-weak-digest-algos'];
    await expect(checkFile(await sign('--detach-sign', ADA, ...weak))).rejects.toMatchObject({
      category: 'trust',
    });
    for (const algorithm of ['SHA256', 'SHA384', 'SHA512'])
      for (const who of [ADA, BOB])
        expect(await checkFile(await sign('--detach-sign', who, '--digest-algo', algorithm))).toBe(
          await fingerprintOf(who),
        );
    const both = await sign('--detach-sign', '', '--local-user', ADA, '--local-user', BOB);
    expect([fingerprint, await fingerprintOf(BOB)]).toContain(await checkFile(both));
    await expect(
      openPgpSigners({ name: 'up.gpg', content: await keys(BOB) }).verifyFile(inPieces(TEXT), armored),
    ).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
    for (const bad of ['', 'hello', Buffer.from(armored).toString().slice(0, 120)])
      await expect(checkFile(Buffer.from(bad))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('is given back without the marks of the signed form', async () => {
    const signers = openPgpSigners({ name: 'up.gpg', content: await keys() });
    const { text } = await signers.verifyText(await sign('--clearsign'));
    expect(text.replaceAll('\r\n', '\n').trim()).toBe(TEXT.trim());
  });

  it('by thousands is looked at by nobody', async () => {
    const { createCleartextMessage, generateKey, sign } = await import('openpgp');
    const { privateKey, publicKey } = await generateKey({ userIDs: [{ name: 'up' }], format: 'object' });
    const message = await createCleartextMessage({ text: TEXT });
    const signed = await sign({ message, signingKeys: privateKey, format: 'object' });
    const { packets } = (signed as unknown as { signature: { packets: unknown[] } }).signature;
    const times = async (count: number): Promise<string> => {
      while (packets.length < count) packets.push(packets[0]);
      return await checkText(signed.armor(), publicKey.write());
    };
    expect(await times(32)).toBe(publicKey.getFingerprint());
    for (const count of [33, 20_000])
      await expect(times(count)).rejects.toMatchObject({
        code: 'SIGNATURE_INVALID',
        message: expect.stringMatching(/more than 32 OpenPGP signatures/),
      });
  });

  it('by somebody else is unknown', async () => {
    const unknown = {
      code: 'KEY_UNKNOWN',
      message: expect.stringContaining('up.gpg has no such key'),
    };
    await expect(checkText(await sign('--clearsign', BOB), await keys(ADA))).rejects.toMatchObject(unknown);
    await expect(checkDetached(await sign('--detach-sign', BOB), await keys(ADA))).rejects.toMatchObject(
      unknown,
    );
  });

  it('and was changed afterwards is not good', async () => {
    const changed = Buffer.from(await sign('--clearsign'))
      .toString()
      .replace('demo', 'dem0');
    await expect(checkText(changed, await keys(ADA))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    await expect(
      checkDetached(await sign('--detach-sign'), await keys(ADA), `${TEXT} `),
    ).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringContaining('is not good'),
    });
  });

  it('over an outdated hash is not good', async () => {
    const weak = ['--digest-algo', 'SHA1', '--allow-weak-digest-algos'];
    await expect(checkText(await sign('--clearsign', ADA, ...weak), await keys(ADA))).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
    await expect(
      checkDetached(await sign('--detach-sign', ADA, ...weak), await keys(ADA)),
    ).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('by two at once is no detached signature for git', async () => {
    const both = await sign('--detach-sign', '', '--local-user', ADA, '--local-user', BOB);
    await expect(checkDetached(both, await keys())).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringContaining('2 OpenPGP signatures'),
    });
  });

  it('and is damaged, or no signature, is not good', async () => {
    const good = Buffer.from(await sign('--clearsign')).toString();
    const [signed = '', signature = ''] = good.split('-----BEGIN PGP SIGNATURE-----');
    for (const bad of [
      'hello',
      '-----BEGIN PGP SIGNED MESSAGE-----\n…',
      signed,
      good.replace('Hash: SHA', 'Hash: XYZ'),
      `${signed}-----BEGIN PGP SIGNATURE-----${signature.slice(0, 60)}\n-----END PGP SIGNATURE-----\n`,
      Buffer.concat([Buffer.from([0xff]), Buffer.from(good)]),
    ])
      await expect(checkText(bad, await keys(ADA))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    const detached = Buffer.from(await sign('--detach-sign')).toString();
    for (const bad of ['', 'hello', detached.slice(0, 120), await gpg('--armor', '--export', ADA)])
      await expect(checkDetached(bad, await keys(ADA))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('cannot be checked with something that holds no keys', async () => {
    const signed = await sign('--clearsign');
    const box = await readFile(home.join('pubring.kbx'));
    for (const content of [box, Buffer.from('hello'), Buffer.alloc(0), signed])
      await expect(checkText(signed, content)).rejects.toMatchObject({
        code: 'KEY_UNUSABLE',
        hint: expect.stringContaining('gpg --export'),
      });
  });

  it('by a key that was revoked is not good', async () => {
    await gpg('--passphrase', '', '--quick-gen-key', 'Eve <eve@example.org>', 'rsa2048', 'sign', 'never');
    const [text, detached] = [await sign('--clearsign', 'Eve'), await sign('--detach-sign', 'Eve')];
    await checkText(text, await keys('Eve'));
    await checkDetached(detached, await keys('Eve'));
    const fingerprint = (await fingerprintOf('Eve')).toUpperCase();
    const revocation = await readFile(home.join(`openpgp-revocs.d/${fingerprint}.rev`), 'utf8');
    await writeFile(home.join('rev'), revocation.replace(/^:-/m, '-'));
    await gpg('--import', home.join('rev'));
    const content = await keys('Eve');
    await expect(checkText(text, content)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    await expect(checkDetached(detached, content)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('with a key that had expired by then is not good, with one that expired later it is', async () => {
    const at = (time: string): string[] => ['--faked-system-time', `${time}!`];
    const day = ['--passphrase', '', '--quick-gen-key', 'Old <old@example.org>', 'ed25519', 'sign', '1d'];
    await gpg(...at('20240101T000000'), ...day);
    const inTime = await sign('--detach-sign', 'Old', ...at('20240101T120000'));
    const content = await keys('Old');
    await checkDetached(inTime, content);
    await gpg(
      ...at('20240101T000100'),
      '--quick-set-expire',
      (await fingerprintOf('Old')).toUpperCase(),
      '0',
    );
    const late = await sign('--detach-sign', 'Old', ...at('20240110T000000'));
    await expect(checkDetached(late, content)).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringContaining('expired'),
    });
  });
});

/** One buffer for all pieces, as a reader of blobs gives them. */
async function* inPieces(text: string): AsyncIterable<Uint8Array> {
  const buffer = new Uint8Array(7);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.byteLength; at += buffer.byteLength) {
    const piece = bytes.subarray(at, at + buffer.byteLength);
    buffer.set(piece);
    yield buffer.subarray(0, piece.byteLength);
  }
}
