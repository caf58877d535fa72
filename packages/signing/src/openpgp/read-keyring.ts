import { GapferryError, type KeyFile, printable } from '@gapferry/core';
import type { Key } from 'openpgp';

/** Public OpenPGP keys, as `gpg --export` writes them, plain or armored. Throws `KEY_UNUSABLE` for what holds no key. */
export async function readKeyring({ name, content }: KeyFile): Promise<readonly Key[]> {
  const { readKeys } = await import('openpgp');
  const text = Buffer.from(content.subarray(0, 12)).toString('latin1');
  if (text.slice(8, 12) === 'KBXf')
    throw unusable(name, 'it is GnuPG’s own key box', `write it with: gpg --export KEY > ${name}`);
  try {
    const armored = Buffer.from(content).toString('latin1').match(ARMORED) ?? [];
    const keys =
      armored.length > 0 ? await Promise.all(armored.map((block) => readKeys({ armoredKeys: block }))) : [];
    const found = armored.length > 0 ? keys.flat() : await readKeys({ binaryKeys: Uint8Array.from(content) });
    if (found.length > 0) return found.map((key) => key.toPublic());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw unusable(name, why, 'write it with: gpg --export KEY', cause);
  }
  throw unusable(name, 'it holds no key', 'write it with: gpg --export KEY');
}

const ARMORED = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g;

function unusable(name: string, why: string, hint: string, cause?: unknown): GapferryError {
  return new GapferryError({
    code: 'KEY_UNUSABLE',
    message: printable(`the keyring ${name} cannot be used: ${why}`),
    hint,
    cause,
  });
}
