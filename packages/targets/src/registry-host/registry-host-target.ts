import {
  type Absent,
  type AddressTarget,
  type BlobReader,
  checkRun,
  isGapferryError,
  type Load,
  type LoadOutcome,
  type ObstacleTarget,
  type PermissionTarget,
  type PreflightTarget,
  type Presence,
  type PruneTarget,
  type Run,
  totalSize,
} from '@gapferry/core';
import { atTarget } from '../registry/at-target.ts';
import type { RegistryTarget } from '../registry/registry-target.ts';
import { toOci, toOciContent } from '../registry/to-oci.ts';
import type { OciLoad, RegistryHost } from './registry-host.ts';

export interface RegistryHostTargetOptions {
  /** The target's name in the site file, for messages. */
  readonly name: string;
  readonly host: RegistryHost;
  /** What it does as every registry does. */
  readonly registry: RegistryTarget;
  /** The path of an upstream repository there. Throws `NAME_UNSAFE`. */
  readonly pathOf: (repository: string) => string;
}

export type RegistryHostTarget = PreflightTarget &
  AddressTarget &
  PermissionTarget &
  ObstacleTarget &
  PruneTarget;

/** A registry of a product whose places are looked at first, and made where they are missing, right before their first content. */
export function registryHostTarget(options: RegistryHostTargetOptions): RegistryHostTarget {
  const { name, host, registry } = options;
  const made = makeOnce(host);
  const own = (load: Load): OciLoad => toOci(load, host.product, name);
  return {
    name,
    inspect: (load, run) => atTarget(name, load.item, () => inspect(options, own(load), run)),
    load: (load, from, run) =>
      atTarget(name, load.item, async () => {
        checkRun(run);
        const oci = own(load);
        const place = placeOf(options, oci);
        if (oci.phase === 'content') await made(place, run);
        return await carryOut(options, oci, place, from, run);
      }),
    readBack: (load, run) =>
      atTarget(name, load.item, async () => {
        const content = toOciContent(load, host.product, name);
        const place = placeOf(options, content);
        await explained(host, place, run, () => registry.readBack(content, run));
      }),
    preflight: (loads, run, from) => preflight(options, loads, from, run),
    permissions: (wanted, run) => atTarget(name, wanted[0]?.item ?? '', () => host.permissions(wanted, run)),
    obstacles: (wanted, run) => atTarget(name, wanted[0]?.item ?? '', () => host.obstacles(wanted, run)),
    addressOf: (load) => registry.addressOf(load),
    prunable: (request, run) => registry.prunable(request, run),
    prune: (step, request, run) => registry.prune(step, request, run),
    gone: (names, request, run) => registry.gone(names, request, run),
  };
}

function placeOf({ host, pathOf }: RegistryHostTargetOptions, { repository }: OciLoad): string {
  return host.placeOf(pathOf(repository));
}

/** Loads that want the same place wait for the one that makes it; what failed is tried again by the next. */
function makeOnce(host: RegistryHost): (place: string, run: Run) => Promise<void> {
  const making = new Map<string, Promise<void>>();
  return (place, run) => {
    const underway = making.get(place) ?? host.make(place, run);
    making.set(place, underway);
    underway.catch(() => making.delete(place));
    return underway;
  };
}

/** A new survey: what an earlier one saw counts no more. Each place is looked at once, at once where they are few. */
async function preflight(
  { name, host, registry, pathOf }: RegistryHostTargetOptions,
  loads: readonly Load[],
  from: BlobReader | undefined,
  run: Run,
): Promise<void> {
  host.begin(loads, from);
  registry.begin(loads);
  const [first] = loads;
  if (first === undefined) return;
  await atTarget(name, first.item, () => host.signIn(run));
  if (host.looksLate) return;
  const paths = loads.map((load) => pathOf(toOci(load, host.product, name).repository));
  const named = paths.filter((path) => host.nameProblem(path) === undefined);
  const places = new Set(named.map((path) => host.placeOf(path)));
  await atTarget(name, first.item, () => Promise.all([...places].map((place) => host.look(place, run))));
}

async function inspect(options: RegistryHostTargetOptions, load: OciLoad, run: Run): Promise<Presence> {
  const { host, pathOf } = options;
  if (host.nameProblem(pathOf(load.repository)) !== undefined) return allOf(load);
  const place = placeOf(options, load);
  if (!host.looksLate) {
    const state = await host.look(place, run);
    if (state === 'missing') return { ...allOf(load), makes: host.makes(place) };
    return state === 'closed'
      ? allOf(load)
      : ((await tryRegistry(options, load, run)) ?? closed(host, place, load));
  }
  const there = await tryRegistry(options, load, run);
  if (there !== undefined && there.state !== 'absent') return there;
  const state = await host.look(place, run);
  if (state === 'missing') return { ...allOf(load), makes: host.makes(place) };
  return there ?? closed(host, place, load);
}

/** Undefined where the registry does not let these credentials read. */
async function tryRegistry(
  { registry }: RegistryHostTargetOptions,
  load: OciLoad,
  run: Run,
): Promise<Presence | undefined> {
  try {
    return await registry.inspect(load, run);
  } catch (error) {
    if (isGapferryError(error, 'UNAUTHORIZED') || isGapferryError(error, 'FORBIDDEN')) return undefined;
    throw error;
  }
}

/** What lacks is told with everything else that lacks. */
function closed(host: RegistryHost, place: string, load: OciLoad): Absent {
  host.close(place);
  return allOf(load);
}

/** Nothing of it is there. */
function allOf(load: OciLoad): Absent {
  return {
    state: 'absent',
    missingBytes: load.phase === 'content' ? totalSize(load.blobs) : load.root.size,
  };
}

async function carryOut(
  { host, registry }: RegistryHostTargetOptions,
  load: OciLoad,
  place: string,
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  const outcome = await explained(host, place, run, () => registry.load(load, from, run));
  if (load.phase === 'content' || outcome.state === 'same') return outcome;
  return host.afterName === undefined ? outcome : await host.afterName(load, outcome, run);
}

async function explained<T>(host: RegistryHost, place: string, run: Run, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw await host.explain(place, error, run);
  }
}
