import {
  type BlobReader,
  type ContentLoad,
  checkRun,
  GapferryError,
  type Load,
  type LoadOutcome,
  type PreflightTarget,
  type Presence,
  type Run,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { atTarget } from '../registry/at-target.ts';
import { requireDistinctPaths } from './distinct-paths.ts';
import type { GitHost, LoadedRelease, RefsPolicy } from './git-host.ts';
import { type GitHostPlace, type GitLoad, toGit } from './git-host-place.ts';
import type { GitRemotes } from './git-remotes.ts';
import { inspectObjects, inspectRefs } from './inspect-repository.ts';
import type { LfsStore } from './lfs-store.ts';
import { loadObjects, proveObjects } from './load-objects.ts';
import { type LiftJournal, protectionLifts } from './protection-lifts.ts';
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
export interface GitHostTarget extends PreflightTarget {
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

/** A new survey: what an earlier one saw counts no more. Every repository is looked at: one that takes nothing, or cannot be made, stops the import before its first effect. */
async function preflight(
  place: GitHostPlace,
  loads: readonly Load[],
  from: BlobReader | undefined,
  run: Run,
): Promise<void> {
  const { host, target } = place;
  requireDistinctPaths(loads, host.pathOf);
  requireWholeHistories(loads, target);
  if (place.lfs === undefined) requireNoLfs(loads, target);
  await place.memory.discardAll();
  const { remotes, goesBack } = place;
  place.memory = repositoryMemory({ host, remotes, loads, medium: from, goesBack });
  const own = loads.flatMap((load) => (load.kind === 'git' && load.phase === 'name' ? [load] : []));
  if (own.length === 0) return;
  await atTarget(target, own[0]?.item ?? '', () => host.begin(run));
  const limit = pLimit(CONNECTIONS);
  const closed = await Promise.all(
    own.map(({ repository, item }) =>
      limit(() =>
        atTarget(target, item, async () => {
          const { hosted } = await place.memory.look(repository, run);
          if (hosted === undefined) await host.requireCreatable(host.pathOf(repository), run);
          return hosted?.closed === undefined
            ? []
            : [`${host.pathOf(repository)} (${item}): ${hosted.closed}`];
        }),
      ),
    ),
  );
  requireOpen(closed.flat(), target);
}

/** git hosts refuse a push into a history that ends early (`receive.shallowUpdate`), and whoever clones from one that does not gets a broken repository. */
function requireWholeHistories(loads: readonly Load[], target: string): void {
  const cut = loads.find((load) => load.kind === 'git' && (load.shallow ?? []).length > 0);
  if (cut === undefined) return;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${cut.item} has a cut history (\`depth\`), which the Git host ${target} does not take`,
    hint: 'leave `depth` out in bundle.yaml, or send the repository to an embedded depot',
    origin: 'target',
    data: { item: cut.item, target },
  });
}

/** A branch whose files of Git LFS are missing cannot be checked out: better no branch at all. */
function requireNoLfs(loads: readonly Load[], target: string): void {
  const some = loads.find(
    (load) => load.kind === 'git' && load.phase === 'content' && (load.lfs ?? []).length > 0,
  );
  if (some === undefined) return;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${some.item} has files of Git LFS, and nobody said how they are sent to ${target}: it would have pointers to nothing`,
    hint: 'send the repository to an embedded depot, or say `lfs: none` in bundle.yaml and bring the files another way',
    origin: 'target',
    data: { item: some.item, target },
  });
}

function requireOpen(closed: readonly string[], target: string): void {
  if (closed.length === 0) return;
  const more = closed.length > 10 ? `; and ${closed.length - 10} more` : '';
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `the target ${target} has repositories that take nothing: ${closed.slice(0, 10).join('; ')}${more}`,
    hint: 'nothing was loaded; change that at the host, or map them elsewhere with `path` of the target',
    origin: 'target',
    data: { target, repositories: closed },
  });
}
