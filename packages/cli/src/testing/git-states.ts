import { readFile } from 'node:fs/promises';
import { quietRun } from '@gapferry/core';
import type { TargetGitState } from '@gapferry/core/testing';
import {
  createRepository,
  gitEnvironment,
  memoryBlobStore,
  mustRun,
  type TestGitRepository,
} from '@gapferry/testkit';

/** The same repository before and after: `main` moves and a tag appears. */
export async function gitStates(path: string): Promise<{ first: TargetGitState; second: TargetGitState }> {
  const repository = await createRepository(path, [{ message: 'one', files: { 'a.txt': 'one\n' } }]);
  const first = await gitState(repository);
  await repository.commit({ message: 'two', files: { 'a.txt': 'two\n' }, tags: ['v2'] });
  return { first, second: await gitState(repository) };
}

/** What a repository is now, as a release has it. */
export async function gitState(repository: TestGitRepository): Promise<TargetGitState> {
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
