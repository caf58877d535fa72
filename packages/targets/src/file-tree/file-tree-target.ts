import {
  type AddressTarget,
  type BatchTarget,
  type BlobReader,
  type ContentLoad,
  checkRun,
  type FileContent,
  type FileName,
  GapferryError,
  type Load,
  type LoadOutcome,
  type NameLoad,
  type PermissionTarget,
  type PreflightTarget,
  type PruneTarget,
  type Run,
} from '@gapferry/core';
import pLimit from 'p-limit';
import type { LoadedRelease } from '../git-host/git-host.ts';
import { atTarget } from '../registry/at-target.ts';
import { releaseKeys } from '../s3/release-keys.ts';
import type { FileTree } from './file-tree.ts';
import { preflightTree } from './preflight-tree.ts';
import { goneFiles, prunableFiles, pruneFiles } from './prune-files.ts';
import { inspectTreeName, setTree } from './set-tree.ts';
import { inspectTreeContent, proveTree, stageFiles } from './stage-files.ts';
import { treeMemory } from './tree-memory.ts';
import { treePermissions } from './tree-permissions.ts';
import { type TreePlace, type TreePolicy, toTreeFiles } from './tree-place.ts';
import { treeIndexPath } from './tree-records.ts';

export interface FileTreeTargetOptions {
  /** The target's name in the site file, for messages. */
  readonly name: string;
  readonly tree: FileTree;
  /** Template of paths, which ends with `{path}`: `{channel}/{version}/{path}` gives each release paths of its own, `{channel}/{path}` the same ones to all. */
  readonly path: string;
  readonly release: LoadedRelease;
  readonly policy: TreePolicy;
  /** Files that are looked at, or written, at a time; 8. */
  readonly lanes?: number;
}

/** Directories and files as a target. Contents wait in a hidden directory of ours until the barrier is passed, then they are moved to their names, and SHA256SUMS is written last. */
export function fileTreeTarget(
  options: FileTreeTargetOptions,
): PreflightTarget & BatchTarget & AddressTarget & PermissionTarget & PruneTarget {
  const { name } = options;
  const place = openPlace(options);
  const fresh = (): TreePlace['memory'] => treeMemory(place.tree, treeIndexPath(place.keys));
  // Each ends with the record of the whole, which only one may write.
  const turn = pLimit(1);
  const names = (loads: readonly NameLoad[], from: BlobReader, run: Run): Promise<LoadOutcome[]> =>
    atTarget(name, itemOf(loads), () => turn(() => setTree(place, loads.map(asName(name)), from, run)));
  const prove = (loads: readonly ContentLoad[], run: Run): Promise<void> =>
    atTarget(name, itemOf(loads), () => proveTree(place, loads.map(asContent(name)), run));
  return {
    name,
    inspect: (load, run) =>
      atTarget(name, load.item, () => {
        const files = toTreeFiles(load, name);
        return files.phase === 'name'
          ? inspectTreeName(place, files, run)
          : inspectTreeContent(place, files, run);
      }),
    async load(load, from, run) {
      checkRun(run);
      if (load.phase === 'name') return (await names([load], from, run))[0] ?? { state: 'same', bytes: 0 };
      return await atTarget(name, load.item, () => stageFiles(place, asContent(name)(load), from, run));
    },
    readBack: (load, run) => prove([load], run),
    preflight: async (loads, run) => {
      place.memory = fresh();
      place.hasBegun = undefined;
      place.surveyed = loads.filter(
        (load): load is FileName => load.kind === 'file' && load.phase === 'name',
      );
      await atTarget(name, place.tree.place, () => preflightTree(place, loads, run));
    },
    permissions: (_wanted, run) => atTarget(name, place.tree.place, () => treePermissions(place, run)),
    addressOf: (load) => place.tree.addressOf(place.keys.keyOfLoad(asName(name)(load))),
    prunable: (request, run) => {
      place.memory = fresh();
      return atTarget(name, place.tree.place, () => prunableFiles(place, request, run));
    },
    prune: (step, request, run) =>
      atTarget(name, step.place, () => turn(() => pruneFiles(place, step, request, run))),
    gone: (wanted, request, run) =>
      atTarget(name, place.tree.place, () => goneFiles(place, wanted, request, run)),
    loadNames: names,
    readBackAll: prove,
  };
}

function openPlace(options: FileTreeTargetOptions): TreePlace {
  const { name, tree, release, policy, path, lanes = 8 } = options;
  const keys = releaseKeys(path, undefined, release);
  return {
    target: name,
    tree,
    keys,
    isByRelease: /\{(?:version|sequence)\}/.test(path),
    release,
    policy,
    lanes,
    staging: new Map(),
    memory: treeMemory(tree, treeIndexPath(keys)),
    hasBegun: undefined,
    holding: undefined,
    surveyed: [],
  };
}

function itemOf(loads: readonly Load[]): string {
  return loads[0]?.item ?? '';
}

function asName(target: string): (load: NameLoad) => FileName {
  return (load) => {
    const files = toTreeFiles(load, target);
    if (files.phase === 'name') return files;
    throw new GapferryError({ code: 'INTERNAL', message: `${load.item} is no name` });
  };
}

function asContent(target: string): (load: ContentLoad) => FileContent {
  return (load) => {
    const files = toTreeFiles(load, target);
    if (files.phase === 'content') return files;
    throw new GapferryError({ code: 'INTERNAL', message: `${load.item} has nothing to read back` });
  };
}
