import { readFile } from 'node:fs/promises';
import { type BlobReader, type GitContent, quietRun } from '@gapferry/core';
import {
  type CommitInput,
  createRepository,
  gitEnvironment,
  memoryBlobStore,
  mustRun,
  type TemporaryDirectory,
} from '@gapferry/testkit';

export interface OnePack {
  readonly content: GitContent;
  readonly medium: BlobReader;
}

/** A release of a new repository, in one pack that git itself made. */
export async function onePack(home: TemporaryDirectory, commits: readonly CommitInput[]): Promise<OnePack> {
  const upstream = await createRepository(home.join('upstream'), commits);
  const refs = Object.entries(await upstream.refs()).map(([name, oid]) => ({ name, oid }));
  const command = 'git rev-list --objects --all | git pack-objects -q "$0"';
  const options = { cwd: upstream.path, env: gitEnvironment() };
  const name = (await mustRun('sh', ['-c', command, home.join('all')], options)).trim();
  const medium = memoryBlobStore();
  const bytes = await readFile(home.join(`all-${name}.pack`));
  const { digest, size } = await medium.add('application/x-git-pack', bytes, quietRun());
  const packs = [{ digest, size, prerequisites: [] }];
  const base = { item: 'git a', repository: 'git.example/a', objectFormat: 'sha1', refs, packs } as const;
  return { content: { phase: 'content', kind: 'git', ...base }, medium };
}
