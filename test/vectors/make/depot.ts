import { depotTrustVectors } from './depot-trust.ts';
import { digest } from './openssl.ts';
import {
  accepted,
  bytesOf,
  content,
  DIRECTORY,
  FIRST,
  FIRST_STATEMENT,
  flipped,
  goodFiles,
  IMAGE,
  keys,
  manifestOf,
  markOf,
  oneSubject,
  PACKS,
  POLICY,
  pathOf,
  refused,
  resealed,
  SECOND,
  signed,
  stranger,
} from './sealed-releases.ts';
import type { Vector } from './vector.ts';

/** Whole depots. Every case but `good` holds only what differs from the depot named by `base`. */
export function depotVectors(): Vector[] {
  return [
    ...goodDepots(),
    ...otherGoodDepots(),
    ...wrongBlobs(),
    ...wrongDocuments(),
    ...wrongPacks(),
    ...depotTrustVectors(),
    ...wrongLayouts(),
  ];
}

function goodDepots(): Vector[] {
  const result = {
    verdict: 'newer',
    statement: digest(FIRST_STATEMENT),
    signers: [{ key: 'collector-2026', owner: 'staging-team' }],
  };
  return [
    {
      name: 'good',
      files: goodFiles(),
      expect: {
        why: 'two releases of one channel, with an item of every kind',
        accept: true,
        release: 'line-a/1',
        mark: { sequence: 0 },
        result,
      },
    },
    accepted(
      'good-second',
      'the second release, after the first',
      {},
      {
        release: 'line-a/2',
        mark: markOf(FIRST_STATEMENT, 1),
        result: { verdict: 'newer', release: { version: '1.1.0' } },
      },
    ),
    accepted(
      'good-again',
      'the same release again',
      {},
      { mark: markOf(FIRST_STATEMENT, 1), result: { verdict: 'same' } },
    ),
    accepted(
      'good-gap',
      'a number is left out: what counts is the content',
      {},
      { release: 'line-a/2', mark: { sequence: 0 }, result: { verdict: 'newer' } },
    ),
    accepted('good-foreign-files', 'files that others put there', {
      'depot/desktop.ini': 'x',
      'depot/blobs/sha256/notes.txt': 'x',
      [`${DIRECTORY}/1/notes.txt`]: 'x',
      [`${DIRECTORY}/x/manifest.json`]: 'x',
    }),
  ];
}

function otherGoodDepots(): Vector[] {
  return [
    accepted(
      'good-second-signature',
      'two owners sign the same statement',
      {
        'trust.yaml': POLICY.replace('count: 1', 'count: 2'),
        [`${DIRECTORY}/1/signatures/boris.sigstore.json`]: signed(FIRST_STATEMENT, keys.boris),
      },
      { result: { signers: [{ key: 'collector-2026' }, { key: 'boris' }] } },
    ),
    accepted(
      'good-stray-signature',
      'a further signature that no known key made counts for nothing',
      { [`${DIRECTORY}/1/signatures/mallory.sigstore.json`]: signed(FIRST_STATEMENT, stranger) },
      { result: { signers: [{ key: 'collector-2026' }] } },
    ),
    accepted('good-index-lies', 'index.json is never believed', {
      'depot/index.json': content.indexJson.replaceAll('hello:1.0', 'other:9.9'),
    }),
  ];
}

function wrongBlobs(): Vector[] {
  const { layer, file, pack } = content.digests;
  return [
    refused(
      'blob-changed-byte',
      'one changed bit in a layer',
      { [pathOf(layer)]: flipped(layer) },
      'DIGEST_MISMATCH',
      [IMAGE, layer],
    ),
    refused(
      'blob-truncated',
      'a file without its last byte',
      { [pathOf(file)]: bytesOf(file).subarray(0, -1) },
      'DIGEST_MISMATCH',
      ['file k3s/v1.31.2/k3s'],
    ),
    refused(
      'blob-trailing-bytes',
      'a file with a byte too many',
      { [pathOf(file)]: Buffer.concat([bytesOf(file), Buffer.from('x')]) },
      'DIGEST_MISMATCH',
      ['file k3s/v1.31.2/k3s'],
    ),
    refused(
      'blob-digest-swapped',
      'two blobs that changed places',
      { [pathOf(layer)]: bytesOf(file), [pathOf(file)]: bytesOf(layer) },
      'DIGEST_MISMATCH',
      [IMAGE, 'file k3s/v1.31.2/k3s'],
    ),
    refused('blob-missing', 'a layer that is not there', {}, 'BLOB_MISSING', [IMAGE, layer], {
      remove: [pathOf(layer)],
    }),
    refused(
      'pack-changed-byte',
      'one changed bit in a Git pack',
      { [pathOf(pack)]: flipped(pack) },
      'DIGEST_MISMATCH',
      ['git git.example.org/ops/config'],
    ),
    refused(
      'pack-missing',
      'a Git pack that is not there',
      {},
      'BLOB_MISSING',
      ['git git.example.org/ops/config'],
      { remove: [pathOf(pack)] },
    ),
  ];
}

function wrongDocuments(): Vector[] {
  const release = (name: string): string => `${DIRECTORY}/1/${name}`;
  return [
    refused(
      'manifest-changed-byte',
      'one changed byte in the manifest',
      { [release('manifest.json')]: FIRST.replace('hello:1.0', 'hello:1.1') },
      'DIGEST_MISMATCH',
      ['manifest.json'],
    ),
    refused(
      'manifest-trailing-bytes',
      'a newline after the manifest',
      { [release('manifest.json')]: `${FIRST}\n` },
      'DIGEST_MISMATCH',
      ['manifest.json'],
    ),
    refused(
      'manifest-of-another-release',
      'the manifest of the second release under the statement of the first',
      { [release('manifest.json')]: SECOND },
      'DIGEST_MISMATCH',
      ['manifest.json'],
    ),
    refused('manifest-missing', 'no manifest', {}, 'LAYOUT_INVALID', ['manifest.json'], {
      remove: [release('manifest.json')],
    }),
    refused(
      'manifest-oversized',
      'a manifest of one byte over 16 MiB',
      {},
      'LIMIT_EXCEEDED',
      ['manifest.json'],
      { generate: { file: release('manifest.json'), fill: ' ', size: 33_554_433 } },
    ),
    refused(
      'manifest-signed-but-invalid',
      'a manifest that is signed and breaks a rule',
      resealed({}, { manifest: FIRST.replace('"kind":"file"', '"kind":"model"') }),
      'MANIFEST_INVALID',
    ),
    refused(
      'manifest-of-another-bundle',
      'a statement about another bundle than the manifest',
      resealed({ bundle: 'line-b' }),
      'STATEMENT_INVALID',
      ['line-b'],
    ),
  ];
}

function wrongPacks(): Vector[] {
  const release = (name: string): string => `${DIRECTORY}/1/${name}`;
  const withoutGit = content.items.filter((item) => item['kind'] !== 'git');
  return [
    refused(
      'packs-changed-byte',
      'one changed byte in packs.json',
      { [release('packs.json')]: PACKS.replace('"size":', '"size":1') },
      'DIGEST_MISMATCH',
      ['packs.json'],
    ),
    refused(
      'packs-missing',
      'no packs.json, although the statement names it',
      {},
      'BLOB_MISSING',
      ['packs.json'],
      { remove: [release('packs.json')] },
    ),
    refused(
      'packs-unsigned',
      'a packs.json that the statement does not name',
      oneSubject(manifestOf('1.0.0', withoutGit)),
      'STATEMENT_INVALID',
      ['packs.json'],
    ),
    refused(
      'packs-needed',
      'Git items, and a statement without packs.json',
      oneSubject(FIRST),
      'STATEMENT_INVALID',
      ['packs.json'],
      { remove: [release('packs.json')] },
    ),
  ];
}

function wrongLayouts(): Vector[] {
  return [
    refused('layout-missing', 'a directory that is no depot', {}, 'USAGE', [], {
      remove: ['depot/oci-layout'],
    }),
    refused(
      'layout-other-version',
      'an OCI layout of the future',
      { 'depot/oci-layout': '{"imageLayoutVersion":"2.0.0"}' },
      'LAYOUT_INVALID',
    ),
    refused(
      'layout-not-json',
      'an oci-layout that is not JSON',
      { 'depot/oci-layout': 'imageLayoutVersion: 1.0.0' },
      'JSON_INVALID',
    ),
    refused(
      'layout-file-for-directory',
      'a file where a directory belongs',
      { 'depot/blobs': 'x' },
      'LAYOUT_INVALID',
      [],
      { remove: ['depot/blobs'] },
    ),
  ];
}
