import { type GitHolding, type GitPin, type GitRef, quietRun } from '@gapferry/core';
import { memoryBlobStore, mustRun } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gitSource } from './git-source.ts';
import { createGit } from './git-tool.ts';
import { unpackQuarantine } from './quarantine.ts';
import { repositoryWriter } from './repository-writer.ts';
import { type GitWorld, gitWorld, placeQuarantine } from './testing/git-world.ts';

const git = createGit();
const writer = repositoryWriter(git);
const run = quietRun();
let world: GitWorld;
let directory: GitWorld['directory'];
let upstream: GitWorld['upstream'];
let target: string;

beforeEach(async () => {
  world = await gitWorld(
    [1, 2, 3, 4, 5].map((n) => ({ message: `${n}`, files: { 'a.txt': `${n}\n`, [`${n}.txt`]: `${n}\n` } })),
  );
  ({ directory, upstream } = world);
  target = directory.join('target.git');
});
afterEach(() => directory.remove());

const source = () => gitSource({ workDirectory: directory.join('work') });

async function pinOf(depth: number | undefined, refs: readonly string[] = ['main']): Promise<GitPin> {
  const wish = { kind: 'git', url: `file://${upstream.path}`, refs, ...(depth && { depth }) } as const;
  const [pin] = await source().resolve(wish, run);
  if (pin === undefined) throw new Error('no pin');
  return pin;
}

async function fetched(depth?: number, refs?: readonly string[]): Promise<GitHolding> {
  return await source().fetch(await pinOf(depth, refs), world.store, run);
}

/** Into the target, as an import does it. */
async function load({ packs, pin, shallow }: GitHolding): Promise<void> {
  const wanted = { refs: pin.refs, ...(shallow && { shallow }) };
  const quarantine = await unpackQuarantine(
    git,
    {
      item: 'line-a',
      packs,
      objectFormat: 'sha1',
      directory: directory.path,
      from: world.store,
      alternate: target,
      ...wanted,
    },
    run,
  );
  await placeQuarantine(writer, quarantine, target, { ...wanted, head: 'refs/heads/main' });
}

const id = (revision: string): Promise<string> => upstream.git('rev-parse', revision);
const history = async (repository: string): Promise<string[]> =>
  (await mustRun('git', ['-C', repository, 'log', '--format=%s', 'refs/heads/main'])).trim().split('\n');

describe('a history that is cut', () => {
  it('has as many commits as were asked for, and says where it is cut', async () => {
    const held = await fetched(2);
    expect(held).toMatchObject({
      pin: { depth: 2 },
      packs: [{ prerequisites: [] }],
      shallow: [await id('main~1')],
    });
    expect(await fetched(2)).toEqual(held);
  });

  it('is the same for everybody with the same pin, whatever was fetched before', async () => {
    const before = await fetched(2, ['main']);
    await upstream.git('branch', 'old', 'main~3');
    await fetched(2, ['main', 'old']);
    await upstream.git('branch', '-D', 'old');
    const { shallow } = await source().fetch(before.pin, memoryBlobStore(), run);
    expect(shallow).toEqual(before.shallow);
  });

  it('is whole, and not cut, where it has no more commits than were asked for', async () => {
    const held = await fetched(50);
    expect(held).not.toHaveProperty('shallow');
    await load(held);
    expect(await history(target)).toHaveLength(5);
  });

  it('arrives cut at the same place, can be cloned, and is sound for git', async () => {
    await load(await fetched(2));
    expect(await history(target)).toEqual(['5', '4']);
    await mustRun('git', ['-C', target, 'fsck', '--full', '--strict']);
    await mustRun('git', ['clone', '--quiet', `file://${target}`, directory.join('clone')]);
    expect(await history(directory.join('clone'))).toEqual(['5', '4']);
    expect((await writer.readRefs(target, run)).shallow).toEqual([await id('main~1')]);
  });

  it('moves on with the branch, and becomes longer and whole when that is wished', async () => {
    await load(await fetched(1));
    await upstream.commit({ message: '6', files: { 'a.txt': '6\n' } });
    await load(await fetched(1));
    expect(await history(target)).toEqual(['6']);
    await load(await fetched(3));
    expect(await history(target)).toEqual(['6', '5', '4']);
    await load(await fetched());
    expect(await history(target)).toHaveLength(6);
    expect(await writer.readRefs(target, run)).not.toHaveProperty('shallow');
    await mustRun('git', ['-C', target, 'fsck', '--full', '--strict']);
  });

  it('leaves the cuts that refs of others need', async () => {
    await load(await fetched(1));
    await mustRun('git', ['-C', target, 'update-ref', 'refs/heads/local', await id('main')]);
    await upstream.git('reset', '--quiet', '--hard', 'main~2');
    await load(await fetched(1));
    await mustRun('git', ['-C', target, 'fsck', '--full', '--strict']);
    expect((await writer.readRefs(target, run)).shallow).toHaveLength(2);
  });

  it('is refused where it is cut elsewhere than its release says', async () => {
    const held = await fetched(2);
    const wrong: readonly (readonly string[])[] = [[], [await id('main~4')]];
    for (const shallow of wrong)
      await expect(load({ ...held, shallow })).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it('is refused with more than 1,000 cuts', { timeout: 60_000 }, async () => {
    const lines: string[] = [];
    for (let n = 0; n < 1001; n++)
      lines.push(
        `commit refs/heads/b${n}\ncommitter A <a@example.org> ${n} +0000\ndata 0\nfrom refs/heads/main\n\n`,
      );
    await mustRun('git', ['-C', upstream.path, 'fast-import', '--quiet'], { input: lines.join('') });
    await expect(fetched(1, ['b*'])).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      hint: expect.stringContaining('fewer refs'),
    });
  });

  it('is packed as a whole after an earlier release', async () => {
    const before = await fetched(1);
    const earlier = { packs: before.packs, refs: before.pin.refs satisfies readonly GitRef[] };
    await upstream.commit({ message: '6', files: { 'a.txt': '6\n' } });
    const after = await source().fetchAfter(earlier, await pinOf(1), world.store, run);
    expect(after).toMatchObject({ packs: [{ prerequisites: [] }], shallow: [await id('main')] });
    expect(after.packs).not.toEqual(before.packs);
  });
});
