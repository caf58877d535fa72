import { readdir } from 'node:fs/promises';
import { type GitPack, type GitRef, quietRun } from '@gapferry/core';
import { createRepository, mustRun } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGit } from './git-tool.ts';
import { type QuarantineRequest, unpackQuarantine } from './quarantine.ts';
import { repositoryWriter } from './repository-writer.ts';
import { type GitWorld, gitWorld, placeQuarantine, resealed, withByte } from './testing/git-world.ts';

const git = createGit();
const writer = repositoryWriter(git);
const run = quietRun();
const LONG = Array.from({ length: 2000 }, (_, line) => `line ${line} ${(line * 7919) % 10007}\n`).join('');
let world: GitWorld;
let directory: GitWorld['directory'];
let upstream: GitWorld['upstream'];
/** Ids of the three states of main, and the packs that git itself made between them. */
let ids: readonly [string, string, string];
let chain: readonly [GitPack, GitPack, GitPack];
let refs: readonly GitRef[];

beforeEach(async () => {
  world = await gitWorld([]);
  ({ directory, upstream } = world);
  const one = await upstream.commit({ message: 'one', files: { 'a.txt': 'a\n', 'long.txt': LONG } });
  const two = await upstream.commit({ message: 'two', files: { 'long.txt': `${LONG}two\n` } });
  const three = await upstream.commit({ message: 'three', files: { 'long.txt': `${LONG}two\nthree\n` } });
  ids = [one, two, three];
  chain = [
    { ...(await packed(`${one}\n`)), since: 1 },
    { ...(await packed(`${two}\n^${one}\n`, [one])), since: 4 },
    { ...(await packed(`${three}\n^${two}\n`, [two])), since: 9 },
  ];
  refs = [{ name: 'refs/heads/main', oid: three }];
});
afterEach(() => directory.remove());

async function packed(revisions: string, prerequisites: readonly string[] = []): Promise<GitPack> {
  const pack = await world.packed(revisions, '--revs', '--thin', '--delta-base-offset');
  return await world.stored(pack, prerequisites);
}

async function unpack(packs: readonly GitPack[], more: Partial<QuarantineRequest> = {}): Promise<string> {
  const request = {
    item: 'ops/line-a',
    refs,
    objectFormat: 'sha1',
    from: world.store,
    packs,
    ...more,
  } as const;
  return await unpackQuarantine(git, { ...request, directory: directory.join('work') }, run);
}

/** A repository that was given the first packs of the chain. */
async function targetWith(packs: readonly GitPack[], oid: string): Promise<string> {
  const target = directory.join('target.git');
  const own = [{ name: 'refs/heads/main', oid }];
  await placeQuarantine(writer, await unpack(packs, { refs: own }), target, { refs: own });
  return target;
}

const flip = (old: number): number => old ^ 0x15;

function bytesOf({ digest }: GitPack): Buffer {
  return Buffer.from(world.store.blobs.get(digest) ?? []);
}

describe('a chain of packs', () => {
  it('yields what git itself has, base first', async () => {
    const repository = await unpack(chain);
    expect(await mustRun('git', ['-C', repository, 'show-ref'])).toBe(
      await mustRun('git', ['-C', upstream.path, 'show-ref']),
    );
    await mustRun('git', ['-C', repository, 'fsck', '--full', '--strict']);
  });

  it('is unpacked only from where a repository is', async () => {
    const target = await targetWith(chain.slice(0, 2), ids[1]);
    expect(await writer.neededPacks(target, chain, run)).toEqual([chain[2]]);
    const repository = await unpack(chain, { alternate: target });
    expect(
      (await readdir(`${repository}/objects/pack`)).filter((name) => name.endsWith('.pack')),
    ).toHaveLength(1);
    await writer.placeObjects(repository, target, run);
    await writer.readBack(target, { refs }, 'line-a', run);
    await mustRun('git', ['-C', target, 'fsck', '--full', '--strict', ids[2]]);
  });

  it('is needed as a whole by a repository that has none of it, or is not there', async () => {
    await createRepository(directory.join('other'), [{ message: 'x', files: { x: 'x' } }]);
    expect(await writer.neededPacks(directory.join('other', '.git'), chain, run)).toEqual(chain);
    expect(await writer.neededPacks(directory.join('nothing'), chain, run)).toEqual(chain);
    expect(await unpack(chain, { alternate: directory.join('nothing') })).toBeDefined();
  });

  it('is unpacked as a whole where a repository has what the last builds on, and not what another carries', async () => {
    await upstream.git('switch', '--quiet', '-c', 'side', ids[0]);
    const side = await upstream.commit({ message: 'side', files: { 's.txt': 's\n' } });
    const own = [{ ...(await packed(`${side}\n^${ids[0]}\n`, [ids[0]])), since: 5 }];
    const packs = [chain[0], ...own, chain[1], chain[2]];
    const both = [...refs, { name: 'refs/heads/side', oid: side }];
    const target = await targetWith(chain, ids[2]);
    expect(await writer.neededPacks(target, packs, run)).toEqual([chain[2]]);
    const repository = await unpack(packs, { alternate: target, refs: both });
    await mustRun('git', ['-C', repository, 'cat-file', '-e', `${side}:s.txt`]);
  });
});

describe('a chain is refused, and nothing of it is left,', () => {
  it.each<[string, () => readonly GitPack[], number, string]>([
    ['its base', () => chain.slice(1), 0, 'the release before number 4 of the channel'],
    ['one in its middle', () => [chain[0], chain[2]], 1, 'release 1 of the channel'],
    ['the right order', () => [chain[0], chain[2], chain[1]], 1, 'release 1 of the channel'],
  ])('when it lacks %s, and says which release carries it', async (_what, packs, prerequisite, carrier) => {
    await expect(unpack(packs())).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      message: expect.stringContaining(`${ids[prerequisite]}, which is not here: ${carrier} carries it`),
      hint: expect.stringContaining(`import ${carrier} first`),
    });
    expect(await world.left()).toEqual([]);
  });

  it('when its list says that an increment builds on nothing', async () => {
    const lying = { ...chain[1], prerequisites: [] };
    await expect(unpack([chain[0], lying, chain[2]])).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('unresolved delta'),
    });
    expect(await world.left()).toEqual([]);
  });

  it('when it yields less than the refs need', async () => {
    await expect(unpack(chain.slice(0, 2))).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    expect(await world.left()).toEqual([]);
  });

  it('when an increment has lost an object', async () => {
    const tree = await upstream.git('rev-parse', `${ids[2]}^{tree}`);
    const objects = (await upstream.git('rev-list', '--objects', ids[2], `^${ids[1]}`))
      .split('\n')
      .map((line) => line.slice(0, 40));
    const made = await world.packed(`${objects.filter((oid) => oid !== tree).join('\n')}\n`);
    const pack = await world.stored(made, [ids[1]]);
    await expect(unpack([chain[0], chain[1], pack])).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    expect(await world.left()).toEqual([]);
  });

  it.each<[string, (pack: Buffer) => Buffer]>([
    ['a changed signature', (pack) => withByte(pack, 0, flip)],
    ['another version', (pack) => withByte(pack, 7, flip)],
    ['another count', (pack) => withByte(pack, 11, flip)],
    ['a changed object header', (pack) => withByte(pack, 12, flip)],
    ['a changed zlib stream', (pack) => withByte(pack, 30, flip)],
    ['a changed end of the last object', (pack) => withByte(pack, pack.length - 23, flip)],
    ['a changed checksum', (pack) => withByte(pack, pack.length - 1, flip)],
    ['its end cut off', (pack) => pack.subarray(0, -5)],
    ['a byte after its end', (pack) => Buffer.concat([pack, Buffer.alloc(1)])],
    ['a megabyte after its end', (pack) => Buffer.concat([pack, Buffer.alloc(1_000_000)])],
  ])('when an increment has %s, whether its checksum fits or not', async (_what, damage) => {
    const damaged = damage(bytesOf(chain[2]));
    for (const bytes of [damaged, resealed(damaged)]) {
      if (bytes.equals(bytesOf(chain[2]))) continue;
      const pack = await world.stored(bytes, [ids[1]]);
      await expect(unpack([chain[0], chain[1], pack])).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    }
    expect(await world.left()).toEqual([]);
  });
});
