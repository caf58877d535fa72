import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { type BlobReader, digestOf, type GitRef, quietRun } from '@gapferry/core';
import { mustRun, runProcess } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createGit } from './git-tool.ts';
import { type QuarantineRequest, removeQuarantine, unpackQuarantine } from './quarantine.ts';
import { countCommits } from './read-refs.ts';
import { type GitWorld, gitWorld, resealed, withByte } from './testing/git-world.ts';

const git = createGit();
const run = quietRun();
let world: GitWorld;
let directory: GitWorld['directory'];
let upstream: GitWorld['upstream'];
let store: GitWorld['store'];
let base: Buffer;
let refs: readonly GitRef[];

beforeEach(async () => {
  world = await gitWorld([
    { message: 'one', files: { 'a.txt': 'one\n', 'long.txt': 'line\n'.repeat(5000) }, tags: ['v1'] },
    {
      message: 'two',
      files: { 'a.txt': 'two\n', 'long.txt': `${'line\n'.repeat(5000)}end\n` },
      annotatedTags: { v2: 'second' },
    },
  ]);
  ({ directory, upstream, store } = world);
  await mkdir(directory.join('work'));
  base = await world.packed('', '--all');
  refs = Object.entries(await upstream.refs()).map(([name, oid]) => ({ name, oid }));
});
afterEach(() => directory.remove());

async function unpack(change: Partial<QuarantineRequest> = {}): Promise<string> {
  const packs = change.packs ?? [await world.stored(base)];
  return await unpackQuarantine(
    git,
    {
      item: 'ops/line-a',
      packs,
      refs,
      objectFormat: 'sha1',
      directory: directory.join('work'),
      from: store,
      ...change,
    },
    run,
  );
}

describe('unpacking in quarantine', () => {
  it('yields exactly the refs, complete, as git itself sees them', async () => {
    const repository = await unpack();
    const shown = await mustRun('git', ['-C', repository, 'show-ref']);
    expect(shown).toBe(await mustRun('git', ['-C', upstream.path, 'show-ref']));
    await mustRun('git', ['-C', repository, 'fsck', '--full', '--strict']);
    await mustRun('git', ['clone', '--quiet', repository, directory.join('clone')]);
    expect(await readFile(directory.join('clone', 'a.txt'), 'utf8')).toBe('two\n');
    await removeQuarantine(repository);
    expect(await world.left()).toEqual([]);
  });

  it('keeps names apart that differ only in case, and 100,000 refs', async () => {
    const oid = refs[0]?.oid ?? '';
    const many = Array.from({ length: 100_000 }, (_, index) => ({ name: `refs/tags/build-${index}`, oid }));
    const repository = await unpack({
      refs: [...many, { name: 'refs/heads/main', oid }, { name: 'refs/heads/Main', oid }],
    });
    expect((await mustRun('git', ['-C', repository, 'show-ref'])).trim().split('\n')).toHaveLength(100_002);
  });

  it('works with sha256 object ids', async () => {
    const sha256 = await gitWorld([{ message: 'one', files: { a: 'a' } }], { objectFormat: 'sha256' });
    onTestFinished(() => sha256.directory.remove());
    const pack = await world.stored(await sha256.packed('', '--all'));
    const other = Object.entries(await sha256.upstream.refs()).map(([name, oid]) => ({ name, oid }));
    await expect(unpack({ packs: [pack], refs: other, objectFormat: 'sha256' })).resolves.toBeDefined();
    await expect(unpack({ packs: [pack], refs: other })).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it('counts commits between two ids', async () => {
    const repository = await unpack();
    expect(await countCommits(git, repository, 'refs/tags/v1', 'refs/heads/main', run)).toBe(1);
    expect(await countCommits(git, repository, 'refs/heads/main', 'refs/tags/v1', run)).toBe(0);
    expect(await countCommits(git, repository, undefined, 'refs/tags/v2', run)).toBe(2);
  });
});

describe('a pack is refused, and nothing is left of it,', () => {
  const classes: ReadonlyArray<readonly [string, (pack: Buffer) => Buffer]> = [
    ['a changed signature', (pack) => withByte(pack, 0, () => 0x51)],
    ['another version', (pack) => withByte(pack, 7, () => 9)],
    ['one object too many in its count', (pack) => withByte(pack, 11, (old) => old + 1)],
    ['one object too few in its count', (pack) => withByte(pack, 11, (old) => old - 1)],
    [
      '4,294,967,295 objects in its count',
      (pack) => Buffer.concat([pack.subarray(0, 8), Buffer.alloc(4, 0xff), pack.subarray(12)]),
    ],
    ['another object type', (pack) => withByte(pack, 12, (old) => old ^ 0x70)],
    ['another object size', (pack) => withByte(pack, 12, (old) => old ^ 0x01)],
    ['a changed compressed header', (pack) => withByte(pack, 14, (old) => old ^ 0xff)],
    ['changed compressed content', (pack) => withByte(pack, 60, (old) => old ^ 0x10)],
    ['changed content near its end', (pack) => withByte(pack, pack.length - 26, (old) => old ^ 0x10)],
    ['its end cut off', (pack) => pack.subarray(0, pack.length - 40)],
    ['nothing but a header', (pack) => pack.subarray(0, 12)],
    ['no bytes at all', () => Buffer.alloc(0)],
  ];

  it.each(classes)('when it has %s', async (_what, damage) => {
    await expect(unpack({ packs: [await world.stored(damage(base))] })).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
    });
    expect(await world.left()).toEqual([]);
  });

  it.each(classes.slice(0, 11))('when it has %s and a checksum that fits', async (_what, damage) => {
    await expect(unpack({ packs: [await world.stored(resealed(damage(base)))] })).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
    });
    expect(await world.left()).toEqual([]);
  });

  it('when its own checksum is wrong', async () => {
    await expect(
      unpack({ packs: [await world.stored(withByte(base, base.length - 1, (old) => old ^ 1))] }),
    ).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it('when bytes follow its end', async () => {
    for (const extra of [1, 100_000])
      await expect(
        unpack({ packs: [await world.stored(Buffer.concat([base, Buffer.alloc(extra)]))] }),
      ).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    expect(await world.left()).toEqual([]);
  });

  it('when the medium gives other bytes than the manifest says', async () => {
    const pack = await world.stored(base);
    store.blobs.set(
      pack.digest,
      withByte(base, 60, (old) => old ^ 0x10),
    );
    await expect(unpack({ packs: [pack] })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await world.left()).toEqual([]);
  });

  it('when the medium gives a right pack that is another', async () => {
    const pack = { digest: digestOf('another'), size: base.length, prerequisites: [] };
    const liar: BlobReader = {
      has: async () => true,
      open: () => store.open({ digest: digestOf(base), size: base.length }, run),
    };
    await world.stored(base);
    await expect(unpack({ packs: [pack], from: liar })).resolves.toBeDefined();
    await expect(unpack({ packs: [pack] })).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });

  it.each(['main:a.txt', 'v1^{tree}', 'v1^{commit}', 'v1:long.txt'])(
    'when %s is missing in it',
    async (revision) => {
      const missing = await upstream.git('rev-parse', revision);
      const objects = (await upstream.git('rev-list', '--objects', '--all'))
        .split('\n')
        .map((line) => line.slice(0, 40));
      const pack = await world.packed(objects.filter((oid) => oid !== missing).join('\n'), '--window=0');
      await expect(unpack({ packs: [await world.stored(pack)] })).rejects.toMatchObject({
        code: 'CONTENT_INVALID',
      });
      expect(await world.left()).toEqual([]);
    },
  );

  it('when a ref points to an object that it does not have', async () => {
    const wrong = [...refs, { name: 'refs/heads/other', oid: '0123456789'.repeat(4) }];
    await expect(unpack({ refs: wrong })).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    expect(await world.left()).toEqual([]);
  });

  it('when it builds on a commit that is not here, and accepted where it is', async () => {
    const repository = await unpack();
    const first = await upstream.git('rev-parse', 'main');
    const third = await upstream.commit({ message: 'three', files: { 'a.txt': 'three\n' } });
    const increment = await world.stored(await world.packed(`${third}\n^${first}\n`, '--revs', '--thin'), [
      first,
    ]);
    const moved = [{ name: 'refs/heads/main', oid: third }];
    await expect(unpack({ packs: [increment], refs: moved })).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      message: expect.stringContaining(first),
    });
    await expect(unpack({ packs: [increment], refs: moved, alternate: repository })).resolves.toBeDefined();
    await expect(
      unpack({ packs: [await world.stored(base), increment], refs: moved }),
    ).resolves.toBeDefined();
  });

  it('when a prerequisite reads like an option', async () => {
    await expect(
      unpack({ packs: [await world.stored(base, ['--batch-all-objects'])] }),
    ).rejects.toMatchObject({
      code: 'BLOB_MISSING',
    });
  });

  it.each([
    '--upload-pack=x',
    'refs/heads/../../config',
    'refs/heads/-x',
    'refs/heads/a\n0000 refs/heads/b',
    'HEAD',
    'config',
  ])('when a ref of the manifest is called %j', async (name) => {
    await expect(unpack({ refs: [{ name, oid: refs[0]?.oid ?? '' }] })).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
    });
    expect(await world.left()).toEqual([]);
  });

  it('when its .gitmodules is hostile', async () => {
    await upstream.commit({
      message: 'hostile',
      files: { '.gitmodules': '[submodule "a"]\n\tpath = a\n\turl = --upload-pack=touch\n' },
    });
    const hostile = Object.entries(await upstream.refs()).map(([name, oid]) => ({ name, oid }));
    await expect(
      unpack({ packs: [await world.stored(await world.packed('', '--all'))], refs: hostile }),
    ).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('gitmodules'),
    });
  });
});

describe('a quarantine', () => {
  it('has no hooks, and runs none that a template of this machine would bring', async () => {
    const touched = directory.join('touched');
    await mkdir(directory.join('template', 'hooks'), { recursive: true });
    await writeFile(
      directory.join('template', 'hooks', 'reference-transaction'),
      `#!/bin/sh\ntouch ${touched}\n`,
    );
    await chmod(directory.join('template', 'hooks', 'reference-transaction'), 0o755);
    await writeFile(directory.join('gitconfig'), `[init]\n\ttemplateDir = ${directory.join('template')}\n`);
    const configured = createGit({ globalConfig: directory.join('gitconfig') });
    const repository = await unpackQuarantine(
      configured,
      {
        item: 'x',
        packs: [await world.stored(base)],
        refs,
        objectFormat: 'sha1',
        directory: directory.join('work'),
        from: store,
      },
      run,
    );
    expect(await readdir(repository)).not.toContain('hooks');
    expect((await runProcess('ls', [touched])).code).not.toBe(0);
  });

  it('is removed when the run is stopped in the middle', async () => {
    const stop = new AbortController();
    const pack = await world.stored(base);
    const stopping: BlobReader = {
      has: async () => true,
      open: async function* (blob) {
        for await (const chunk of store.open(blob, run)) {
          stop.abort();
          yield chunk.subarray(0, 20);
        }
      },
    };
    const request = {
      item: 'x',
      packs: [pack],
      refs,
      objectFormat: 'sha1',
      directory: directory.join('work'),
      from: stopping,
    } as const;
    await expect(unpackQuarantine(git, request, quietRun(stop.signal))).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(await world.left()).toEqual([]);
  });
});
