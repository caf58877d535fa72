import {
  type BlobReader,
  type ContentLoad,
  checkRun,
  GapferryError,
  type Load,
  type LoadOutcome,
  type ObstacleTarget,
  type PermissionTarget,
  type PreflightTarget,
  type Presence,
  type PruneTarget,
  type Run,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { atTarget } from '../registry/at-target.ts';
import { requireNames } from '../require-names.ts';
import { requireDistinctPaths } from './distinct-paths.ts';
import type { GitHost, HostJudgement, LoadedRelease, RefsPolicy } from './git-host.ts';
import { type GitHostPlace, type GitLoad, toGit } from './git-host-place.ts';
import type { GitRemotes } from './git-remotes.ts';
import { inspectObjects, inspectRefs } from './inspect-repository.ts';
import { judgeRepositories } from './judge-repositories.ts';
import type { LfsStore } from './lfs-store.ts';
import { loadObjects, proveObjects } from './load-objects.ts';
import { type LiftJournal, protectionLifts } from './protection-lifts.ts';
import { prunableRefs, pruneRefs } from './prune-refs.ts';
import { repositoryMemory } from './repository-memory.ts';
import { setRefs } from './set-refs.ts';

export interface GitHostTargetOptions {
  /** The target's name in the site file, for messages. */
  readonly name: string;
  readonly host: GitHost;
  readonly remotes: GitRemotes;
  /** Left out: repositories with files that Git LFS keeps are refused. */
  readonly lfs?: LfsStore;
  readonly policy: RefsPolicy;
  /** What is loaded: named in descriptions and backups. */
  readonly release: LoadedRelease;
  readonly journal: LiftJournal;
  /** The release is older than what is there, and the site goes back to it: what the host has of it is not sent again. */
  readonly goesBack?: boolean;
}

/** Repositories at a Git host. */
export interface GitHostTarget extends PreflightTarget, PermissionTarget, ObstacleTarget, PruneTarget {
  /** Removes what was unpacked for pushes. */
  close(): Promise<void>;
}

/** Repositories asked about at a time. */
const CONNECTIONS = 8;

/** A Git hosting product or a plain place of bare repositories as a target. Objects are pushed first, where nobody sees them; names in one atomic push for each repository. */
export function gitHostTarget(options: GitHostTargetOptions): GitHostTarget {
  const { name, host, remotes } = options;
  const place: GitHostPlace = {
    ...options,
    target: name,
    lifts: protectionLifts(host, options.journal, name),
    memory: repositoryMemory({ host, remotes, loads: [] }),
  };
  // Whoever begins to load, or looks at what is loaded, first repairs what a killed run left.
  let repaired: Promise<void> | undefined;
  const repair = (run: Run): Promise<void> => {
    repaired ??= place.lifts.restoreLeft(run);
    repaired.catch(() => {
      repaired = undefined;
    });
    return repaired;
  };
  const judged = (wanted: readonly Load[], run: Run): Promise<HostJudgement> =>
    atTarget(name, wanted[0]?.item ?? '', () => judgeRepositories(place, wanted, run));
  return {
    name,
    inspect: (load, run) => atTarget(name, load.item, () => inspect(place, toGit(load, name), run)),
    load: (load, from, run) =>
      atTarget(name, load.item, async () => {
        checkRun(run);
        await repair(run);
        return await carryOut(place, toGit(load, name), from, run);
      }),
    readBack: (load: ContentLoad, run: Run) =>
      atTarget(name, load.item, async () => {
        await repair(run);
        await proveContent(place, toGit(load, name), run);
      }),
    preflight: (loads, run, from) => preflight(place, loads, from, run),
    permissions: async (wanted, run) => (await judged(wanted, run)).permissions,
    obstacles: async (wanted, run) => (await judged(wanted, run)).obstacles,
    prunable: (request, run) =>
      atTarget(name, request.channel, async () => {
        await place.memory.discardAll();
        place.memory = repositoryMemory({ host, remotes, loads: [] });
        return await prunableRefs(place, request, run);
      }),
    prune: (step, request, run) => atTarget(name, step.place, () => pruneRefs(place, step, request, run)),
    // Branches and tags are history: no name of theirs goes.
    gone: async () => ({ manifests: [], tags: [], files: [] }),
    close: () => place.memory.discardAll(),
  };
}

async function inspect(place: GitHostPlace, load: GitLoad, run: Run): Promise<Presence> {
  return load.phase === 'content'
    ? await inspectObjects(place, load, run)
    : await inspectRefs(place, load, run);
}

async function carryOut(
  place: GitHostPlace,
  load: GitLoad,
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  return load.phase === 'content'
    ? await loadObjects(place, load, from, run)
    : await setRefs(place, load, from, run);
}

async function proveContent(place: GitHostPlace, load: GitLoad, run: Run): Promise<void> {
  if (load.phase === 'content') return await proveObjects(place, load, run);
  throw new GapferryError({ code: 'INTERNAL', message: `${load.item} has nothing to read back` });
}

/** A new survey: what an earlier one saw counts no more. Every repository is looked at. */
async function preflight(
  place: GitHostPlace,
  loads: readonly Load[],
  from: BlobReader | undefined,
  run: Run,
): Promise<void> {
  const { host, target } = place;
  requireNames(loads, target, (load) => load.kind === 'git' && host.pathOf(load.repository));
  requireDistinctPaths(loads, host.pathOf);
  await place.memory.discardAll();
  const { remotes, goesBack } = place;
  place.memory = repositoryMemory({ host, remotes, loads, medium: from, goesBack });
  place.judgement = undefined;
  const own = loads.flatMap((load) => (load.kind === 'git' && load.phase === 'name' ? [load] : []));
  const [first, ...others] = own;
  if (first === undefined) return;
  const look = ({ repository, item }: GitLoad): Promise<unknown> =>
    atTarget(target, item, () => place.memory.look(repository, run));
  await atTarget(target, first.item, () => host.begin(run));
  // The first one alone: a host that is away is asked once.
  await look(first);
  const limit = pLimit(CONNECTIONS);
  await Promise.all(others.map((load) => limit(() => look(load))));
}
