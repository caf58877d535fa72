import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DiffSide, refsOf } from '@gapferry/bundle';
import { type BlobReader, isGapferryError, type Run } from '@gapferry/core';
import { childEnvironment } from './environment.ts';

export interface CommitCounter {
  /** Commits that `to` has and `from` has not, and the other way round; undefined where the objects are not at hand. */
  count(id: string, from: string, to: string): Promise<{ added: number; removed: number } | undefined>;
  close(): Promise<void>;
}

/** Counts commits between two releases from the packs that both carry, in a temporary repository per item that is made when it is first asked for. */
export async function commitCounter(
  sides: ReadonlyArray<DiffSide & { readonly medium: BlobReader }>,
  run: Run,
): Promise<CommitCounter> {
  const { createGit, repositoryWriter, unpackQuarantine } = await import('@gapferry/git');
  const git = createGit({ environment: childEnvironment() });
  const writer = repositoryWriter(git);
  const directory = await mkdtemp(join(tmpdir(), 'gapferry-diff-'));
  const repositories = new Map<string, Promise<string | undefined>>();
  const build = async (id: string): Promise<string | undefined> => {
    let repository: string | undefined;
    for (const { manifest, packs, medium, ...side } of sides) {
      const item = manifest.items.find((candidate) => candidate.kind === 'git' && candidate.id === id);
      if (item?.kind !== 'git') return undefined;
      const own = packs?.items.find((packed) => packed.id === id)?.packs ?? [];
      const request = {
        item: `git ${id}`,
        packs: own,
        refs: refsOf(item, { manifest, ...side }),
        objectFormat: item.objectFormat,
        directory,
        from: medium,
        ...(item.shallow && { shallow: item.shallow }),
      };
      repository = await unpackQuarantine(
        git,
        repository === undefined ? request : { ...request, alternate: repository },
        run,
      );
    }
    return repository;
  };
  return {
    async count(id, from, to) {
      if (!repositories.has(id)) repositories.set(id, build(id).catch(unavailable));
      const repository = await repositories.get(id);
      if (repository === undefined) return undefined;
      return {
        added: await writer.countCommits(repository, from, to, run),
        removed: await writer.countCommits(repository, to, from, run),
      };
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

/** A diff is still worth reading without the counts; whether the packs are right is for `verify` to say. */
function unavailable(error: unknown): undefined {
  if (isGapferryError(error) && error.category !== 'interrupted') return undefined;
  throw error;
}
