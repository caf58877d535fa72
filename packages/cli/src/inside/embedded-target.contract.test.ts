import { readFile } from 'node:fs/promises';
import { hexOf, quietRun } from '@gapferry/core';
import { describeTarget, type TargetFixture, type TargetGitState } from '@gapferry/core/testing';
import { openDepot } from '@gapferry/depot';
import { createGit } from '@gapferry/git';
import { embeddedTarget } from '@gapferry/targets';
import {
  createRepository,
  flipByte,
  gitEnvironment,
  memoryBlobStore,
  mustRun,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { gitRepositories } from './git-repositories.ts';

describeTarget('the embedded depot over a real depot and real repositories', makeFixture);

async function makeFixture(): Promise<TargetFixture> {
  const directory = await temporaryDirectory();
  const tree = directory.join('depot');
  const store = await openDepot(tree, { create: true, origin: 'target' });
  const repositories = gitRepositories(
    createGit({ environment: gitEnvironment() }),
    directory.join('quarantine'),
  );
  return {
    target: embeddedTarget({ name: 'plant', store, repositories, tree }),
    files: true,
    git: await gitStates(directory.join('upstream')),
    spoil: async ({ digest }, how) => {
      const path = directory.join('depot/blobs/sha256', hexOf(digest));
      if (how === 'remove') return await store.discard(digest);
      await mustRun('chmod', ['u+w', path]);
      await flipByte(path, 10);
    },
    close: () => directory.remove(),
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
  const refs = Object.entries(await repository.refs()).map(([name, oid]) => ({ name, oid }));
  const name = `${repository.path}/.git/all`;
  const pack = await mustRun('sh', ['-c', `git rev-list --objects --all | git pack-objects -q "$0"`, name], {
    cwd: repository.path,
    env: gitEnvironment(),
  });
  const medium = memoryBlobStore();
  const bytes = await readFile(`${name}-${pack.trim()}.pack`);
  const { digest, size } = await medium.add('application/x-git-pack', bytes, quietRun());
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
