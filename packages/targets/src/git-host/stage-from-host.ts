import type { GitContent, GitRef, Run } from '@gapferry/core';
import { BACKUP, INCOMING } from './backup-names.ts';
import type { GitRemotes, RemoteState, StagedRepository } from './git-remotes.ts';

/** What a release has of a repository, taken from the host that has it already: objects are named by their hashes, so that they are the release's wherever they come from, and the whole of what
 *  its refs reach is followed. Undefined where the host lacks some of it. */
export async function stageFromHost(
  remotes: GitRemotes,
  url: string,
  now: RemoteState,
  content: GitContent,
  run: Run,
): Promise<StagedRepository | undefined> {
  const refs = keepingRefs(now);
  if (refs.length === 0) return undefined;
  const stage = await remotes.mirror(url, refs, run);
  try {
    if (await holdsWhole(stage, content, run)) return stage;
  } catch (error) {
    await stage.discard();
    throw error;
  }
  await stage.discard();
  return undefined;
}

/** Those that imports push: of what the host itself keeps besides nobody knows how long it stays. */
export function keepingRefs({ refs }: RemoteState): readonly GitRef[] {
  return refs.filter(({ name }) => PREFIXES.some((prefix) => name.startsWith(prefix)));
}

const PREFIXES: readonly string[] = ['refs/heads/', 'refs/tags/', BACKUP, INCOMING];

async function holdsWhole(stage: StagedRepository, { refs }: GitContent, run: Run): Promise<boolean> {
  const wanted = [...new Set(refs.map(({ oid }) => oid))];
  const known = await stage.known(wanted, run);
  if (wanted.some((oid) => !known.has(oid))) return false;
  // Follows everything that they reach: what is missing stops it.
  await stage.size(wanted, [], run);
  return true;
}
