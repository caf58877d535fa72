import {
  gitItem,
  type LooseBlob,
  type LooseItem,
  type LooseManifest,
  wholeManifest,
} from './manifest-content.ts';
import { digest } from './openssl.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('manifest.json');

/** Files that Git LFS keeps: their text is their bytes. */
const [FIRST, SECOND] = ['content of model a', 'content of model b']
  .map((text) => ({ oid: digest(text), size: text.length }))
  .sort((a, b) => (a.oid < b.oid ? -1 : 1)) as [LfsObject, LfsObject];

interface LfsObject {
  readonly oid: string;
  readonly size: number;
}

/** Manifests with a repository that has files in Git LFS. */
export function manifestLfsVectors(): Vector[] {
  const both = [FIRST, SECOND];
  const wrong = (name: string, why: string, given: Given, says: readonly string[] = []): Vector =>
    refused(name, why, withLfs(given), 'MANIFEST_INVALID', says);
  return [
    {
      name: 'good-lfs',
      files: { 'manifest.json': withLfs({ lfs: both }) },
      expect: {
        why: 'a repository with two files in Git LFS, which are its blobs',
        accept: true,
        result: { items: [{}, {}, { kind: 'git', lfs: both, blobs: both.map(({ oid }) => oid) }, {}] },
      },
    },
    {
      name: 'good-lfs-list',
      files: {
        'manifest.json': withLfs({ lfs: listOf(both), blobs: [...both, asObject(listOf(both).list)] }),
      },
      expect: {
        why: 'the list of LFS objects is a blob itself',
        accept: true,
        result: { items: [{}, {}, { kind: 'git', lfs: listOf(both) }, {}] },
      },
    },
    wrong('lfs-empty', 'Git LFS without objects', { lfs: [] }),
    wrong('lfs-out-of-order', 'LFS objects out of order', { lfs: [SECOND, FIRST] }, ['not sorted']),
    wrong('lfs-twice', 'the same LFS object twice', { lfs: [FIRST, FIRST] }, ['twice']),
    wrong('lfs-unlisted', 'an LFS object that is no blob of the item', { lfs: both, blobs: [FIRST] }, [
      'does not list',
    ]),
    wrong(
      'lfs-size-lie',
      'an LFS object of another size than the list of blobs says',
      { lfs: [FIRST, { ...SECOND, size: 7 }], blobs: both },
      ['7 bytes'],
    ),
    wrong('lfs-blob-unneeded', 'a blob that is no LFS object', { lfs: [FIRST], blobs: both }, [
      'no LFS object',
    ]),
    wrong('lfs-list-unlisted', 'a list of LFS objects that is no blob', { lfs: listOf(both), blobs: both }, [
      'does not list',
    ]),
    wrong('lfs-upper-case', 'an id in upper case', {
      lfs: [{ ...FIRST, oid: `sha256:${FIRST.oid.slice(7).toUpperCase()}` }],
      blobs: [FIRST],
    }),
    wrong('lfs-bare-id', 'an id without its algorithm', {
      lfs: [{ ...FIRST, oid: FIRST.oid.slice(7) }],
      blobs: [FIRST],
    }),
    wrong('lfs-unknown-member', 'a member this version does not know', {
      lfs: [{ ...FIRST, path: 'a.bin' } as LfsObject],
      blobs: [FIRST],
    }),
    wrong('lfs-too-many', '1,001 LFS objects in line', {
      lfs: Array.from({ length: 1001 }, (_, at) => ({
        oid: `sha256:${at.toString(16).padStart(64, '0')}`,
        size: 1,
      })),
    }),
  ];
}

interface Given {
  readonly lfs: readonly LfsObject[] | { readonly list: { readonly digest: string; readonly size: number } };
  /** Those of `lfs` unless given. */
  readonly blobs?: readonly LfsObject[];
}

function withLfs({ lfs, blobs = 'list' in lfs ? [] : lfs }: Given): string {
  const manifest: LooseManifest = wholeManifest();
  const own = [...new Set(blobs.map(({ oid }) => oid))].sort();
  const items: LooseItem[] = manifest.items.map((item) =>
    item.kind === 'git' ? { ...gitItem(), lfs, blobs: own } : item,
  );
  const known = new Map(manifest.blobs.map((blob) => [blob.digest, blob]));
  for (const { oid, size } of blobs) known.set(oid, { digest: oid, size });
  const all: LooseBlob[] = [...known.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  return sortedJson({ ...manifest, blobs: all, items });
}

function listOf(objects: readonly LfsObject[]) {
  const text = sortedJson(objects);
  return { list: { mediaType: 'application/json', digest: digest(text), size: text.length } };
}

function asObject({ digest: oid, size }: { readonly digest: string; readonly size: number }): LfsObject {
  return { oid, size };
}
