import { fileItem, fileManifest } from './manifest-content.ts';
import { digest } from './openssl.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('manifest.json');
const KEY = { by: 'cosign-key', key: digest('a key') };
const OPENPGP = { by: 'openpgp', fingerprint: '0a'.repeat(20), of: 'checksums' };
const MIRROR = { at: 'nexus.example.org/repository/Raw', by: 'first-seen' };
const MINISIGN = { by: 'minisign', key: 'C09F23ED92F77218' };

/** Manifests that say what a file was held against. */
export function manifestFileCheckVectors(): Vector[] {
  const all = ['checksums', 'first-seen', 'given-sha256', 'given-sha512', KEY, MINISIGN, OPENPGP];
  const wrong = (name: string, why: string, checked: readonly unknown[], says: readonly string[] = []) =>
    refused(name, why, withChecks(checked), 'MANIFEST_INVALID', says);
  return [
    {
      name: 'good-file-checks',
      files: { 'manifest.json': withChecks(all) },
      expect: {
        why: 'a file that was held against everything there is',
        accept: true,
        result: { items: [{ ...fileItem(), checked: all }] },
      },
    },
    {
      name: 'good-file-checks-mirror',
      files: { 'manifest.json': withChecks([{ ...MIRROR, by: 'checksums' }, MIRROR]) },
      expect: {
        why: 'what a mirror alone said',
        accept: true,
        result: { items: [{ ...fileItem(), checked: [{ ...MIRROR, by: 'checksums' }, MIRROR] }] },
      },
    },
    wrong('file-checks-mirror-url', 'a mirror by its URL', [{ ...MIRROR, at: 'https://nexus.example.org' }]),
    wrong('file-checks-mirror-digest', 'a given digest as the word of a mirror', [
      { ...MIRROR, by: 'given-sha256' },
    ]),
    wrong('file-checks-out-of-order', 'checks out of order', ['given-sha256', 'checksums'], ['order']),
    wrong('file-checks-twice', 'a check twice', ['checksums', 'checksums'], ['twice']),
    wrong('file-checks-unknown', 'a check this version does not know', ['given-md5']),
    wrong('file-checks-signer-unknown', 'a signature of an unknown kind', [{ by: 'gpg', key: 'x' }]),
    wrong('file-checks-key-name', 'a key by its name', [{ ...KEY, key: 'cosign.pub' }]),
    wrong('file-checks-key-id', 'an OpenPGP key by its id alone', [
      { ...OPENPGP, fingerprint: '0a'.repeat(8) },
    ]),
    wrong('file-checks-of', 'a signature over something else', [{ ...MINISIGN, of: 'directory' }]),
  ];
}

function withChecks(checked: readonly unknown[]): string {
  return sortedJson(fileManifest((item) => Object.assign(item, { checked })));
}
