import type { Load, Obstacle, Run } from '@gapferry/core';
import { missingBytes, nameProblems, type PlaceNeed, placeNeeds } from '../registry-host/place-needs.ts';
import { sizeText } from '../registry-host/size-text.ts';
import { organizationOf } from './quay-names.ts';
import type { QuayPlace } from './quay-place.ts';
import { askImmutable } from './quay-questions.ts';
import { warnOfQuay } from './quay-warnings.ts';

/** Everything at Quay that would stop loading `wanted`, besides permissions. Looks only; warns of what would take away what is loaded. */
export async function quayObstacles(
  place: QuayPlace,
  wanted: readonly Load[],
  run: Run,
): Promise<readonly Obstacle[]> {
  const system = await place.memory.system(run);
  const needs = placeNeeds(place, wanted);
  const byOrganization = [...Map.groupBy(needs, ({ place: path }) => organizationOf(path))];
  await warnOfQuay(place, byOrganization, run);
  const organizations = await Promise.all(
    byOrganization.map(([name, own]) => inOrganization(place, name, own, run)),
  );
  const repositories = await Promise.all(needs.map((need) => inRepository(place, need, run)));
  return [
    ...(system.readOnly === true ? [READ_ONLY] : []),
    ...badNames(place, wanted),
    ...(system.nestedNames === false ? nestedOnes(needs) : []),
    ...organizations.flat(),
    ...repositories.flat(),
  ];
}

const READ_ONLY: Obstacle = {
  on: 'Quay',
  problem: 'Quay is in read-only mode',
  remedy: 'have an administrator end it (REGISTRY_STATE in config.yaml)',
};

function badNames(place: QuayPlace, wanted: readonly Load[]): readonly Obstacle[] {
  return nameProblems(place, wanted).map((each) => ({
    ...each,
    remedy:
      'say `path: "mirror/{host}/{path}"` of the target in site.yaml, with the name of an organization in front',
  }));
}

/** One obstacle for all of them: one setting is behind it. */
function nestedOnes(needs: readonly PlaceNeed[]): readonly Obstacle[] {
  const [first, ...others] = needs.map((need) => need.place).filter((path) => path.split('/').length > 2);
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return [
    {
      on: first,
      problem: `Quay takes no slash in the name of a repository here: ${first}${more}`,
      remedy:
        'have FEATURE_EXTENDED_REPOSITORY_NAMES set in its config.yaml, or say `path: "{host}/{name}"` of the target in site.yaml',
    },
  ];
}

async function inOrganization(
  place: QuayPlace,
  name: string,
  needs: readonly PlaceNeed[],
  run: Run,
): Promise<readonly Obstacle[]> {
  const on = `organization ${name}`;
  const look = await place.memory.organization(name, run);
  const contents = needs.flatMap((need) => need.contents);
  const bytes = missingBytes(place, contents, (path) => organizationOf(path) === name);
  if (look.state === 'missing') return place.hasToken ? missingOne(place, name, bytes) : [];
  const upstream = await place.memory.proxyCache(name, run);
  if (upstream !== undefined)
    return [
      {
        on,
        problem: `the organization ${name} is a proxy cache of ${upstream}, and nobody can push there`,
        remedy: `say another \`path\` of the target in site.yaml, for example "mirror/{host}/{path}"`,
      },
    ];
  const quota = look.state === 'there' ? look.quota : undefined;
  if (quota === undefined || bytes === 0 || quota.used + bytes <= quota.limit) return [];
  const left = Math.max(0, quota.limit - quota.used);
  return [
    {
      on,
      problem: `the organization ${name} has room for ${sizeText(left)} of its quota of ${sizeText(quota.limit)}, and ${sizeText(bytes)} are missing there`,
      remedy: `raise the quota of ${name} to ${sizeText(quota.used + bytes)} or more, or make room there`,
    },
  ];
}

function missingOne({ organizations }: QuayPlace, name: string, bytes: number): readonly Obstacle[] {
  const { create, quota } = organizations;
  const on = `organization ${name}`;
  if (!create)
    return [
      {
        on,
        problem: `there is no organization ${name}`,
        remedy: `make the organization ${name} at Quay, or say \`organizations: {create: true}\` of the target in site.yaml`,
      },
    ];
  if (quota === undefined || bytes <= quota) return [];
  return [
    {
      on,
      problem: `the organization ${name} would be made with a quota of ${sizeText(quota)}, and gets ${sizeText(bytes)}`,
      remedy: 'say a larger `organizations: {quota: …}` of the target in site.yaml',
    },
  ];
}

async function inRepository(place: QuayPlace, need: PlaceNeed, run: Run): Promise<readonly Obstacle[]> {
  const { place: path } = need;
  const on = `repository ${path}`;
  if (place.memory.missing.has(organizationOf(path))) return [];
  const look = await place.memory.repository(path, run);
  if (look.state === 'missing' && !place.repositories.create)
    return [
      {
        on,
        problem: `there is no repository ${path}`,
        remedy: `make the repository ${path} at Quay, or say \`repositories: {create: true}\` of the target in site.yaml`,
      },
    ];
  if (look.state === 'there' && look.closed !== undefined)
    return [
      {
        on,
        problem: `the repository ${path} ${look.closed}`,
        remedy: `have it changed at Quay (Settings, Repository state), or say another \`path\` of the target in site.yaml`,
      },
    ];
  return look.state === 'there' ? await immutableOnes(place, need, run) : [];
}

async function immutableOnes(place: QuayPlace, need: PlaceNeed, run: Run): Promise<readonly Obstacle[]> {
  const found: Obstacle[] = [];
  for (const name of need.names) {
    const { tag } = name;
    if (tag === undefined || (await place.registry.inspect(name, run)).state !== 'different') continue;
    if (await askImmutable(place.api, need.place, tag, run))
      found.push({
        on: `${need.place}:${tag}`,
        problem: `the tag ${need.place}:${tag} would move, and Quay keeps it as it is (immutable)`,
        remedy:
          'have the tag made mutable, or its immutability policy leave it out, or release it under another tag',
      });
  }
  return found;
}
