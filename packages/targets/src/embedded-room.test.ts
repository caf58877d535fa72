import { statfs } from 'node:fs/promises';
import {
  type BlobReader,
  digestOf,
  type Load,
  type Presence,
  quietRun,
  totalSize,
  uniqueByDigest,
} from '@gapferry/core';
import { makeDirectory } from '@gapferry/core/testing';
import { memoryBlobStore, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embeddedRoom } from './embedded-room.ts';
import type { EmbeddedStore } from './embedded-store.ts';

const run = quietRun();
let home: TemporaryDirectory;
beforeAll(async () => {
  home = await temporaryDirectory();
});
afterAll(() => home.remove());

const pack = { digest: digestOf('pack'), size: 700, prerequisites: [] };
const repository = {
  phase: 'content',
  kind: 'git',
  item: 'git git.example/a',
  repository: 'git.example/a',
  objectFormat: 'sha1',
  refs: [],
  packs: [pack],
} as const;

async function needed(
  loads: readonly Load[],
  seen: readonly [Load, Presence][] = [],
  store: BlobReader = memoryBlobStore(),
): Promise<number> {
  const place = { tree: home.path, store: store as unknown as EmbeddedStore, seen: new WeakMap(seen) };
  return (await embeddedRoom(place, loads, run)).needed;
}

describe('the room that an embedded depot needs', () => {
  const { content, name, medium } = makeDirectory('v1');
  const roots = content.files.map(({ root }) => root);
  const blobs = totalSize(uniqueByDigest(roots));
  const absent = { state: 'absent', missingBytes: 0 } as const;

  it('is that of missing blobs, each once, and of a copy of every file that becomes visible', async () => {
    const twin = { ...content, item: 'file other/' };
    expect(await needed([content, twin])).toBe(blobs);
    expect(await needed([content, name], [[name, absent]])).toBe(blobs + totalSize(roots));
  });

  it('leaves out blobs that are there, and files that stay', async () => {
    const [first, ...others] = name.files;
    const there = { [first?.path ?? '']: first?.root.digest ?? '' };
    const different = { state: 'different', there, missingBytes: 0 } as const;
    const left = totalSize(others.map(({ root }) => root));
    expect(await needed([content, name], [[name, different]], medium)).toBe(left);
  });

  it('is that of packs, as far as the survey found them missing', async () => {
    expect(await needed([repository], [[repository, { state: 'absent', missingBytes: 300 }]])).toBe(300);
    // With Git LFS: those are blobs.
    expect(await needed([repository], [[repository, { state: 'absent', missingBytes: 9000 }]])).toBe(700);
    expect(await needed([repository], [[repository, { state: 'same' }]])).toBe(0);
  });

  it('is held against what is free on its disk', async () => {
    const room = await embeddedRoom(
      { tree: home.path, store: memoryBlobStore() as unknown as EmbeddedStore, seen: new WeakMap() },
      [content],
      run,
    );
    const { bavail, bsize } = await statfs(home.path);
    expect(room.on).toBe(home.path);
    // Others write there meanwhile.
    expect(Math.abs(room.free - bavail * bsize)).toBeLessThan(1 << 30);
  });
});
