import type { Load, Obstacle, Run } from '@gapferry/core';
import { nameProblems, type PlaceNeed, placeNeeds } from '../registry-host/place-needs.ts';
import { sizeText } from '../registry-host/size-text.ts';
import { projectOf } from './harbor-names.ts';
import type { HarborPlace } from './harbor-place.ts';
import type { FoundProject } from './harbor-questions.ts';
import { warnOfHarbor } from './harbor-warnings.ts';
import { keptTags } from './kept-tags.ts';
import { missingIn } from './missing-in.ts';
import { warnOfPolicies } from './project-warnings.ts';

/** Everything at Harbor that would stop loading `wanted`, besides permissions. Looks only; warns of what would take away what is loaded, or let nobody pull it. */
export async function harborObstacles(
  place: HarborPlace,
  wanted: readonly Load[],
  run: Run,
): Promise<readonly Obstacle[]> {
  const system = await place.memory.system(run);
  const { readOnly } = system;
  await warnOfHarbor(place, system, wanted, run);
  const found = await Promise.all(placeNeeds(place, wanted).map((need) => inProject(place, need, run)));
  return [...(readOnly ? [READ_ONLY] : []), ...badNames(place, wanted), ...found.flat()];
}

const READ_ONLY: Obstacle = {
  on: 'Harbor',
  problem: 'Harbor is in read-only mode',
  remedy: 'have an administrator end it (Configuration, System Settings, Repository Read Only)',
};

function badNames(place: HarborPlace, wanted: readonly Load[]): readonly Obstacle[] {
  return nameProblems(place, wanted).map((each) => ({
    ...each,
    remedy:
      'say `path: "mirror/{host}/{path}"` of the target in site.yaml, with the name of a project in front',
  }));
}

async function inProject(place: HarborPlace, need: PlaceNeed, run: Run): Promise<readonly Obstacle[]> {
  const look = await place.memory.look(need.place, run);
  if (look.state === 'missing') return missingProject(place, need);
  // What lacks there is told as a permission.
  if (look.state === 'hidden') return [];
  if (look.project.isProxy) return [proxyCache(look.project)];
  if (place.memory.closed.has(need.place)) return [];
  await warnOfPolicies(place, need, look.project, run);
  return [...(await fullProject(place, need, run)), ...(await keptOnes(place, need, run))];
}

function missingProject(place: HarborPlace, need: PlaceNeed): readonly Obstacle[] {
  const { place: project } = need;
  const { create, quota } = place.projects;
  if (!create)
    return [
      {
        on: `project ${project}`,
        problem: `there is no project ${project}`,
        remedy: `make the project ${project} at Harbor, or say \`projects: {create: true}\` of the target in site.yaml`,
      },
    ];
  const bytes = missingIn(place, need);
  if (quota === undefined || bytes <= quota) return [];
  return [
    {
      on: `project ${project}`,
      problem: `the project ${project} would be made with a quota of ${sizeText(quota)}, and gets ${sizeText(bytes)}`,
      remedy: `say a larger \`projects: {quota: …}\` of the target in site.yaml`,
    },
  ];
}

function proxyCache({ name }: FoundProject): Obstacle {
  return {
    on: `project ${name}`,
    problem: `the project ${name} is a proxy cache of another registry, and nobody can push there`,
    remedy: `say another \`path\` of the target in site.yaml, for example "mirror/{host}/{path}", or have the project ${name} replaced by a plain one`,
  };
}

/** Where the quota is not told, the registry tells when it is full. */
async function fullProject(place: HarborPlace, need: PlaceNeed, run: Run): Promise<readonly Obstacle[]> {
  const bytes = missingIn(place, need);
  if (bytes === 0) return [];
  const quota = await place.memory.quota(need.place, run);
  if (quota === undefined || quota.hard < 0 || quota.used + bytes <= quota.hard) return [];
  const { place: project } = need;
  const left = Math.max(0, quota.hard - quota.used);
  return [
    {
      on: `project ${project}`,
      problem: `the project ${project} has room for ${sizeText(left)} of its quota of ${sizeText(quota.hard)}, and ${sizeText(bytes)} are missing there`,
      remedy: `raise the quota of ${project} to ${sizeText(quota.used + bytes)} or more, or make room and let Harbor collect its garbage`,
    },
  ];
}

async function keptOnes(place: HarborPlace, need: PlaceNeed, run: Run): Promise<readonly Obstacle[]> {
  const kept = await keptTags(place, need, run);
  return kept.map((tag) => ({
    on: tag,
    problem: `the tag ${tag} would move, and the project ${projectOf(tag)} keeps it as it is (immutable)`,
    remedy: `have the rule about immutable tags of ${projectOf(tag)} leave it out, or release it under another tag`,
  }));
}
