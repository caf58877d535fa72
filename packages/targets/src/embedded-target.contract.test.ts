import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Descriptor, GapferryError, type GitRef, quietRun, totalSize } from '@gapferry/core';
import { describeTarget, type TargetFixture, type TargetGitState } from '@gapferry/core/testing';
import {
  createRepository,
  gitEnvironment,
  type MemoryBlobStore,
  memoryBlobStore,
  mustRun,
  runProcess,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import type { EmbeddedStore, NamedRoot } from './embedded-store.ts';
import { embeddedTarget } from './embedded-target.ts';
import type { GitPlacement, GitRefUpdate, GitRepositories, GitState } from './git-repositories.ts';

describeTarget('the embedded depot', makeFixture);

async function makeFixture(): Promise<TargetFixture> {
  const directory = await temporaryDirectory();
  const blobs = memoryBlobStore();
  const tree = directory.join('depot');
  const repositories = systemGit(directory.join('work'));
  const target = embeddedTarget({ name: 'plant', store: withNames(blobs), repositories, tree });
  return {
    target,
    files: true,
    git: await gitStates(directory.join('upstream')),
    spoil: async ({ digest }, how) => {
      const bytes = blobs.blobs.get(digest);
      if (bytes === undefined) throw new Error(`${digest} is not in the store`);
      if (how === 'remove') blobs.blobs.delete(digest);
      else
        blobs.blobs.set(
          digest,
          Uint8Array.from(bytes, (byte, i) => (i === 0 ? byte ^ 1 : byte)),
        );
    },
    close: () => directory.remove(),
  };
}

function withNames(blobs: MemoryBlobStore): EmbeddedStore {
  const names = new Map<string, Descriptor>();
  return {
    ...blobs,
    nameItems: async (entries) => {
      for (const { name, root } of entries) names.set(name, root);
    },
    names: async () => [...names].map(([name, root]): NamedRoot => ({ name, root })),
  };
}

/** The same repository before and after: `main` moves and a tag appears. */
async function gitStates(path: string): Promise<{ first: TargetGitState; second: TargetGitState }> {
  const repository = await createRepository(path, [{ message: 'one', files: { 'a.txt': 'one\n' } }]);
  const first = await gitState(repository);
  await repository.commit({ message: 'two', files: { 'a.txt': 'two\n' }, tags: ['v2'] });
  return { first, second: await gitState(repository) };
}

async function gitState(repository: TestGitRepository): Promise<TargetGitState> {
  const refs = Object.entries(await repository.refs()).map(([name, oid]): GitRef => ({ name, oid }));
  const pack = join(repository.path, '.git', 'all.pack');
  await mustRun('sh', ['-c', 'git rev-list --objects --all | git pack-objects --stdout >"$0"', pack], {
    cwd: repository.path,
    env: gitEnvironment(),
  });
  const medium = memoryBlobStore();
  const { digest, size } = await medium.add('application/x-git-pack', await readFile(pack), quietRun());
  const base = { item: 'git.example/line/infra', repository: 'git.example/line/infra' };
  return {
    content: {
      phase: 'content',
      kind: 'git',
      ...base,
      objectFormat: 'sha1',
      refs,
      packs: [{ digest, size, prerequisites: [] }],
    },
    refs: { phase: 'name', kind: 'git', ...base, refs, head: 'refs/heads/main' },
    medium,
  };
}

/** The interface by the shortest way: plain git without the care that a real one takes. */
function systemGit(work: string): GitRepositories {
  const git = (directory: string, args: readonly string[], input = ''): Promise<string> =>
    mustRun('git', ['--git-dir', directory, ...args], { env: gitEnvironment(), input });
  const holds = async (directory: string, { refs }: { refs: readonly GitRef[] }): Promise<boolean> => {
    const args = ['--git-dir', directory, 'rev-list', '--objects', '--quiet', '--stdin'];
    const input = refs.map(({ oid }) => `${oid}\n`).join('');
    return (await runProcess('git', args, { env: gitEnvironment(), input })).code === 0;
  };
  return {
    holds,
    readRefs: (directory) => readRefs(directory, git),
    neededPacks: async (_directory, packs) => packs,
    place: async (placement, from, run) => {
      await mkdir(work, { recursive: true });
      for (const [i, pack] of placement.packs.entries()) {
        const chunks: Buffer[] = [];
        for await (const chunk of from.open(pack, run)) chunks.push(Buffer.from(chunk));
        await writeFile(join(work, `${i}.pack`), Buffer.concat(chunks));
      }
      await unpack(placement, work);
      await rm(work, { recursive: true });
      return { bytes: totalSize(placement.packs) };
    },
    readBack: async (directory, reach, item) => {
      if (await holds(directory, reach)) return;
      throw new GapferryError({ code: 'CONTENT_INVALID', message: `${item} is incomplete` });
    },
    updateRefs: (directory, update) => updateRefs(directory, update, git),
  };
}

type RunGit = (directory: string, args: readonly string[], input?: string) => Promise<string>;

async function unpack({ directory, packs }: GitPlacement, work: string): Promise<void> {
  await mustRun('git', ['init', '--quiet', '--bare', directory], { env: gitEnvironment() });
  for (const i of packs.keys())
    await mustRun(
      'sh',
      ['-c', 'git --git-dir "$0" index-pack --stdin <"$1"', directory, join(work, `${i}.pack`)],
      { env: gitEnvironment() },
    );
}

async function readRefs(directory: string, git: RunGit): Promise<GitState> {
  const listed = await git(directory, ['for-each-ref', '--format=%(refname) %(objectname)']).catch(
    () => undefined,
  );
  if (listed === undefined) return { refs: [] };
  const lines = listed.split('\n').filter((line) => line !== '');
  const refs = lines.map(
    (line): GitRef => ({ name: line.split(' ')[0] ?? '', oid: line.split(' ')[1] ?? '' }),
  );
  return { refs, head: (await git(directory, ['symbolic-ref', 'HEAD'])).trim() };
}

async function updateRefs(
  directory: string,
  { refs, head, expected }: GitRefUpdate,
  git: RunGit,
): Promise<void> {
  const old = new Map(expected.map(({ name, oid }) => [name, oid]));
  const lines = refs.map(
    ({ name, oid }) => `update ${name} ${oid} ${old.get(name) ?? '0'.repeat(oid.length)}\n`,
  );
  await git(directory, ['update-ref', '--stdin'], lines.join(''));
  if (head !== undefined) await git(directory, ['symbolic-ref', 'HEAD', head]);
}
