import { rm } from 'node:fs/promises';
import { type GitPin, type GitWish, quietRun } from '@gapferry/core';
import {
  createRepository,
  gitServerMissing,
  type MemoryBlobStore,
  memoryBlobStore,
  mustRun,
  startGitServer,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gitSource } from './git-source.ts';

const run = quietRun();
let directory: TemporaryDirectory;
let upstream: TestGitRepository;
let store: MemoryBlobStore;
beforeEach(async () => {
  directory = await temporaryDirectory();
  store = memoryBlobStore();
  upstream = await createRepository(directory.join('srv', 'line-a'), [
    { message: 'one', files: { 'a.txt': 'one\n', 'folder/b.txt': 'b\n' }, tags: ['v1'] },
    { message: 'two', files: { 'a.txt': 'two\n' } },
  ]);
});
afterEach(() => directory.remove());

const source = () => gitSource({ workDirectory: directory.join('work'), wait: async () => {} });

async function resolved(refs: readonly string[], url = `file://${upstream.path}`): Promise<GitPin> {
  const [pin] = await source().resolve({ kind: 'git', url, refs } satisfies GitWish, run);
  if (pin === undefined) throw new Error('no pin');
  return pin;
}

describe('a repository without what is wished', () => {
  it('is empty: says so', async () => {
    await createRepository(directory.join('srv', 'empty'));
    for (const refs of [[], ['main'], ['HEAD'], ['*']])
      await expect(resolved(refs, `file://${directory.join('srv', 'empty')}`)).rejects.toMatchObject({
        code: 'SOURCE_NOT_FOUND',
        message: expect.stringContaining('no branches and no tags'),
      });
  });

  it('has a HEAD that names a branch without commits: what else there is can be had', async () => {
    await upstream.git('symbolic-ref', 'HEAD', 'refs/heads/unborn');
    await expect(resolved(['HEAD'])).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('no default branch'),
      hint: expect.stringContaining('main'),
    });
    await expect(resolved(['unborn'])).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    const pin = await resolved([]);
    expect(pin).not.toHaveProperty('head');
    await expect(source().fetch(pin, store, run)).resolves.toMatchObject({ packs: [{}] });
  });

  it('has a HEAD that names a commit: what else there is can be had', async () => {
    await upstream.git('checkout', '--quiet', '--detach', 'v1');
    await expect(resolved(['HEAD'])).rejects.toMatchObject({
      message: expect.stringContaining('its HEAD names a commit'),
    });
    const pin = await resolved(['main']);
    expect(pin).not.toHaveProperty('head');
    await expect(source().fetch(pin, store, run)).resolves.toMatchObject({ packs: [{}] });
  });

  it('has a HEAD that is no HEAD', async () => {
    await mustRun('sh', ['-c', `echo garbage > ${upstream.path}/.git/HEAD`]);
    await expect(resolved(['main'])).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });
});

describe('branches whose names differ only in case', () => {
  it('are two, and their next commits an increment', async () => {
    await upstream.git('pack-refs', '--all');
    await upstream.git('update-ref', 'refs/heads/Main', 'v1');
    await upstream.git('update-ref', 'refs/heads/MAIN', 'v1');
    const pin = await resolved([]);
    const names = pin.refs.map(({ name }) => name);
    expect(names).toEqual(['refs/heads/MAIN', 'refs/heads/Main', 'refs/heads/main', 'refs/tags/v1']);
    const { packs } = await source().fetch(pin, store, run);
    await upstream.commit({ message: 'three', files: { 'a.txt': 'three\n' } });
    await upstream.git('update-ref', 'refs/heads/Main', 'main');
    const after = await source().fetchAfter({ packs, refs: pin.refs }, await resolved([]), store, run);
    expect(after.packs).toHaveLength(2);
  });
});

const noServer = gitServerMissing();
if (noServer !== undefined) process.stderr.write(`skipped: ${noServer}\n`);

describe('a repository that has lost an object', () => {
  const lost = [
    ['a file', 'v1:folder/b.txt'],
    ['a directory', 'v1^{tree}'],
    ['a commit', 'v1^{commit}'],
  ] as const;

  async function lose(revision: string): Promise<void> {
    const oid = await upstream.git('rev-parse', revision);
    await rm(`${upstream.path}/.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`);
  }

  it.each(lost)('is damaged, and nothing of it is taken: %s', async (_what, revision) => {
    const pin = await resolved(['main']);
    await lose(revision);
    const fetching = source().fetch(pin, store, run);
    await expect(fetching).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      retryable: false,
      hint: expect.stringContaining('upstream'),
    });
    expect(store.blobs.size).toBe(0);
  });

  it.skipIf(noServer !== undefined).each(lost)(
    'is damaged over HTTP as well: %s',
    async (_what, revision) => {
      await using server = await startGitServer(directory.join('srv'));
      const pin = await resolved(['main'], `${server.url}/line-a`);
      await lose(revision);
      await expect(source().fetch(pin, store, run)).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
      expect(store.blobs.size).toBe(0);
    },
  );

  it('keeps the release before: what was fetched once is not asked for again', async () => {
    const pin = await resolved(['v1']);
    await source().fetch(pin, store, run);
    await lose('v1^{tree}');
    await expect(source().fetch(pin, memoryBlobStore(), run)).resolves.toMatchObject({ packs: [{}] });
  });
});
