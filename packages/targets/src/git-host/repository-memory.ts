import {
  type BlobReader,
  type GitContent,
  type GitRefs,
  isGapferryError,
  type Load,
  type Run,
} from '@gapferry/core';
import pLimit from 'p-limit';
import type { GitHost, HostedRepository } from './git-host.ts';
import type { GitRemotes, RemoteState, StagedRepository } from './git-remotes.ts';
import { stageFromHost } from './stage-from-host.ts';

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
  /** Repositories of which the host has all that the release has: it was brought here from there. */
  readonly cameBack: ReadonlySet<string>;
  /** Removes what was unpacked for one repository. */
  discard(repository: string): Promise<void>;
  discardAll(): Promise<void>;
}

/** Repositories that are unpacked at a time: each takes several cores. */
const UNPACKED_AT_ONCE = 2;

export interface RepositoryMemoryInput {
  readonly host: GitHost;
  readonly remotes: GitRemotes;
  /** Everything that the survey is going to ask about. */
  readonly loads: readonly Load[];
  /** Where packs are, for looks that compare histories. */
  readonly medium?: BlobReader | undefined;
  /** Refs go back to what the host has already, most likely: it is taken from there where it is. */
  readonly goesBack?: boolean | undefined;
}

export function repositoryMemory({
  host,
  remotes,
  loads,
  medium,
  goesBack = false,
}: RepositoryMemoryInput): RepositoryMemory {
  const looks = new Map<string, Promise<RepositoryLook>>();
  const stages = new Map<string, { readonly of: GitContent; readonly stage: Promise<StagedRepository> }>();
  const turn = pLimit(UNPACKED_AT_ONCE);
  const contents = new Map<string, GitContent>();
  const names = new Map<string, GitRefs>();
  const cameBack = new Set<string>();
  for (const load of loads)
    if (load.kind === 'git' && load.phase === 'content') contents.set(load.repository, load);
    else if (load.kind === 'git') names.set(load.repository, load);
  const discard = async (repository: string): Promise<void> => {
    const staged = stages.get(repository);
    stages.delete(repository);
    await (await staged?.stage.catch(() => undefined))?.discard();
  };
  const look = (repository: string, run: Run): Promise<RepositoryLook> =>
    once(looks, repository, () => lookAt(host, remotes, repository, run));
  const unpack = unpacker({ host, remotes, goesBack, look, cameBack });
  return {
    look,
    forget: (repository) => void looks.delete(repository),
    stage: async (repository, from, run) => {
      const content = contents.get(repository);
      const reader = from ?? medium;
      if (content === undefined || reader === undefined) return undefined;
      const staged = stages.get(repository);
      if (staged?.of === content) return await staged.stage;
      await discard(repository);
      const stage = turn(() => unpack(content, reader, run));
      stages.set(repository, { of: content, stage });
      stage.catch(() => stages.delete(repository));
      return await stage;
    },
    hold: (content) => void contents.set(content.repository, content),
    namesOf: (repository) => names.get(repository),
    sent: new Map(),
    deferred: new Set(),
    cameBack,
    discard,
    discardAll: async () => void (await Promise.all([...stages.keys()].map(discard))),
  };
}

type Unpack = (content: GitContent, reader: BlobReader, run: Run) => Promise<StagedRepository>;

interface Unpacking extends Pick<RepositoryMemoryInput, 'host' | 'remotes' | 'goesBack'> {
  readonly look: RepositoryMemory['look'];
  readonly cameBack: Set<string>;
}

/** From the medium, or from packs that are kept; from the host where the site goes back, and where neither has them: the host may have all of it. */
function unpacker({ host, remotes, goesBack, look, cameBack }: Unpacking): Unpack {
  const bringBack = async (content: GitContent, run: Run): Promise<StagedRepository | undefined> => {
    const { now } = await look(content.repository, run);
    const url = host.urlOf(host.pathOf(content.repository));
    const there = now === undefined ? undefined : await stageFromHost(remotes, url, now, content, run);
    if (there !== undefined) cameBack.add(content.repository);
    return there;
  };
  return async (content, reader, run) => {
    const there = goesBack ? await bringBack(content, run) : undefined;
    if (there !== undefined) return there;
    try {
      return await remotes.stage(content, reader, run);
    } catch (error) {
      if (goesBack || !isGapferryError(error, 'BLOB_MISSING')) throw error;
      const brought = await bringBack(content, run);
      if (brought === undefined) throw error;
      return brought;
    }
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
