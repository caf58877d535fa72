import { canonicalBytes, digestOf, type GitPack } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import type { GitItem, Manifest } from './manifest.ts';
import { checkPacks, gitIdsByPack, type Packs, parsePacks, releaseBlobs } from './packs.ts';
import { encodeRefList, parseRefList } from './ref-list.ts';

const REFS = [{ name: 'refs/heads/main', oid: 'a'.repeat(40) }];

function git(id: string, refs: GitItem['refs'] = REFS): GitItem {
  return { kind: 'git', id, blobs: [], source: `https://${id}`, objectFormat: 'sha1', refs };
}

function manifestOf(items: Manifest['items'], blobs: Manifest['blobs'] = []): Manifest {
  return { format: 'gapferry.manifest/1', bundle: 'b', version: '1', platforms: [], blobs, items };
}

function pack(content: string, size = content.length): GitPack {
  return { digest: digestOf(content), size, prerequisites: [] };
}

function packsOf(...items: Array<[string, ...GitPack[]]>): Packs {
  return { format: 'gapferry.packs/1', items: items.map(([id, ...packs]) => ({ id, packs })) };
}

describe('packs', () => {
  const manifest = manifestOf([git('g/a'), git('g/b'), git('g/empty', [])]);

  it('are read back as they were written', () => {
    const packs = packsOf(['g/a', pack('1'), pack('22')], ['g/b', pack('22')]);
    expect(parsePacks(canonicalBytes(packs), manifest)).toEqual(packs);
  });

  it('may be shared by repositories, and then both need the blob', () => {
    const packs = packsOf(['g/a', pack('1')], ['g/b', pack('1')]);
    expect(gitIdsByPack(packs).get(digestOf('1'))).toEqual(['g/a', 'g/b']);
    expect(releaseBlobs(manifest, packs)).toEqual([{ digest: digestOf('1'), size: 1 }]);
  });

  it.each<[string, Packs, string]>([
    ['one is missing', packsOf(['g/a', pack('1')]), 'git g/b has no packs'],
    [
      'one is not wanted',
      packsOf(['g/a', pack('1')], ['g/b', pack('1')], ['g/empty', pack('1')]),
      'no Git item with refs',
    ],
    ['they are out of order', packsOf(['g/b', pack('1')], ['g/a', pack('1')]), 'out of order'],
    [
      'one stands twice',
      packsOf(['g/a', pack('1')], ['g/a', pack('1')], ['g/b', pack('1')]),
      'stands in it twice',
    ],
    [
      'one digest has two sizes',
      packsOf(['g/a', pack('1')], ['g/b', pack('1', 7)]),
      'has 7 bytes here and 1 elsewhere',
    ],
  ])('are refused when %s', (_, packs, message) => {
    expect(() => checkPacks(packs, manifest)).toThrow(message);
  });

  it('are refused when the manifest knows a blob of the same digest with another size', () => {
    const blobs = [{ digest: digestOf('1'), size: 2 }];
    expect(() => checkPacks(packsOf(['g/a', pack('1')]), manifestOf([git('g/a')], blobs))).toThrow(
      '2 elsewhere',
    );
  });
});

describe('a list of refs in a blob', () => {
  it('is read back as it was', () => {
    const refs = Array.from({ length: 1200 }, (_, i) => ({
      name: `refs/tags/v${1000 + i * 3}`,
      oid: 'b'.repeat(64),
    })).sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(parseRefList(encodeRefList(refs), 'the refs')).toEqual(refs);
  });

  it.each<[string, unknown]>([
    ['stand twice', [...REFS, ...REFS]],
    ['are out of order', [{ name: 'refs/heads/z', oid: 'a'.repeat(40) }, ...REFS]],
    ['are not branches or tags', [{ name: 'refs/notes/x', oid: 'a'.repeat(40) }]],
    ['have no object', [{ name: 'refs/heads/a', oid: '' }]],
  ])('is refused when they %s', (_, refs) => {
    expect(() => parseRefList(canonicalBytes(refs), 'the refs')).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID' }),
    );
  });
});
