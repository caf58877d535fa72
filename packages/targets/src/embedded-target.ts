import { join } from 'node:path';
import type {
  BatchTarget,
  BlobReader,
  ContentLoad,
  Load,
  LoadOutcome,
  NameLoad,
  PreflightTarget,
  Presence,
  PruneTarget,
  RoomTarget,
  Run,
} from '@gapferry/core';
import { areAttachmentsNamed, nameAttachments } from './attachment-names.ts';
import { inspectBlobs, loadBlobs, proveBlobs } from './blob-content.ts';
import { requireDistinctPlaces } from './distinct-places.ts';
import { embeddedRoom, type RoomPlace } from './embedded-room.ts';
import type { EmbeddedStore } from './embedded-store.ts';
import { INCOMING } from './embedded-tree.ts';
import { inspectFileName, loadFileNames } from './file-names.ts';
import { inspectObjects, loadObjects, proveObjects } from './git-content.ts';
import { inspectRefs, loadRefs } from './git-names.ts';
import type { GitRepositories } from './git-repositories.ts';
import { inspectTag, loadTags } from './oci-names.ts';
import { goneInDepot, prunableInDepot, pruneInDepot } from './prune-embedded.ts';
import { requireNoStrangers } from './strangers.ts';
import { sweepIncoming } from './tree-write.ts';

export interface EmbeddedTargetOptions {
  /** The target's name in the site file, for messages. */
  readonly name: string;
  readonly store: EmbeddedStore;
  readonly repositories: GitRepositories;
  /** Root of the embedded depot: Git goes to `<tree>/git/<host>/<path>.git`, files to `<tree>/files/<path>`. */
  readonly tree: string;
  /** Large blobs of one load that are copied at a time, and a fourth of the small ones; 4. */
  readonly concurrency?: number;
}

/** A local depot as a target: images and charts in its OCI layout, bare repositories, plain files. Needs no server. */
export type EmbeddedTarget = PreflightTarget & BatchTarget & RoomTarget & PruneTarget;

/** One import at a time: what another process changes between judging a tag and writing the index is not noticed. */
export function embeddedTarget(options: EmbeddedTargetOptions): EmbeddedTarget {
  const seen = new WeakMap<Load, Presence>();
  const place: Place = { ...options, target: options.name, concurrency: options.concurrency ?? 4, seen };
  const loadNames = (loads: readonly NameLoad[], run: Run): Promise<LoadOutcome[]> =>
    loadInGroups(place, loads, run);
  return {
    name: options.name,
    async inspect(load, run) {
      const presence = await inspect(place, load, run);
      seen.set(load, presence);
      return presence;
    },
    room: (wanted, run) => embeddedRoom(place, wanted, run),
    async load(load, from, run) {
      if (load.phase === 'content') return await loadContent(place, load, from, run);
      const [outcome] = await loadNames([load], run);
      return outcome ?? { state: 'same', bytes: 0 };
    },
    readBack: (load, run) => readBackAll(place, [load], run),
    async preflight(loads) {
      requireDistinctPlaces(loads);
      await requireNoStrangers(place.tree, loads);
      await sweepIncoming(join(place.tree, INCOMING));
    },
    prunable: (request, run) => prunableInDepot(place, request, run),
    prune: (step, request, run) => pruneInDepot(place, step, request, run),
    gone: (names, _request, run) => goneInDepot(place, names, run),
    loadNames: (loads, _from, run) => loadNames(loads, run),
    readBackAll: (loads, run) => readBackAll(place, loads, run),
  };
}

interface Place extends EmbeddedTargetOptions, RoomPlace {
  readonly target: string;
  readonly concurrency: number;
}

async function inspect(place: Place, load: Load, run: Run): Promise<Presence> {
  if (load.phase === 'content') return await inspectContent(place, load, run);
  switch (load.kind) {
    case 'oci':
      return await inspectTag(place.store, load);
    case 'git':
      return await inspectRefs(place, load, run);
    case 'file':
      return await inspectFileName(place, load, run);
  }
}

async function inspectContent(place: Place, load: ContentLoad, run: Run): Promise<Presence> {
  if (load.kind === 'git') return await inspectObjects(place, load, run);
  const presence = await inspectBlobs(place.store, load, run);
  const isWhole =
    presence.state !== 'same' || load.kind !== 'oci' || (await areAttachmentsNamed(place.store, load));
  return isWhole ? presence : { state: 'absent', missingBytes: 0 };
}

async function loadContent(
  place: Place,
  load: ContentLoad,
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  if (load.kind === 'git') return await loadObjects(place, load, from, run);
  const outcome = await loadBlobs(place.store, load, from, place.concurrency, run);
  const isNew = load.kind === 'oci' && (await nameAttachments(place.store, load, run));
  return isNew ? { ...outcome, state: 'loaded' } : outcome;
}

async function readBackAll(place: Place, loads: readonly ContentLoad[], run: Run): Promise<void> {
  await proveBlobs(place.store, loads, place.target, run);
  for (const load of loads) if (load.kind === 'git') await proveObjects(place, load, run);
}

/** Neighbours of one kind are judged together and then written, so that 500 tags rewrite the index once. */
async function loadInGroups(place: Place, loads: readonly NameLoad[], run: Run): Promise<LoadOutcome[]> {
  const outcomes: LoadOutcome[] = [];
  for (const group of neighbours(loads)) outcomes.push(...(await loadGroup(place, group, run)));
  return outcomes;
}

async function loadGroup(place: Place, group: readonly NameLoad[], run: Run): Promise<LoadOutcome[]> {
  const tags = group.filter((load) => load.kind === 'oci');
  const refs = group.filter((load) => load.kind === 'git');
  const files = group.filter((load) => load.kind === 'file');
  if (tags.length > 0) return await loadTags(place.store, tags, place.target, run);
  if (refs.length > 0) return await loadRefs(place, refs, run);
  return await loadFileNames(place, files, run);
}

function neighbours(loads: readonly NameLoad[]): NameLoad[][] {
  const groups: NameLoad[][] = [];
  for (const load of loads) {
    const last = groups.at(-1);
    if (last?.[0]?.kind === load.kind) last.push(load);
    else groups.push([load]);
  }
  return groups;
}
