import type { BlobReader, GitContent, GitRefs, Load, Run } from '@gapferry/core';
import pLimit from 'p-limit';
import type { GitHost, HostedRepository } from './git-host.ts';
import type { GitRemotes, RemoteState, StagedRepository } from './git-remotes.ts';

/** What a host says of a repository. `now` is undefined where there is none. */
export interface RepositoryLook {
  readonly hosted?: HostedRepository;
  readonly now?: RemoteState;
}

/** What one survey has found out, and what is unpacked for the loads after it. By upstream repository. */
export interface RepositoryMemory {
  /** Asks once for each repository until `forget`. */
  look(repository: string, run: Run): Promise<RepositoryLook>;
  /** The next look asks again. */
  forget(repository: string): void;
  /** What the release has of a repository, unpacked once; undefined where nobody said what that is. */
  stage(repository: string, from: BlobReader | undefined, run: Run): Promise<StagedRepository | undefined>;
  /** Remembers what the release has of a repository. */
  hold(content: GitContent): void;
  /** The name load of a repository, where the survey saw it. */
  namesOf(repository: string): GitRefs | undefined;
  /** Tips whose objects were sent ahead of the names; undefined where nothing was. */
  readonly sent: Map<string, readonly string[]>;
  /** Repositories whose host takes no refs but branches and tags: their objects come with the names. */
  readonly deferred: Set<string>;
  /** Removes what was unpacked for one repository. */
  discard(repository: string): Promise<void>;
  discardAll(): Promise<void>;
}

/** Repositories that are unpacked at a time: each takes several cores. */
const UNPACKED_AT_ONCE = 2;

/** `loads`: everything that the survey is going to ask about; `medium`: where packs are, for looks that compare histories. */
export function repositoryMemory(
  host: GitHost,
  remotes: GitRemotes,
  loads: readonly Load[],
  medium?: BlobReader,
): RepositoryMemory {
  const looks = new Map<string, Promise<RepositoryLook>>();
  const stages = new Map<string, { readonly of: GitContent; readonly stage: Promise<StagedRepository> }>();
  const turn = pLimit(UNPACKED_AT_ONCE);
  const contents = new Map<string, GitContent>();
  const names = new Map<string, GitRefs>();
  for (const load of loads)
    if (load.kind === 'git' && load.phase === 'content') contents.set(load.repository, load);
    else if (load.kind === 'git') names.set(load.repository, load);
  const discard = async (repository: string): Promise<void> => {
    const staged = stages.get(repository);
    stages.delete(repository);
    await (await staged?.stage.catch(() => undefined))?.discard();
  };
  return {
    look: (repository, run) => once(looks, repository, () => lookAt(host, remotes, repository, run)),
    forget: (repository) => void looks.delete(repository),
    stage: async (repository, from, run) => {
      const content = contents.get(repository);
      const reader = from ?? medium;
      if (content === undefined || reader === undefined) return undefined;
      const staged = stages.get(repository);
      if (staged?.of === content) return await staged.stage;
      await discard(repository);
      const stage = turn(() => remotes.stage(content, reader, run));
      stages.set(repository, { of: content, stage });
      stage.catch(() => stages.delete(repository));
      return await stage;
    },
    hold: (content) => void contents.set(content.repository, content),
    namesOf: (repository) => names.get(repository),
    sent: new Map(),
    deferred: new Set(),
    discard,
    discardAll: async () => void (await Promise.all([...stages.keys()].map(discard))),
  };
}

async function lookAt(
  host: GitHost,
  remotes: GitRemotes,
  repository: string,
  run: Run,
): Promise<RepositoryLook> {
  const path = host.pathOf(repository);
  const hosted = await host.look(path, run);
  if (hosted === undefined) return {};
  const now = (await remotes.list(host.urlOf(path), run)) ?? { refs: [] };
  return { hosted, now };
}

/** A question that failed may be asked again. */
function once<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const answer = ask();
  known.set(key, answer);
  answer.catch(() => known.delete(key));
  return answer;
}
