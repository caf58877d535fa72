import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { type BlobReader, digestOf, type GitPack, type GitRef, quietRun } from '@gapferry/core';
import {
  createRepository,
  type MemoryBlobStore,
  memoryBlobStore,
  mustRun,
  runProcess,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGit } from './git-tool.ts';
import { type QuarantineRequest, removeQuarantine, unpackQuarantine } from './quarantine.ts';
import { countCommits } from './read-refs.ts';

const git = createGit();
const run = quietRun();
let directory: TemporaryDirectory;
let upstream: TestGitRepository;
let store: MemoryBlobStore;
let base: Buffer;
let refs: readonly GitRef[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  store = memoryBlobStore();
  upstream = await createRepository(directory.join('upstream'), [
    { message: 'one', files: { 'a.txt': 'one\n', 'long.txt': 'line\n'.repeat(5000) }, tags: ['v1'] },
    {
      message: 'two',
      files: { 'a.txt': 'two\n', 'long.txt': `${'line\n'.repeat(5000)}end\n` },
      annotatedTags: { v2: 'second' },
    },
  ]);
  await mkdir(directory.join('work'));
  base = await packOf('', '--all');
  refs = Object.entries(await upstream.refs()).map(([name, oid]) => ({ name, oid }));
});
afterEach(() => directory.remove());

/** A pack made by git itself from revisions, or from a list of objects. */
async function packOf(input: string, ...more: string[]): Promise<Buffer> {
  const path = directory.join('made.pack');
  const args = more.length === 0 ? ['--revs'] : more;
  await writeFile(directory.join('list'), input);
  await mustRun(
    'sh',
    ['-c', `git pack-objects ${args.join(' ')} --stdout < "$1" > "$2"`, 'sh', directory.join('list'), path],
    { cwd: upstream.path },
  );
  return await readFile(path);
}

async function stored(bytes: Uint8Array, prerequisites: readonly string[] = []): Promise<GitPack> {
  const { digest, size } = await store.add('application/x-git-pack', bytes, run);
  return { digest, size, prerequisites };
}

async function unpack(change: Partial<QuarantineRequest> = {}): Promise<string> {
  const packs = change.packs ?? [await stored(base)];
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

const left = (): Promise<string[]> => readdir(directory.join('work'));

/** As somebody who tampers would do it: the pack's own checksum fits again. */
function resealed(pack: Uint8Array): Buffer {
  const body = pack.subarray(0, -20);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

function withByte(pack: Buffer, at: number, value: (old: number) => number): Buffer {
  const copy = Buffer.from(pack);
  copy[at] = value(copy[at] ?? 0);
  return copy;
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
    expect(await left()).toEqual([]);
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
    upstream = await createRepository(directory.join('sha256'), [{ message: 'one', files: { a: 'a' } }], {
      objectFormat: 'sha256',
    });
    const pack = await stored(await packOf('', '--all'));
    const other = Object.entries(await upstream.refs()).map(([name, oid]) => ({ name, oid }));
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
    await expect(unpack({ packs: [await stored(damage(base))] })).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
    });
    expect(await left()).toEqual([]);
  });

  it.each(classes.slice(0, 11))('when it has %s and a checksum that fits', async (_what, damage) => {
    await expect(unpack({ packs: [await stored(resealed(damage(base)))] })).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
    });
    expect(await left()).toEqual([]);
  });

  it('when its own checksum is wrong', async () => {
    await expect(
      unpack({ packs: [await stored(withByte(base, base.length - 1, (old) => old ^ 1))] }),
    ).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it('when bytes follow its end', async () => {
    for (const extra of [1, 100_000])
      await expect(
        unpack({ packs: [await stored(Buffer.concat([base, Buffer.alloc(extra)]))] }),
      ).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    expect(await left()).toEqual([]);
  });

  it('when the medium gives other bytes than the manifest says', async () => {
    const pack = await stored(base);
    store.blobs.set(
      pack.digest,
      withByte(base, 60, (old) => old ^ 0x10),
    );
    await expect(unpack({ packs: [pack] })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await left()).toEqual([]);
  });

  it('when the medium gives a right pack that is another', async () => {
    const pack = { digest: digestOf('another'), size: base.length, prerequisites: [] };
    const liar: BlobReader = {
      has: async () => true,
      open: () => store.open({ digest: digestOf(base), size: base.length }, run),
    };
    await stored(base);
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
      const pack = await packOf(objects.filter((oid) => oid !== missing).join('\n'), '--window=0');
      await expect(unpack({ packs: [await stored(pack)] })).rejects.toMatchObject({
        code: 'CONTENT_INVALID',
      });
      expect(await left()).toEqual([]);
    },
  );

  it('when a ref points to an object that it does not have', async () => {
    const wrong = [...refs, { name: 'refs/heads/other', oid: '0123456789'.repeat(4) }];
    await expect(unpack({ refs: wrong })).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    expect(await left()).toEqual([]);
  });

  it('when it builds on a commit that is not here, and accepted where it is', async () => {
    const repository = await unpack();
    const first = await upstream.git('rev-parse', 'main');
    const third = await upstream.commit({ message: 'three', files: { 'a.txt': 'three\n' } });
    const increment = await stored(await packOf(`${third}\n^${first}\n`, '--revs', '--thin'), [first]);
    const moved = [{ name: 'refs/heads/main', oid: third }];
    await expect(unpack({ packs: [increment], refs: moved })).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      message: expect.stringContaining(first),
    });
    await expect(unpack({ packs: [increment], refs: moved, alternate: repository })).resolves.toBeDefined();
    await expect(unpack({ packs: [await stored(base), increment], refs: moved })).resolves.toBeDefined();
  });

  it('when a prerequisite reads like an option', async () => {
    await expect(unpack({ packs: [await stored(base, ['--batch-all-objects'])] })).rejects.toMatchObject({
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
    expect(await left()).toEqual([]);
  });

  it('when its .gitmodules is hostile', async () => {
    await upstream.commit({
      message: 'hostile',
      files: { '.gitmodules': '[submodule "a"]\n\tpath = a\n\turl = --upload-pack=touch\n' },
    });
    const hostile = Object.entries(await upstream.refs()).map(([name, oid]) => ({ name, oid }));
    await expect(
      unpack({ packs: [await stored(await packOf('', '--all'))], refs: hostile }),
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
        packs: [await stored(base)],
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
    const pack = await stored(base);
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
    expect(await left()).toEqual([]);
  });
});
