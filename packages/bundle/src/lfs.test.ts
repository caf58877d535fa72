import { canonicalJson, type Descriptor, digestOf, type GitHolding, type LfsObject } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { assemble } from './assemble.ts';
import { parseBundleConfig } from './bundle-config.ts';
import { diffManifests } from './diff-manifests.ts';
import { encodeLfsList, parseLfsList } from './lfs-list.ts';
import { encodeLock, makeLock, parseLock } from './lock.ts';

const HEAD = 'format: gapferry.bundle/1\nname: line-a\n';
const objectOf = (text: string): LfsObject => ({ oid: digestOf(text), size: text.length });
const sorted = (...texts: string[]): LfsObject[] =>
  texts.map(objectOf).sort((a, b) => (a.oid < b.oid ? -1 : 1));

function holding(lfs?: readonly LfsObject[]): GitHolding {
  return {
    kind: 'git',
    pin: {
      kind: 'git',
      id: 'git.example/ops/models',
      wish: digestOf('wish'),
      url: 'https://git.example/ops/models.git',
      objectFormat: 'sha1',
      refs: [{ name: 'refs/heads/main', oid: 'a'.repeat(40) }],
      ...(lfs && { lfs }),
    },
    packs: [{ digest: digestOf('pack'), size: 4, prerequisites: [] }],
  };
}

function manifestOf(lfs?: readonly LfsObject[], lfsLists?: ReadonlyMap<string, Descriptor>) {
  return assemble({
    bundle: 'line-a',
    version: '1.0.0',
    platforms: [],
    insecure: [],
    refLists: new Map(),
    ...(lfsLists && { lfsLists }),
    holdings: [holding(lfs)],
  }).manifest;
}

describe('Git LFS in bundle.yaml', () => {
  const wishOf = (more: string) =>
    parseBundleConfig(`${HEAD}git: [{url: "https://git.example/a.git"${more}}]`, 'bundle.yaml', (url) => url)
      .wishes[0];

  it('is that of the tips unless it says otherwise, and then no member of the wish', () => {
    expect(wishOf('')).not.toHaveProperty('lfs');
    expect(wishOf(', lfs: tips')).toEqual(wishOf(''));
    expect(wishOf(', lfs: all')).toMatchObject({ lfs: 'all' });
    expect(wishOf(', lfs: none')).toMatchObject({ lfs: 'none' });
    expect(() => wishOf(', lfs: some')).toThrow(/git\[0\]\.lfs/);
  });

  it('may lie at other hosts that the host names', () => {
    const { hosts } = parseBundleConfig(
      `${HEAD}hosts: {git.example: {also: [LFS.example, "store.example:8443"]}}\ngit: [{url: "https://git.example/a.git"}]`,
      'bundle.yaml',
      (url) => url,
    );
    expect(hosts.get('git.example')?.also).toEqual(['lfs.example', 'store.example:8443']);
  });
});

describe('Git LFS objects in a manifest', () => {
  it('are blobs of their repository, and none leave no trace', () => {
    const objects = sorted('model a', 'model b');
    const { items, blobs } = manifestOf(objects);
    expect(items[0]).toMatchObject({ lfs: objects, blobs: objects.map(({ oid }) => oid) });
    expect(blobs).toEqual(objects.map(({ oid, size }) => ({ digest: oid, size })));
    expect(canonicalJson(manifestOf([]))).toBe(canonicalJson(manifestOf()));
    expect(canonicalJson(manifestOf())).not.toContain('lfs');
  });

  it('stand in a blob when they are many', () => {
    const objects = sorted('model a', 'model b');
    const text = encodeLfsList(objects);
    const list = { mediaType: 'application/json', digest: digestOf(text), size: text.byteLength };
    const [item] = manifestOf(objects, new Map([['git.example/ops/models', list]])).items;
    expect(item).toMatchObject({ lfs: { list } });
    expect(item?.blobs).toEqual([...objects.map(({ oid }) => oid), list.digest].sort());
    expect(parseLfsList(text, 'the list')).toEqual(objects);
  });

  it('are told by a comparison when they change alone', () => {
    const change = diffManifests(
      { manifest: manifestOf(sorted('a', 'b')) },
      { manifest: manifestOf(sorted('b', 'c', 'd')) },
    ).changes;
    expect(change).toEqual([
      {
        change: 'refs',
        kind: 'git',
        id: 'git.example/ops/models',
        refs: [],
        lfs: { added: 2, removed: 1 },
        bytes: 2,
      },
    ]);
    expect(diffManifests({ manifest: manifestOf() }, { manifest: manifestOf() }).changes).toEqual([]);
  });
});

describe('Git LFS objects in a lock', () => {
  it('come back as they were, and none leave no trace', () => {
    const lock = makeLock('line-a', [holding(sorted('a', 'b')).pin]);
    expect(parseLock(Buffer.from(encodeLock(lock)), 'lock')).toEqual(lock);
    expect(encodeLock(makeLock('line-a', [holding().pin]))).not.toContain('lfs');
  });
});
