import { type FileSigner, type FileVerifier, type FileWish, nameOfSigner } from '@gapferry/core';
import { readKeyFile } from './read-key-file.ts';

const HINT =
  'paths of keys start from the directory of bundle.yaml; a minisign key may stand in bundle.yaml itself (56 characters, RW…)';
const MINISIGN_KEY = /^RW[A-Za-z0-9+/]{54}$/;

/** Reads the keys that `signature` of files names, relative to bundle.yaml, by `nameOfSigner`. What verifies is loaded only when there is one. Throws `CONFIG_INVALID` for what cannot be read, `KEY_UNUSABLE`. */
export async function readFileVerifiers(
  wishes: readonly FileWish[],
  file: string,
): Promise<ReadonlyMap<string, FileVerifier>> {
  const signers = new Map(wishes.flatMap(signersOf).map((signer) => [nameOfSigner(signer), signer]));
  if (signers.size === 0) return new Map();
  const { fileVerifier } = await import('@gapferry/signing');
  const verifiers = new Map<string, FileVerifier>();
  for (const [name, signer] of signers) {
    const [kind, key] = kindOf(signer);
    const content =
      kind === 'minisign' && MINISIGN_KEY.test(key)
        ? Buffer.from(key)
        : await readKeyFile(name, key, file, HINT);
    verifiers.set(name, fileVerifier({ kind, name: key, content }));
  }
  return verifiers;
}

function signersOf(wish: FileWish): FileSigner[] {
  if ('apt' in wish) return wish.apt.keyring === undefined ? [] : [{ keyring: wish.apt.keyring }];
  if ('path' in wish || 'prefix' in wish || 'listing' in wish) return [];
  return [wish.signature ?? [], wish.checksums?.signature ?? []].flat();
}

function kindOf(signer: FileSigner): ['key' | 'keyring' | 'minisign', string] {
  if ('key' in signer) return ['key', signer.key];
  return 'keyring' in signer ? ['keyring', signer.keyring] : ['minisign', signer.minisign];
}
