import type {
  GapferryError,
  Load,
  Obstacle,
  OciContent,
  OciTag,
  Permission,
  PermissionState,
  Run,
} from '@gapferry/core';
import type { RegistryPlace } from './registry-place.ts';
import { toOci } from './to-oci.ts';
import { statusOf } from './upload-trials.ts';

/** What the credentials must be allowed in each repository for `wanted`. No registry says it: an upload is begun in each and cancelled at once. */
export async function registryPermissions(
  place: RegistryPlace,
  wanted: readonly Load[],
  run: Run,
): Promise<readonly Permission[]> {
  const found = await Promise.all(
    repositoriesOf(place, wanted).map((repository) => inRepository(place, repository, run)),
  );
  return [...found.flat(), ...(await movedTags(place, wanted, run))];
}

/** What keeps a registry from taking anything, as beginning an upload shows it. */
export async function registryObstacles(
  place: RegistryPlace,
  wanted: readonly Load[],
  run: Run,
): Promise<readonly Obstacle[]> {
  const open = repositoriesOf(place, wanted).filter((repository) => !place.memory.closed.has(repository));
  const found = await Promise.all(
    open.map(async (repository) => {
      const trial = await place.ask(() => place.memory.trial(repository, run));
      return trial.kind === 'stopped' ? [stopped(place, repository, trial.error)] : [];
    }),
  );
  return uniqueByPlace(found.flat());
}

function repositoriesOf(place: RegistryPlace, wanted: readonly Load[]): readonly string[] {
  return [
    ...new Set(wanted.map((load) => place.repositoryOf(toOci(load, 'registry', place.target).repository))),
  ];
}

async function inRepository(
  place: RegistryPlace,
  repository: string,
  run: Run,
): Promise<readonly Permission[]> {
  const closed = place.memory.closed.get(repository);
  const need = { action: 'push', on: repository };
  if (closed !== undefined)
    return [{ action: 'pull', on: repository, ...lacking(place, 'pull from and push to', closed.message) }];
  const trial = await place.ask(() => place.memory.trial(repository, run));
  switch (trial.kind) {
    case 'begun':
      return [{ ...need, state: 'probed' }];
    case 'untried':
      return [
        {
          ...need,
          state: 'unknown',
          reason: 'an upload on trial could not be cancelled in this registry, so that no other was begun',
        },
      ];
    case 'refused':
      return [{ ...need, ...lacking(place, 'push to', trial.error.message) }];
    case 'stopped':
      return [];
  }
}

function lacking({ target }: RegistryPlace, what: string, said: string): PermissionState {
  return {
    state: 'lacking',
    remedy: `have the credentials of target ${target} allowed to ${what} it, or make the project or organisation that it belongs to (${said})`,
  };
}

/** Some registries keep tags as they are, and say so to whoever sets one. */
async function movedTags(
  place: RegistryPlace,
  wanted: readonly Load[],
  run: Run,
): Promise<readonly Permission[]> {
  const moved = new Set<string>();
  for (const load of wanted.map((one) => toOci(one, 'registry', place.target)))
    if (await isMoved(place, load, run)) moved.add(place.repositoryOf(load.repository));
  const reason = 'whether a registry lets a tag be moved shows when it is';
  return [...moved].map((on) => ({ action: 'move tags', on, state: 'unknown' as const, reason }));
}

/** What the survey saw: asks nothing more. */
async function isMoved(place: RegistryPlace, load: OciContent | OciTag, run: Run): Promise<boolean> {
  const repository = place.repositoryOf(load.repository);
  if (load.phase === 'content' || load.tag === undefined || place.memory.closed.has(repository)) return false;
  const there = await place.memory.head(repository, load.tag, run);
  return there !== undefined && there.digest !== load.root.digest;
}

function stopped(place: RegistryPlace, repository: string, error: GapferryError): Obstacle {
  const host = repository.slice(0, repository.indexOf('/'));
  const [owner = ''] = repository.slice(host.length + 1).split('/');
  const said = `(${error.message})`;
  if (statusOf(error) === 404)
    return {
      on: owner,
      problem: `there is nobody to keep ${owner}/… for at ${host} ${said}`,
      remedy: `make ${owner} there, an organisation, project or group, or say another \`path\` of target ${place.target} in site.yaml`,
    };
  if (error.code === 'NO_SPACE')
    return { on: host, problem: `${host} has no room ${said}`, remedy: 'make room there or raise the quota' };
  return {
    on: host,
    problem: `${host} is read, and takes nothing now ${said}`,
    remedy:
      'have its read-only mode or maintenance ended (distribution: `storage.maintenance.readonly`), and look whether a proxy before it refuses POST',
  };
}

function uniqueByPlace(obstacles: readonly Obstacle[]): readonly Obstacle[] {
  return [...new Map(obstacles.map((each) => [each.on, each])).values()];
}
