import { readdir, readFile } from 'node:fs/promises';
import { type GitHolding, type GitPin, quietRun, type RunEvent } from '@gapferry/core';
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
import { createGit, type Git } from '../git-tool.ts';

const LONG = Array.from({ length: 3000 }, (_, line) => `line ${line} ${(line * 7919) % 10007}\n`).join('');
const run = {
  ...quietRun(),
  emit: (event: RunEvent) => void (event.kind === 'warning' && warnings.push(event.message)),
};
let warnings: string[];
let directory: TemporaryDirectory;
let upstream: TestGitRepository;
let store: MemoryBlobStore;
let asked: string[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  store = memoryBlobStore();
  [asked, warnings] = [[], []];
  upstream = await createRepository(directory.join('srv', 'line-a'), [
    { message: 'one', files: { 'long.txt': LONG, 'a.txt': 'one\n' } },
  ]);
});
afterEach(() => directory.remove());

/** Notes what git is asked to do. */
function watched(): Git {
  const git = createGit();
  return {
    run: (command, inner, maxBytes) => {
      asked.push(command.args[0] ?? '');
      return git.run(command, inner, maxBytes);
    },
    stream: (command, inner) => {
      asked.push(command.args[0] ?? '');
      return git.stream(command, inner);
    },
  };
}

const source = () => gitSource({ workDirectory: directory.join('work'), git: watched() });

async function pinOf(refs: readonly string[] = ['main']): Promise<GitPin> {
  const [pin] = await source().resolve({ kind: 'git', url: `file://${upstream.path}`, refs }, run);
  if (pin === undefined) throw new Error('no pin');
  return pin;
}

async function first(): Promise<GitHolding> {
  return await source().fetch(await pinOf(), store, run);
}

async function next({ packs, pin }: GitHolding): Promise<GitHolding> {
  asked = [];
  return await source().fetchAfter({ packs, refs: pin.refs }, await pinOf(), store, run);
}

async function mirror(): Promise<string> {
  const [name = ''] = await readdir(directory.join('work', 'mirrors'));
  return directory.join('work', 'mirrors', name);
}

const packsIn = async (repository: string): Promise<string[]> =>
  (await readdir(`${repository}/objects/pack`)).filter((name) => name.endsWith('.pack'));

const move = (n: number): Promise<string> =>
  upstream.commit({ message: `${n}`, files: { 'long.txt': `${LONG}${n}\n`, 'a.txt': `${n}\n` } });

/** Ids of what a chain has, as git indexes it. */
async function objectsOf({ packs }: GitHolding): Promise<string[]> {
  const repository = directory.join(`objects-${Math.random()}`);
  await mustRun('git', ['init', '--quiet', '--bare', repository]);
  for (const { digest } of packs)
    await mustRun('git', ['-C', repository, 'index-pack', '--stdin', '--strict', '--fix-thin'], {
      input: store.blobs.get(digest) as Uint8Array,
    });
  const args = ['-C', repository, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname)'];
  return (await mustRun('git', args)).trim().split('\n').sort();
}

async function reachedUpstream(): Promise<string[]> {
  const listed = await upstream.git('rev-list', '--objects', '--no-object-names', 'main');
  return listed.split('\n').sort();
}

describe('what upstream sends', () => {
  it('is the base pack when it is all there is, byte for byte', async () => {
    const held = await first();
    expect(asked).not.toContain('pack-objects');
    const [name = ''] = await packsIn(await mirror());
    const bytes = store.blobs.get(held.packs[0]?.digest as never) as Uint8Array;
    expect(Buffer.compare(bytes, await readFile(`${await mirror()}/objects/pack/${name}`))).toBe(0);
    expect(await objectsOf(held)).toEqual(await reachedUpstream());
  });

  it('is the increment, without what git added to it', async () => {
    let held = await first();
    for (const n of [2, 3, 4]) {
      await move(n);
      held = await next(held);
      expect(asked).not.toContain('pack-objects');
      const bytes = Buffer.from(store.blobs.get(held.packs.at(-1)?.digest as never) ?? []);
      expect(bytes.readUInt32BE(8)).toBe(4);
      expect(bytes.length).toBeLessThan(1000);
    }
    expect(held.packs).toHaveLength(4);
    expect(await objectsOf(held)).toEqual(await reachedUpstream());
  });

  it('is packed again where the mirror has more than the packs before: they would not be there inside', async () => {
    const before = await first();
    await upstream.git('switch', '--quiet', '-c', 'side');
    await move(2);
    for await (const _tree of source().readTrees(await pinOf(['side']), run));
    await upstream.git('switch', '--quiet', 'main');
    await upstream.git('merge', '--quiet', '--ff-only', 'side');
    await move(3);
    const after = await next(before);
    expect(asked).toContain('pack-objects');
    expect(await objectsOf(after)).toEqual(await reachedUpstream());
  });

  it('is packed again where it may build on what only the mirror has', async () => {
    const before = await first();
    const other = LONG.replaceAll('line', 'other words');
    await upstream.commit({ message: 'side', branch: 'side', files: { 'long.txt': other } });
    for await (const _tree of source().readTrees(await pinOf(['side']), run));
    await upstream.commit({ message: '2', branch: 'main', files: { 'long.txt': `${other}2\n` } });
    const after = await next(before);
    expect(asked).toContain('pack-objects');
    expect(await objectsOf(after)).toEqual(await reachedUpstream());
  });

  it('is packed again where it is more than was asked for', async () => {
    const pin = await pinOf();
    await source().fetch(pin, memoryBlobStore(), run);
    const path = await mirror();
    const extra = (
      await mustRun('git', ['-C', path, 'hash-object', '-w', '--stdin'], { input: 'smuggled\n' })
    ).trim();
    const [old = ''] = await packsIn(path);
    const list = [...(await reachedUpstream()), extra].map((oid) => `${oid}\n`).join('');
    await mustRun('git', ['-C', path, 'pack-objects', '-q', 'objects/pack/pack'], { input: list });
    await mustRun('sh', [
      '-c',
      `rm -f ${path}/objects/pack/${old.replace('.pack', '')}.*; rm -r ${path}/objects/??`,
    ]);
    await mustRun('sh', ['-c', `rm -r ${path}/gapferry-packs`]);
    asked = [];
    const held = await source().fetch(pin, store, run);
    expect(asked).toContain('pack-objects');
    expect(await objectsOf(held)).toEqual(await reachedUpstream());
    expect(await objectsOf(held)).not.toContain(extra);
  });
});

describe('an increment that is packed', () => {
  it('is refused when it leaves out what only the mirror has: the packs before have it not', async () => {
    const before = await first();
    await upstream.git('switch', '--quiet', '-c', 'side');
    const side = await move(2);
    for await (const _tree of source().readTrees(await pinOf(['side']), run));
    await upstream.git('switch', '--quiet', 'main');
    await upstream.git('merge', '--quiet', '--ff-only', 'side');
    await move(3);
    const git = createGit();
    /** Packs as if the side branch were there inside. */
    const lazy: Git = {
      run: git.run,
      stream: (command, inner) =>
        git.stream(
          command.args[0] === 'pack-objects' ? { ...command, input: `${command.input}^${side}\n` } : command,
          inner,
        ),
    };
    const packing = gitSource({ workDirectory: directory.join('work'), git: lazy });
    const pin = await pinOf();
    await expect(
      packing.fetchAfter({ packs: before.packs, refs: before.pin.refs }, pin, store, run),
    ).rejects.toMatchObject({ message: expect.stringMatching(/lacks one: [0-9a-f]{40} missing/) });
    expect(store.blobs.size).toBe(1);
  });
});

describe('a chain that has become long', () => {
  it('is folded into one pack at the twenty-first, and says so; the mirror with it', {
    timeout: 60_000,
  }, async () => {
    let held = await first();
    for (let n = 1; n <= 20; n++) {
      await move(n);
      held = await next(held);
      expect(held.packs).toHaveLength(n < 20 ? n + 1 : 1);
    }
    expect(warnings).toEqual([expect.stringMatching(/whole again \(\d+ bytes\).* more than 20 packs/)]);
    expect(await packsIn(await mirror())).toHaveLength(1);
    await mustRun('git', ['-C', await mirror(), 'fsck', '--full', '--strict']);
    await move(21);
    held = await next(held);
    expect(asked).not.toContain('pack-objects');
    expect(held.packs).toHaveLength(2);
    expect(await objectsOf(held)).toEqual(await reachedUpstream());
  });
});
