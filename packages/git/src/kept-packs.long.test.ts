import { mkdir, open, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { type BlobReader, type Digest, type GitPack, type GitRef, quietRun } from '@gapferry/core';
import {
  createRepository,
  type MemoryBlobStore,
  memoryBlobStore,
  mustRun,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createGit, type Git } from './git-tool.ts';
import { keptPacksOf, sweepKept } from './kept-packs.ts';
import { removeQuarantine, unpackQuarantine } from './quarantine.ts';

const run = quietRun();
let directory: TemporaryDirectory;
let upstream: TestGitRepository;
let store: MemoryBlobStore;
let asked: string[];
let opened: Digest[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  store = memoryBlobStore();
  upstream = await createRepository(directory.join('upstream'), [
    { message: 'one', files: { 'a.txt': 'one\n', 'long.txt': 'line\n'.repeat(5000) } },
    { message: 'two', files: { 'a.txt': 'two\n', 'b/c.txt': 'c\n' } },
  ]);
});
afterEach(() => directory.remove());

interface Chain {
  readonly packs: readonly GitPack[];
  readonly refs: readonly GitRef[];
}

/** A chain of one pack more, made by git itself. */
async function extended(before?: Chain): Promise<Chain> {
  const old = before?.refs[0]?.oid;
  const oid = (await upstream.git('rev-parse', 'main')).trim();
  const path = directory.join('made.pack');
  const script = `printf '%s\\n' ${oid} ${old === undefined ? '' : `^${old}`} | git pack-objects --revs --thin --stdout -q > '${path}'`;
  await mustRun('sh', ['-c', script], { cwd: upstream.path });
  const { digest, size } = await store.add('application/x-git-pack', await readFile(path), run);
  const pack = { digest, size, prerequisites: old === undefined ? [] : [old] };
  return { packs: [...(before?.packs ?? []), pack], refs: [{ name: 'refs/heads/main', oid }] };
}

async function twoReleases(): Promise<[Chain, Chain]> {
  const first = await extended();
  await upstream.commit({
    message: 'three',
    files: { 'a.txt': 'three\n', 'long.txt': 'line\n'.repeat(5001) },
  });
  return [first, await extended(first)];
}

const kept = () => keptPacksOf(directory.join('kept'), 'ops/line-a');

/** Unpacks, looks with git whether everything is there, and tells what was read and indexed for it. */
async function stage(chain: Chain): Promise<{ read: readonly Digest[]; indexed: number }> {
  [asked, opened] = [[], []];
  const from: BlobReader = {
    ...store,
    open: (blob, inner) => {
      opened.push(blob.digest);
      return store.open(blob, inner);
    },
  };
  const rest = { item: 'ops/line-a', objectFormat: 'sha1', directory: directory.path, from } as const;
  const repository = await unpackQuarantine(watched(), { ...chain, ...rest, kept: kept() }, run);
  await mustRun('git', ['-C', repository, 'fsck', '--full', '--strict']);
  const shown = await mustRun('git', ['-C', repository, 'for-each-ref', '--format=%(objectname)']);
  expect(shown.trim()).toBe(chain.refs[0]?.oid);
  await removeQuarantine(repository);
  return { read: opened, indexed: asked.filter((name) => name === 'index-pack').length };
}

function watched(): Git {
  const git = createGit();
  const note = ({ args }: { readonly args: readonly string[] }): void => void asked.push(args[0] ?? '');
  return {
    run: (command, inner, most) => {
      note(command);
      return git.run(command, inner, most);
    },
    stream: (command, inner) => {
      note(command);
      return git.stream(command, inner);
    },
  };
}

async function keptFiles(ending: string): Promise<string[]> {
  const names = await readdir(kept().directory, { recursive: true });
  return names.filter((name) => name.endsWith(ending)).map((name) => `${kept().directory}/${name}`);
}

it('only what is new of the next release is read and indexed, and nothing of the same one', async () => {
  const [first, second] = await twoReleases();
  expect(await stage(first)).toEqual({ read: [first.packs[0]?.digest], indexed: 1 });
  expect(await stage(second)).toEqual({ read: [second.packs[1]?.digest], indexed: 1 });
  expect(await stage(second)).toEqual({ read: [], indexed: 0 });
});

it('what was proved is not followed again, and what is new is', async () => {
  const [first, second] = await twoReleases();
  await stage(first);
  const [proof = ''] = await keptFiles('.proved');
  expect(await readFile(proof, 'utf8')).toBe(first.refs[0]?.oid);
  // A commit that names a tree that is nowhere.
  const lie = (await upstream.git('commit-tree', '-p', 'main', '-m', 'lie', 'main^{tree}')).trim();
  const broken = (await mustRun('git', ['-C', upstream.path, 'cat-file', 'commit', lie])).replace(
    /^tree .*$/m,
    `tree ${'1'.repeat(40)}`,
  );
  const hashing = ['-C', upstream.path, 'hash-object', '-t', 'commit', '-w', '--literally', '--stdin'];
  const oid = (await mustRun('git', hashing, { input: broken })).trim();
  const pack = await mustRun('sh', ['-c', `printf '%s\\n' ${oid} | git pack-objects --stdout -q | base64`], {
    cwd: upstream.path,
  });
  const { digest, size } = await store.add('application/x-git-pack', Buffer.from(pack, 'base64'), run);
  const third = {
    packs: [...second.packs, { digest, size, prerequisites: [second.refs[0]?.oid ?? ''] }],
    refs: [{ name: 'refs/heads/main', oid }],
  };
  await expect(stage(third)).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
});

it('a release gets nothing of what is kept but the packs that it names', async () => {
  const [first, second] = await twoReleases();
  await stage(second);
  await expect(stage({ packs: first.packs, refs: second.refs })).rejects.toMatchObject({
    code: 'CONTENT_INVALID',
  });
});

it('a pack that is kept stands for one that the medium does not carry, and no other does', async () => {
  const [first, second] = await twoReleases();
  await stage(first);
  store.blobs.delete(first.packs[0]?.digest as Digest);
  expect((await stage(second)).read).toEqual([second.packs[1]?.digest]);
  await rm(kept().directory, { recursive: true });
  await expect(stage(second)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
});

it.each([
  ['cut', (path: string) => truncate(path, 100)],
  ['overwritten', overwrite],
  ['gone', (path: string) => rm(path)],
])('everything is unpacked again where a kept pack was %s', async (_what, damage) => {
  const [first, second] = await twoReleases();
  await stage(first);
  for (const path of await keptFiles('.pack')) await damage(path);
  for (const path of await keptFiles('.proved')) await rm(path);
  expect((await stage(second)).read).toEqual(second.packs.map(({ digest }) => digest));
  expect(await stage(second)).toEqual({ read: [], indexed: 0 });
});

it('what a killed run left half kept counts for nothing, and goes', async () => {
  const [first, second] = await twoReleases();
  await stage(first);
  for (const path of await keptFiles('sizes')) await rm(path);
  await writeFile(`${kept().directory}/half.tmp`, 'half');
  expect((await stage(second)).indexed).toBe(2);
  expect(await keptFiles('.tmp')).toEqual([]);
});

it('what no release names any more goes', async () => {
  const [first, second] = await twoReleases();
  await stage(second);
  expect(await keptFiles('.pack')).toHaveLength(2);
  await stage(first);
  expect(await keptFiles('.pack')).toHaveLength(1);
});

it('a repository that nobody brings any more is forgotten after half a year', async () => {
  const [first] = await twoReleases();
  await stage(first);
  const other = directory.join('kept', 'other');
  await mkdir(other);
  await utimes(other, new Date(), new Date(Date.now() - 181 * 86_400_000));
  await sweepKept(directory.join('kept'));
  expect(await keptFiles('.pack')).toHaveLength(1);
  expect(await readdir(directory.join('kept'))).not.toContain('other');
  await sweepKept(directory.join('nowhere'));
});

/** As large as before, and nothing of it right; git leaves packs that nobody may write to. */
async function overwrite(path: string): Promise<void> {
  const { length } = await readFile(path);
  await rm(path);
  const file = await open(path, 'w');
  await file.write(Buffer.alloc(length, 7));
  await file.close();
}
