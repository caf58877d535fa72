import {
  type AddressTarget,
  type BlobReader,
  type ContentLoad,
  checkRun,
  type Load,
  type LoadOutcome,
  type ObstacleTarget,
  type OciContent,
  type OciTag,
  type PermissionTarget,
  type PreflightTarget,
  type Presence,
  type PruneTarget,
  type Run,
  type SizedDigest,
  totalSize,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { atTarget } from './at-target.ts';
import { blobLanes } from './blob-lanes.ts';
import { isKnownByTag } from './known-by-tag.ts';
import { lookAtContent } from './look-at-content.ts';
import { mapRepository } from './map-repository.ts';
import type { OciRegistry } from './oci-registry.ts';
import { beginSurvey, preflightRegistry } from './preflight-registry.ts';
import { proveContent } from './prove-content.ts';
import { goneNames, prunableManifests, pruneManifest } from './prune-registry.ts';
import { registryObstacles, registryPermissions } from './registry-permissions.ts';
import type { RegistryPlace } from './registry-place.ts';
import { sendContent } from './send-content.ts';
import { inspectTag, setTag } from './set-tag.ts';
import { type ContentLook, surveyMemory } from './survey-memory.ts';
import { toOci, toOciContent } from './to-oci.ts';

export interface RegistryTargetOptions {
  /** The target's name in the site file, for messages. */
  readonly name: string;
  /** The registry's host[:port]. */
  readonly host: string;
  readonly registry: OciRegistry;
  /** How an upstream repository is mapped to a path: `{host}/{path}`, `mirror/{host}/{path}`. See `mapRepository`. */
  readonly path: string;
  /** Requests under way at once; 8. */
  readonly connections?: number;
}

export interface RegistryTarget
  extends PreflightTarget,
    AddressTarget,
    PermissionTarget,
    ObstacleTarget,
    PruneTarget {
  /** A new survey that asks nothing yet: what an earlier one saw counts no more. Throws `NAME_UNSAFE`. */
  begin(loads: readonly Load[]): void;
  /** What the last look at a content load found missing; undefined where nobody looked. */
  missingOf(load: OciContent): readonly SizedDigest[] | undefined;
}

/** Any OCI registry as a target for images and charts (distribution-spec). A survey asks once for each tag; where it stands at the wanted digest, nothing else of the item is asked.
 *  Digests, media types and annotations stay what they were. */
export function registryTarget(options: RegistryTargetOptions): RegistryTarget {
  const place = openPlace(options);
  const { name } = options;
  return {
    name,
    inspect: (load, run) =>
      atTarget(name, load.item, () => inspect(place, toOci(load, 'registry', name), run)),
    async load(load, from, run) {
      checkRun(run);
      return await atTarget(name, load.item, () => carryOut(place, toOci(load, 'registry', name), from, run));
    },
    readBack: (load: ContentLoad, run: Run) =>
      atTarget(name, load.item, () => proveContent(place, toOciContent(load, 'registry', name), run)),
    preflight: (loads, run) => preflightRegistry(place, loads, run),
    permissions: (wanted, run) =>
      atTarget(name, wanted[0]?.item ?? '', () => registryPermissions(place, wanted, run)),
    obstacles: (wanted, run) =>
      atTarget(name, wanted[0]?.item ?? '', () => registryObstacles(place, wanted, run)),
    addressOf: (load) => addressOf(place, toOci(load, 'registry', name)),
    prunable: (request, run) => atTarget(name, request.channel, () => prunableManifests(place, request, run)),
    prune: (step, request, run) => atTarget(name, step.place, () => pruneManifest(place, step, request, run)),
    gone: (names, request, run) => atTarget(name, request.channel, () => goneNames(place, names, run)),
    begin: (loads) => beginSurvey(place, loads),
    missingOf: (load) => place.memory.looks.get(load)?.missing,
  };
}

function openPlace({ name, host, registry, path, connections = 8 }: RegistryTargetOptions): RegistryPlace {
  const limit = pLimit(Math.max(1, connections * 2));
  const repositoryOf = (upstream: string): string => `${host}/${mapRepository(path, upstream)}`;
  return {
    target: name,
    registry,
    repositoryOf,
    lanes: blobLanes(registry, connections),
    memory: surveyMemory(registry, [], repositoryOf),
    pruning: new Map(),
    ask: (question) => limit(question),
  };
}

async function inspect(place: RegistryPlace, load: OciContent | OciTag, run: Run): Promise<Presence> {
  // What lacks there is told with everything else that lacks.
  if (place.memory.closed.has(place.repositoryOf(load.repository))) return nothingOf(load);
  if (load.phase === 'name') return await inspectTag(place, load, run);
  const look = await lookAt(place, load, run);
  place.memory.looks.set(load, look);
  const { missing } = look;
  return missing.length === 0 ? { state: 'same' } : { state: 'absent', missingBytes: totalSize(missing) };
}

function nothingOf(load: OciContent | OciTag): Presence {
  return {
    state: 'absent',
    missingBytes: load.phase === 'content' ? totalSize(load.blobs) : load.root.size,
  };
}

async function lookAt(place: RegistryPlace, load: OciContent, run: Run): Promise<ContentLook> {
  if (!(await isKnownByTag(place, load, run)))
    return { byTag: false, missing: await lookAtContent(place, load, run) };
  const repository = place.repositoryOf(load.repository);
  for (const { digest } of load.blobs) place.lanes.holds(repository, digest);
  return { byTag: true, missing: [] };
}

/** The reference that people pull. */
function addressOf({ repositoryOf }: RegistryPlace, load: OciContent | OciTag): string {
  const repository = repositoryOf(load.repository);
  const { root } = load;
  return load.phase === 'name' && load.tag !== undefined
    ? `${repository}:${load.tag}`
    : `${repository}@${root.digest}`;
}

async function carryOut(
  place: RegistryPlace,
  load: OciContent | OciTag,
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  if (load.phase === 'name') {
    // Before the first of them all content was read back.
    place.tidied ??= place.registry.abandonUploads(run);
    await place.tidied;
    return await setTag(place, load, run);
  }
  const look = place.memory.looks.get(load) ?? (await lookAt(place, load, run));
  // What was missing is not missing any more, or was sent in part: another look is a new one.
  if (look.missing.length > 0) place.memory.looks.delete(load);
  return await sendContent(place, load, look.missing, from, run);
}
