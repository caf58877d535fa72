import { appendFile, chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import {
  type BlobStore,
  type GitCarriage,
  type GitHolding,
  type GitPin,
  quietRun,
  type RunEvent,
  totalSize,
} from '@gapferry/core';
import {
  createRepository,
  type MemoryBlobStore,
  memoryBlobStore,
  mustRun,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gitSource } from '../git-source.ts';

let directory: TemporaryDirectory;
let upstream: TestGitRepository;
let store: MemoryBlobStore;
let events: RunEvent[];
const run = { ...quietRun(), emit: (event: RunEvent) => void events.push(event) };

beforeEach(async () => {
  directory = await temporaryDirectory();
  store = memoryBlobStore();
  events = [];
  upstream = await createRepository(directory.join('srv', 'line-a'), [
    { message: 'one', files: { 'a.txt': 'one\n', 'long.txt': numbered(3000) }, tags: ['v1'] },
    { message: 'side', files: { 'c.txt': 'c\n' }, branch: 'feature' },
  ]);
  await upstream.git('switch', '--quiet', 'main');
});
afterEach(() => directory.remove());

/** Lines that do not compress to nothing. */
function numbered(count: number): string {
  return Array.from({ length: count }, (_, line) => `line ${line} ${(line * 7919) % 10007}\n`).join('');
}

const source = () => gitSource({ workDirectory: directory.join('work') });

async function pinOf(refs: readonly string[] = []): Promise<GitPin> {
  const [pin] = await source().resolve({ kind: 'git', url: `file://${upstream.path}`, refs }, run);
  if (pin === undefined) throw new Error('no pin');
  return pin;
}

async function first(refs?: readonly string[]): Promise<GitHolding> {
  return await source().fetch(await pinOf(refs), store, run);
}

async function next(
  before: GitHolding,
  into: BlobStore = store,
  refs?: readonly string[],
): Promise<GitHolding> {
  return await source().fetchAfter(carriage(before), await pinOf(refs), into, run);
}

const carriage = ({ packs, pin }: GitHolding): GitCarriage => ({ packs, refs: pin.refs });

/** What git itself makes of the packs, in order, in a repository of its own. */
async function unpacked({ packs, pin }: GitHolding): Promise<string> {
  const repository = directory.join(`unpacked-${Math.random()}`);
  await mustRun('git', ['init', '--quiet', '--bare', repository]);
  for (const { digest, prerequisites } of packs) {
    for (const oid of prerequisites) await mustRun('git', ['-C', repository, 'cat-file', '-e', oid]);
    const args = ['-C', repository, 'index-pack', '--stdin', '--fix-thin'];
    await mustRun('git', args, { input: store.blobs.get(digest) as Uint8Array });
  }
  for (const { name, oid } of pin.refs) await mustRun('git', ['-C', repository, 'update-ref', name, oid]);
  await mustRun('git', ['-C', repository, 'fsck', '--full', '--strict']);
  return await mustRun('git', ['-C', repository, 'show-ref']);
}

const shown = (): Promise<string> => mustRun('git', ['-C', upstream.path, 'show-ref']);
const warnings = (): string[] => events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));

async function mirrorPath(): Promise<string> {
  const mirrors = directory.join('work', 'mirrors');
  const [name = ''] = await readdir(mirrors);
  return `${mirrors}/${name}`;
}

async function forgetMirror(): Promise<void> {
  await rm(directory.join('work'), { recursive: true });
}

describe('the packs of a repository that moved on', () => {
  it('are the earlier ones and a small increment that names what it builds on', async () => {
    const before = await first();
    const old = await upstream.git('rev-parse', 'main');
    await upstream.commit({ message: 'two', files: { 'long.txt': `${numbered(3000)}end\n` }, tags: ['v2'] });
    const after = await next(before);
    expect(after.packs).toMatchObject([before.packs[0], { prerequisites: [old] }]);
    expect(after.packs[1]?.size).toBeLessThan((before.packs[0]?.size ?? 0) / 20);
    expect(await unpacked(after)).toBe(await shown());
    expect(warnings()).toEqual([]);
  });

  it('have nothing in the increment that the earlier ones have', async () => {
    const before = await first();
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' } });
    const after = await next(before);
    const increment = store.blobs.get(after.packs[1]?.digest as never) as Uint8Array;
    // A commit, a tree and a file.
    expect(Buffer.from(increment).readUInt32BE(8)).toBe(3);
  });

  it('grow by one pack each time, merges and annotated tags included', async () => {
    let held = await first();
    for (const n of [1, 2, 3]) {
      await upstream.commit({ message: `f${n}`, branch: 'feature', files: { [`f${n}.txt`]: `${n}\n` } });
      await upstream.commit({ message: `m${n}`, branch: 'main', files: { 'a.txt': `${n}\n` } });
      await upstream.git(
        '-c',
        'user.name=A',
        '-c',
        'user.email=a@example.org',
        'merge',
        '-q',
        '-m',
        `x${n}`,
        'feature',
      );
      await upstream.git(
        '-c',
        'user.name=A',
        '-c',
        'user.email=a@example.org',
        'tag',
        '-a',
        `t${n}`,
        '-m',
        'x',
      );
      held = await next(held);
      expect(held.packs).toHaveLength(n + 1);
    }
    expect(await unpacked(held)).toBe(await shown());
  });

  it('stay as they are where a branch was deleted or set back', async () => {
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' } });
    const before = await first();
    await upstream.git('branch', '--quiet', '-D', 'feature');
    await upstream.git('reset', '--quiet', '--hard', 'v1');
    const after = await next(before);
    expect(after.packs).toEqual(before.packs);
    expect(await unpacked(after)).toBe(await shown());
  });

  it('grow by an increment where a branch was forced away from what it was', async () => {
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' } });
    const before = await first();
    const v1 = await upstream.git('rev-parse', 'v1');
    await upstream.git('reset', '--quiet', '--hard', 'v1');
    await upstream.commit({ message: 'other', files: { 'a.txt': 'other\n' } });
    const after = await next(before);
    expect(after.packs[1]).toMatchObject({ prerequisites: [v1] });
    expect(await unpacked(after)).toBe(await shown());
  });

  it('have a pack without prerequisites for a history of its own', async () => {
    const before = await first();
    await upstream.git('switch', '--quiet', '--orphan', 'pages');
    await upstream.commit({ message: 'pages', files: { 'index.html': 'hello\n' } });
    const after = await next(before);
    expect(after.packs).toMatchObject([before.packs[0], { prerequisites: [] }]);
    expect(await unpacked(after)).toBe(await shown());
  });

  it('work with sha256 object ids', async () => {
    upstream = await createRepository(
      directory.join('srv', 'sha256'),
      [{ message: 'one', files: { a: numbered(100) } }],
      { objectFormat: 'sha256' },
    );
    const before = await first();
    await upstream.commit({ message: 'two', files: { a: `${numbered(100)}end\n` } });
    const after = await next(before);
    expect(after.packs).toMatchObject([{}, { prerequisites: [expect.stringMatching(/^[0-9a-f]{64}$/)] }]);
  });
});

describe('a chain whose mirror was lost', () => {
  it('goes on from what upstream still has', async () => {
    const before = await first();
    await forgetMirror();
    await upstream.git('branch', '--quiet', '-D', 'feature');
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' } });
    const after = await next(before);
    expect(after.packs).toHaveLength(2);
    expect(await unpacked(after)).toBe(await shown());
    expect(warnings()).toEqual([]);
  });

  it('is folded, and says so, where upstream has forgotten all that it carries', async () => {
    const before = await first();
    await forgetMirror();
    await upstream.git('switch', '--quiet', '--orphan', 'fresh');
    await upstream.commit({ message: 'fresh', files: { 'b.txt': 'fresh\n' } });
    await upstream.git('branch', '--quiet', '-D', 'main', 'feature');
    await upstream.git('tag', '-d', 'v1');
    const after = await next(before);
    expect(after.packs).toMatchObject([{ prerequisites: [] }]);
    expect(await unpacked(after)).toBe(await shown());
    expect(warnings()).toEqual([
      expect.stringMatching(
        /packed as a whole again \(\d+ bytes\), because upstream has none of the commits/,
      ),
    ]);
  });

  it('is built on by what the mirror kept, although upstream has forgotten it', async () => {
    const before = await first();
    await upstream.git('branch', '--quiet', '-D', 'feature');
    await upstream.git('reflog', 'expire', '--expire=now', '--all');
    await upstream.git('gc', '--quiet', '--prune=now');
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' } });
    const after = await next(before);
    expect(after.packs).toHaveLength(2);
    await upstream.git(
      'branch',
      'again',
      before.pin.refs.find(({ name }) => name.endsWith('main'))?.oid ?? '',
    );
    expect(await unpacked(await next(after))).toBe(await shown());
  });

  it('is made again when a bad disk has spoiled the mirror', async () => {
    const before = await first();
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' } });
    const packs = `${await mirrorPath()}/objects/pack`;
    for (const name of await readdir(packs)) {
      if (!name.endsWith('.pack')) continue;
      await chmod(`${packs}/${name}`, 0o600);
      await writeFile(`${packs}/${name}`, (await readFile(`${packs}/${name}`)).fill(0, 20));
    }
    const after = await next(before);
    expect(warnings()).toEqual([expect.stringContaining('is made again')]);
    expect(await unpacked(after)).toBe(await shown());
  });
});

describe('making an increment', () => {
  it('refuses objects that fsck refuses, and leaves nothing behind', async () => {
    const before = await first();
    await upstream.commit({
      message: 'hostile',
      files: { '.gitmodules': '[submodule "a"]\n\tpath = a\n\turl = --upload-pack=touch\n' },
    });
    const stored = store.blobs.size;
    await expect(next(before)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('gitmodules'),
    });
    expect(store.blobs.size).toBe(stored);
    await mkdir(directory.join('work', 'packing'), { recursive: true });
    expect(await readdir(directory.join('work', 'packing'))).toEqual([]);
  });

  it('brings 100,000 refs with it', { timeout: 60_000 }, async () => {
    const before = await first();
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' } });
    const oid = await upstream.git('rev-parse', 'main');
    const lines = Array.from({ length: 100_000 }, (_, n) => `${oid} refs/tags/build-${n}\n`);
    await upstream.git('pack-refs', '--all');
    await appendFile(`${upstream.path}/.git/packed-refs`, lines.sort().join(''));
    const after = await next(before);
    expect(after.pin.refs).toHaveLength(100_003);
    expect(after.packs).toHaveLength(2);
    const again = await next(after);
    expect(again.packs).toEqual(after.packs);
    expect(totalSize(again.packs)).toBe(totalSize(after.packs));
  });
});
