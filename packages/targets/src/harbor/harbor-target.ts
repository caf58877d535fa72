import {
  type Absent,
  type AddressTarget,
  type BlobReader,
  type Clock,
  checkRun,
  GapferryError,
  isGapferryError,
  type Load,
  type LoadOutcome,
  type ObstacleTarget,
  type OciContent,
  type OciTag,
  type PermissionTarget,
  type PreflightTarget,
  type Presence,
  type Run,
  totalSize,
} from '@gapferry/core';
import type { HostApi, LoadedRelease } from '../git-host/git-host.ts';
import { atTarget } from '../registry/at-target.ts';
import { mapRepository } from '../registry/map-repository.ts';
import type { OciRegistry } from '../registry/oci-registry.ts';
import { registryTarget } from '../registry/registry-target.ts';
import { afterName } from './after-name.ts';
import { explainRefusal } from './explain-refusal.ts';
import { harborMemory } from './harbor-memory.ts';
import { nameProblem, projectOf } from './harbor-names.ts';
import { harborObstacles } from './harbor-obstacles.ts';
import { harborPermissions } from './harbor-permissions.ts';
import {
  type HarborPlace,
  isRobot,
  type ProjectsPolicy,
  type ScanPolicy,
  toOci,
  toOciContent,
  type Waiting,
} from './harbor-place.ts';
import { makeProject } from './make-project.ts';
import { sizeText } from './size-text.ts';

export interface HarborTargetOptions {
  /** The target's name in the site file, for messages. */
  readonly name: string;
  /** Harbor's host[:port]. */
  readonly host: string;
  readonly registry: OciRegistry;
  /** Of the whole host: `/api/v2.0/…` and `/service/token`. */
  readonly api: HostApi;
  /** Who signs in: `robot$line-a`. */
  readonly user: string;
  /** See `mapRepository`; the first part is the project. */
  readonly path: string;
  readonly projects: ProjectsPolicy;
  /** Labels what is loaded with its release; default false. */
  readonly labels?: boolean;
  /** Default: none. */
  readonly scan?: ScanPolicy;
  readonly release: LoadedRelease;
  /** How scans are waited for. */
  readonly waiting: Waiting;
  /** Compared with Harbor's. */
  readonly clock: Clock;
  /** Requests under way at once; 8. */
  readonly connections?: number;
}

export type HarborTarget = PreflightTarget & AddressTarget & PermissionTarget & ObstacleTarget;

/** A Harbor (API v2.0) as a target for images and charts: a registry whose projects are looked at first, and made where they are missing. */
export function harborTarget(options: HarborTargetOptions): HarborTarget {
  const { name } = options;
  const place = openPlace(options);
  const making = new Map<string, Promise<void>>();
  const made = (project: string, run: Run): Promise<void> => {
    const underway = making.get(project) ?? makeProject(place, project, run);
    making.set(project, underway);
    underway.catch(() => making.delete(project));
    return underway;
  };
  return {
    name,
    inspect: (load, run) => atTarget(name, load.item, () => inspect(place, toOci(load, name), run)),
    load: (load, from, run) =>
      atTarget(name, load.item, async () => {
        checkRun(run);
        const oci = toOci(load, name);
        const project = projectOf(place.pathOf(oci.repository));
        if (oci.phase === 'content') await made(project, run);
        return await carryOut(place, oci, project, from, run);
      }),
    readBack: (load, run) =>
      atTarget(name, load.item, async () => {
        const content = toOciContent(load, name);
        await explained(place, projectOf(place.pathOf(content.repository)), run, () =>
          place.registry.readBack(content, run),
        );
      }),
    preflight: (loads, run) => preflight(place, loads, run),
    permissions: (wanted, run) =>
      atTarget(name, wanted[0]?.item ?? '', () => harborPermissions(place, wanted, run)),
    obstacles: (wanted, run) =>
      atTarget(name, wanted[0]?.item ?? '', () => harborObstacles(place, wanted, run)),
    addressOf: (load) => place.registry.addressOf(load),
  };
}

function openPlace(options: HarborTargetOptions): HarborPlace {
  const {
    name,
    path,
    api,
    user,
    projects,
    release,
    waiting,
    clock,
    labels = false,
    scan = { mode: 'none' },
  } = options;
  return {
    target: name,
    api,
    user,
    projects,
    labels,
    scan,
    release,
    waiting,
    clock,
    surveyed: [],
    registry: registryTarget(options),
    pathOf: (repository) => mapRepository(path, repository),
    memory: harborMemory(api),
  };
}

/** A new survey: what an earlier one saw counts no more. Each project is looked at once. */
async function preflight(place: HarborPlace, loads: readonly Load[], run: Run): Promise<void> {
  place.memory = harborMemory(place.api);
  place.surveyed = loads;
  place.registry.begin(loads);
  const [first] = loads;
  if (first === undefined) return;
  await atTarget(place.target, first.item, () => signIn(place, run));
  const own = loads.map((load) => toOci(load, place.target));
  const paths = own.map(({ repository }) => place.pathOf(repository));
  const projects = new Set(paths.filter((path) => nameProblem(path) === undefined).map(projectOf));
  await atTarget(place.target, first.item, () =>
    Promise.all([...projects].map((project) => place.memory.look(project, run))),
  );
}

/** What a Harbor says about credentials is the same whatever is wrong with them. */
async function signIn({ memory, user, target }: HarborPlace, run: Run): Promise<void> {
  await memory.system(run).catch((error: unknown) => {
    if (!isGapferryError(error, 'UNAUTHORIZED')) throw error;
    throw new GapferryError({
      code: 'UNAUTHORIZED',
      message: `Harbor does not take the credentials of ${user} for target ${target}`,
      hint: isRobot({ user })
        ? 'look at the robot in Harbor: its secret may be another, it may be expired or disabled; its name stands in `credentials` as Harbor shows it, with the $'
        : 'check the name and the password in `credentials` of the target',
      origin: 'target',
      data: { target },
      cause: error,
    });
  });
}

async function inspect(place: HarborPlace, load: OciContent | OciTag, run: Run): Promise<Presence> {
  const path = place.pathOf(load.repository);
  const project = projectOf(path);
  const isNamed = nameProblem(path) === undefined;
  const state = isNamed ? (await place.memory.look(project, run)).state : 'hidden';
  if (state === 'missing') return { ...allOf(load), makes: makesText(place, project) };
  if (state === 'hidden' || place.memory.closed.has(project)) return allOf(load);
  try {
    return await place.registry.inspect(load, run);
  } catch (error) {
    if (!isGapferryError(error, 'UNAUTHORIZED')) throw error;
    // What lacks is told with everything else that lacks.
    place.memory.closed.add(project);
    return allOf(load);
  }
}

/** Nothing of it is there. */
function allOf(load: OciContent | OciTag): Absent {
  return {
    state: 'absent',
    missingBytes: load.phase === 'content' ? totalSize(load.blobs) : load.root.size,
  };
}

function makesText({ projects }: HarborPlace, project: string): string {
  const limit = projects.quota === undefined ? '' : `, quota ${sizeText(projects.quota)}`;
  return `project ${project} (${projects.public ? 'public' : 'private'}${limit})`;
}

async function carryOut(
  place: HarborPlace,
  load: OciContent | OciTag,
  project: string,
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  const outcome = await explained(place, project, run, () => place.registry.load(load, from, run));
  if (load.phase === 'content' || outcome.state === 'same') return outcome;
  return await afterName(place, load, outcome, run);
}

async function explained<T>(
  place: HarborPlace,
  project: string,
  run: Run,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw await explainRefusal(place, project, error, run);
  }
}
