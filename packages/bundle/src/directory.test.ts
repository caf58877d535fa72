import {
  canonicalJson,
  type Descriptor,
  type DirectoryFile,
  type DirectoryHolding,
  digestOf,
  type LocalDirectoryPin,
  MEDIA_TYPES,
} from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { assemble } from './assemble.ts';
import { parseBundleConfig } from './bundle-config.ts';
import { checkManifest } from './check-manifest.ts';
import { diffManifests } from './diff-manifests.ts';
import { directoryDigest } from './directory-change.ts';
import { encodeFileList, fileListDigest, parseFileList } from './file-list.ts';
import { encodeLock, makeLock, parseLock, pinsFor } from './lock.ts';
import type { DirectoryItem, FileItem } from './manifest.ts';

const HEAD = 'format: gapferry.bundle/1\nname: line-a\n';
const ID = 'tools/kit/';
const fileOf = (path: string, text = path, executable?: true): DirectoryFile => ({
  path,
  digest: digestOf(text),
  size: text.length,
  ...(executable && { executable }),
});
const FILES = [fileOf('bin/run', 'run', true), fileOf('doc/a', 'doc'), fileOf('doc/b', 'doc')];
const pinOf = (files: readonly DirectoryFile[]): LocalDirectoryPin => ({
  kind: 'file',
  id: ID,
  wish: digestOf('wish'),
  path: 'kit',
  files: fileListDigest(files),
});

function manifestOf(files: readonly DirectoryFile[], fileLists?: ReadonlyMap<string, Descriptor>) {
  const holding: DirectoryHolding = { kind: 'file', pin: pinOf(files), files };
  return assemble({
    bundle: 'line-a',
    version: '1.0.0',
    platforms: [],
    insecure: [],
    refLists: new Map(),
    ...(fileLists && { fileLists }),
    holdings: [holding],
  }).manifest;
}

describe('files of bundle.yaml from this machine', () => {
  const wishOf = (line: string) =>
    parseBundleConfig(`${HEAD}files: [${line}]`, 'bundle.yaml', (url) => url).wishes[0];

  it('are named by a path and get a name', () => {
    expect(wishOf('{path: ../kit, as: tools/kit}')).toEqual({
      kind: 'file',
      path: '../kit',
      as: 'tools/kit',
    });
  });

  it.each([
    '{path: kit}',
    '{path: kit, as: tools/kit/}',
    '{path: kit, as: ../kit}',
    '{path: "https://example.org/kit", as: kit}',
    '{path: kit, url: "https://example.org/kit", as: kit}',
    `{path: kit, sha256: ${'a'.repeat(64)}, as: kit}`,
  ])('are refused where the line is wrong: %s', (line) => {
    expect(() => wishOf(line)).toThrow(/files\[0\]/);
  });

  it('stand in the lock with what they are, and fit their wish by name and path alone', () => {
    const wish = wishOf('{path: kit, as: tools/kit}');
    if (wish === undefined) throw new Error('no wish');
    const lock = makeLock('line-a', [pinOf(FILES)]);
    const read = parseLock(Buffer.from(encodeLock(lock)), 'bundle.lock.json');
    expect(read).toEqual(lock);
    const fits = (more: object): unknown =>
      pinsFor([wish], makeLock('line-a', [{ ...pinOf(FILES), ...more, ...wished(wish) } as never]));
    expect(fits({})).toHaveLength(1);
    for (const other of [{ id: 'tools/other/' }, { id: 'tools/kit' }, { path: 'other' }])
      expect(() => fits(other)).toThrow(expect.objectContaining({ code: 'LOCK_STALE' }));
  });
});

function wished(wish: object): object {
  return { wish: digestOf(canonicalJson(wish)) };
}

describe('a directory in a manifest', () => {
  it('has its files in line and their bytes once', () => {
    const { items, blobs } = manifestOf(FILES);
    expect(items).toEqual([
      {
        kind: 'file',
        id: ID,
        blobs: [digestOf('doc'), digestOf('run')].sort(),
        files: FILES,
        source: 'local',
        checked: [],
      },
    ]);
    expect(blobs).toHaveLength(2);
    expect(directoryDigest(items[0] as DirectoryItem)).toBe(pinOf(FILES).files);
  });

  it('has its list as a blob when that is given', () => {
    const list = { mediaType: MEDIA_TYPES.json, digest: fileListDigest(FILES), size: 9 };
    const { items, blobs } = manifestOf(FILES, new Map([[ID, list]]));
    expect(items[0]).toMatchObject({ files: { list } });
    expect(blobs).toHaveLength(3);
    expect(directoryDigest(items[0] as DirectoryItem)).toBe(pinOf(FILES).files);
  });

  it.each<[string, readonly DirectoryFile[], string]>([
    ['out of order', [fileOf('b'), fileOf('a')], 'a is out of order'],
    ['twice', [fileOf('a'), fileOf('a')], 'stands twice'],
    ['outside', [fileOf('../a')], 'is not safe'],
    ['with a device name', [fileOf('a/aux.txt')], 'is not safe'],
    ['in another spelling', [fileOf('README'), fileOf('readme')], 'the same name on some'],
    ['in a directory of another spelling', [fileOf('Bin/a'), fileOf('bin/b')], 'Bin and bin'],
    ['inside a file', [fileOf('a'), fileOf('a/b')], 'both a file and a directory'],
    ['so deep that no path holds it', [fileOf(`${'a'.repeat(250)}/`.repeat(3) + 'b'.repeat(245))], 'longer'],
  ])('has no file %s', (_what, files, problem) => {
    expect(() => manifestOf(files)).toThrow(problem);
  });

  it.each<[string, (item: DirectoryItem) => object, string]>([
    ['an id without slash', (item) => ({ ...item, id: 'tools/kit' }), 'ends with /'],
    ['a file that is no blob of it', (item) => ({ ...item, blobs: item.blobs.slice(1) }), 'does not list'],
    [
      'a blob that is no file of it',
      (item) => ({ ...item, files: FILES.slice(1) }),
      'names a blob that no file is',
    ],
    [
      'another size than the list of blobs',
      (item) => ({ ...item, files: FILES.map((file) => ({ ...file, size: 7 })) }),
      'the list of blobs says',
    ],
  ])('is refused with %s', (_what, change, problem) => {
    const manifest = manifestOf(FILES);
    const items = manifest.items.map((item) => change(item as DirectoryItem) as FileItem);
    expect(() => checkManifest({ ...manifest, items })).toThrow(problem);
  });

  it('has no other item in it or in its place', () => {
    const manifest = manifestOf(FILES);
    const root = { mediaType: MEDIA_TYPES.octets, digest: digestOf('doc'), size: 3 };
    const other = (id: string): FileItem => ({
      kind: 'file',
      id,
      blobs: [root.digest],
      root,
      source: 'local',
      checked: [],
    });
    const sorted = (items: readonly FileItem[]) => [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
    const withOther = (id: string) =>
      checkManifest({ ...manifest, items: sorted([...(manifest.items as FileItem[]), other(id)]) });
    expect(() => withOther('tools/kit/new')).toThrow('would lie inside');
    expect(() => withOther('tools/kit')).toThrow('the same name');
    expect(() => withOther('Tools')).toThrow('would lie inside');
    expect(() => withOther('tools/kit2')).not.toThrow();
  });
});

describe('a list of files that is a blob', () => {
  it('is read as it was written', () => {
    expect(parseFileList(encodeFileList(FILES), ID, 'list')).toEqual(FILES);
  });

  it.each<[string, unknown]>([
    ['empty', []],
    ['unsorted', [...FILES].reverse()],
    ['unsafe', [{ ...FILES[0], path: '/etc/passwd' }]],
    ['with another member', [{ ...FILES[0], mode: 0o777 }]],
    ['with false', [{ ...FILES[0], executable: false }]],
  ])('is refused when it is %s', (_what, value) => {
    expect(() => parseFileList(Buffer.from(canonicalJson(value)), ID, 'list')).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID' }),
    );
  });
});

describe('the difference between two states of a directory', () => {
  const after = [fileOf('bin/run', 'run'), fileOf('doc/a', 'new'), fileOf('doc/c', 'doc')];

  it('names each file that came, went or changed', () => {
    const diff = diffManifests({ manifest: manifestOf(FILES) }, { manifest: manifestOf(after) });
    expect(diff.changes).toEqual([
      {
        change: 'files',
        kind: 'file',
        id: ID,
        bytes: 3,
        files: [
          { path: 'bin/run', from: digestOf('run'), to: digestOf('run'), executable: false },
          { path: 'doc/a', from: digestOf('doc'), to: digestOf('new') },
          { path: 'doc/b', from: digestOf('doc') },
          { path: 'doc/c', to: digestOf('doc') },
        ],
      },
    ]);
    expect(diffManifests({ manifest: manifestOf(FILES) }, { manifest: manifestOf(FILES) })).toMatchObject({
      changes: [],
      unchanged: 1,
    });
  });

  it('is not guessed where a list was not read', () => {
    const list = { mediaType: MEDIA_TYPES.json, digest: fileListDigest(after), size: 9 };
    const manifest = manifestOf(after, new Map([[ID, list]]));
    const before = { manifest: manifestOf(FILES) };
    expect(() => diffManifests(before, { manifest })).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(diffManifests(before, { manifest, files: new Map([[ID, after]]) }).changes).toHaveLength(1);
  });
});
