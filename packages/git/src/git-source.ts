import {
  type BlobStore,
  GapferryError,
  type GitHolding,
  type GitObjectReader,
  type GitPin,
  type GitWish,
  type IncrementalGitSource,
  type Run,
  type Source,
  type SubmoduleReader,
  type TreeReader,
  wishDigest,
} from '@gapferry/core';
import pLimit, { type LimitFunction } from 'p-limit';
import type { AboutSource } from './about/about-source.ts';
import { type ChooseTags, chooseRefs } from './choose-refs.ts';
import { fetchIntoMirror, type GitMirror, mirrorOf } from './git-mirror.ts';
import { type RemoteOptions, remoteSurroundings } from './git-remote.ts';
import { createGit, type Git } from './git-tool.ts';
import { gitIdentity, normalizeGitUrl } from './git-url.ts';
import { type LfsSource, type LfsSourceOptions, type LfsTask, lfsSource } from './lfs/lfs-source.ts';
import { listRefs } from './list-refs.ts';
import { earlyJudgements } from './packing/judge-pack.ts';
import { earlyWalks } from './packing/new-objects.ts';
import { type Packing, packAfter, packWhole, removeUnfinished } from './packing/pack-chain.ts';
import { readTrees } from './read-trees.ts';
import { requireRefs } from './ref-name.ts';
import { type RetryOptions, retryTrips } from './retry-trips.ts';
import { readObjects } from './signed/read-objects.ts';
import { requireReached, submodulesOf } from './submodules/submodule-source.ts';

export interface GitSourceOptions extends RemoteOptions, RetryOptions, LfsSourceOptions {
  /** Where mirrors and unfinished packs lie; kept between runs, may be deleted at any time between them. One source at a time fetches into it. */
  readonly workDirectory: string;
  /** The git to use; `createGit()` otherwise. */
  readonly git?: Git;
  /** Needed for wishes that choose tags. */
  readonly chooseTags?: ChooseTags;
  /** Asks hosts what repositories are about; nobody is asked otherwise. */
  readonly about?: AboutSource;
}

/** Reads pinned trees from the mirror that fetching keeps as well. */
export interface GitSource
  extends Source<GitWish, GitPin, GitHolding>,
    IncrementalGitSource,
    GitObjectReader,
    TreeReader,
    SubmoduleReader {}

/** Git repositories over HTTP(S), SSH and file: resolves the wished refs to object ids, packs everything they reach into one base pack, or into an increment on earlier packs, and brings what Git LFS
 *  keeps for them. A repository that uses it is brought here when it is resolved: only its content says which objects it needs. */
export function gitSource(options: GitSourceOptions): GitSource {
  const git = options.git ?? createGit();
  const turns = new Map<string, LimitFunction>();
  const turnOf = ({ directory }: GitMirror): LimitFunction => {
    const turn = turns.get(directory) ?? pLimit(1);
    turns.set(directory, turn);
    return turn;
  };
  let swept: Promise<void> | undefined;
  const early = { ...earlyJudgements(), ...earlyWalks() };
  const lfs = lfsSource(git, options);
  const plain = new Set<string>();
  const taskFor = (pin: GitPin, run: Run): LfsTask => {
    const mirror = mirrorOf(options.workDirectory, pin);
    return { pin, mirror, plain, bring: () => bringPin({ git, mirror, options, pin, early, run }) };
  };
  const pinCommits = async (pin: GitPin, wanted: readonly string[], run: Run): Promise<GitPin> => {
    const { lfs: _lfs, ...rest } = pin;
    const task = taskFor({ ...rest, commits: [...new Set(wanted)].sort() }, run);
    return await turnOf(task.mirror)(() => withLfs(git, lfs, task, run));
  };
  const inTurn = async (
    pin: GitPin,
    into: BlobStore,
    run: Run,
    pack: (packing: Packing) => Promise<GitHolding>,
  ): Promise<GitHolding> => {
    requirePin(pin);
    const task = taskFor(pin, run);
    const { mirror, bring } = task;
    const { workDirectory } = options;
    swept ??= removeUnfinished(workDirectory);
    await swept;
    return await turnOf(mirror)(async () => {
      run.emit({ kind: 'item-started', item: pin.id });
      const held = await pack({ git, mirror, pin, into, workDirectory, bring, early, run });
      await requireReached(git, task, pin.commits ?? [], run);
      await lfs.fetch(task, into, run);
      run.emit({ kind: 'item-done', item: pin.id, outcome: 'done' });
      return held;
    });
  };
  return {
    async resolve(wish, run) {
      const pin = await resolveRefs(git, wish, options, run);
      if (wish.commits !== undefined) return [await pinCommits(pin, wish.commits, run)];
      const task = taskFor(pin, run);
      const objects = await turnOf(task.mirror)(() => lfs.find(task, run));
      return [{ ...pin, ...(objects.length > 0 && { lfs: objects }) }];
    },
    fetch: (pin, into, run) => inTurn(pin, into, run, packWhole),
    fetchAfter: (earlier, pin, into, run) => inTurn(pin, into, run, (packing) => packAfter(packing, earlier)),
    pinCommits,
    ...readersOf(git, options, taskFor, (task, work) => turnOf(task.mirror)(work)),
  };
}

type Readers = Pick<GitSource, 'readSubmodules' | 'readObjects' | 'readTrees'>;

/** What is read of a mirror once it has what the pin reaches. */
function readersOf(
  git: Git,
  options: GitSourceOptions,
  taskFor: (pin: GitPin, run: Run) => LfsTask,
  inTurn: <T>(task: LfsTask, work: () => Promise<T>) => Promise<T>,
): Readers {
  return {
    readSubmodules: async (pin, run, commits) => {
      const task = taskFor(pin, run);
      return await inTurn(task, () => submodulesOf(git, options, task, run, commits));
    },
    readObjects: async (pin, oids, run) => {
      const task = taskFor(pin, run);
      return await inTurn(task, async () => {
        await task.bring();
        return await readObjects(git, task.mirror, oids, `git ${pin.id}`, run);
      });
    },
    readTrees: async function* (pin, run, only) {
      const task = taskFor(pin, run);
      await inTurn(task, task.bring);
      yield* readTrees(git, task.mirror, pin, run, only);
    },
  };
}

async function resolveRefs(git: Git, wish: GitWish, options: GitSourceOptions, run: Run): Promise<GitPin> {
  const url = normalizeGitUrl(wish.url);
  const id = wish.as ?? gitIdentity(url);
  const remote = await remoteSurroundings(url, options, options.workDirectory);
  const advertised = await retryTrips(id, url, options, run, () => listRefs(git, url, remote, run));
  const refs = chooseRefs(advertised, wish, url, options.chooseTags ?? noChoice);
  const objectFormat = refs[0]?.oid.length === 64 ? 'sha256' : 'sha1';
  requireRefs(refs, objectFormat, url);
  const head = refs.find(({ name }) => name === advertised.head)?.name;
  const about = await options.about?.ask(url, id, run);
  return {
    kind: 'git',
    id,
    wish: wishDigest(wish),
    url,
    objectFormat,
    refs,
    ...(head !== undefined && { head }),
    ...(wish.depth !== undefined && { depth: wish.depth }),
    ...(wish.lfs !== undefined && { lfsOf: wish.lfs }),
    ...(about !== undefined && { about }),
  };
}

/** Once its commits are proved. */
async function withLfs(git: Git, lfs: LfsSource, task: LfsTask, run: Run): Promise<GitPin> {
  await task.bring();
  await requireReached(git, task, task.pin.commits ?? [], run);
  const objects = await lfs.find(task, run);
  return { ...task.pin, ...(objects.length > 0 && { lfs: objects }) };
}

function noChoice(): never {
  throw new GapferryError({ code: 'INTERNAL', message: 'nobody said how tags are chosen' });
}

interface Bringing extends Pick<Packing, 'git' | 'mirror' | 'pin' | 'early' | 'run'> {
  readonly options: GitSourceOptions;
}

/** Everything that the pin reaches, into the mirror. */
async function bringPin({ git, mirror, options, pin, early, run }: Bringing): Promise<void> {
  requirePin(pin);
  const remote = await remoteSurroundings(pin.url, options, options.workDirectory);
  const judging = { git, mirror, pin, run };
  const onPack = (path: string, isFirst: boolean): void =>
    isFirst ? early.begin(judging, path) : early.beginWalk(judging);
  await retryTrips(pin.id, pin.url, options, run, () =>
    fetchIntoMirror(git, mirror, { pin, remote, onPack }, run),
  );
}

/** A pin comes from a lock file, which somebody may have edited: it is judged like a wish. */
function requirePin(pin: GitPin): void {
  normalizeGitUrl(pin.url);
  requireRefs(pin.refs, pin.objectFormat, `the pin of ${pin.id}`);
}
