import type { Load, Obstacle, OciTag, Run } from '@gapferry/core';
import { boundedExpression } from '../bounded-expression.ts';
import { nameProblems, type PlaceNeed, placeNeeds, someOf } from '../registry-host/place-needs.ts';
import { missingProjects } from './gitlab-registry-permissions.ts';
import type { GitlabRegistryPlace } from './gitlab-registry-place.ts';
import { askTagRules, type CleanupPolicy, type RegistryProject } from './gitlab-registry-questions.ts';
import { re2Source } from './re2-source.ts';

/** Everything at GitLab that would stop loading `wanted`, besides permissions. Looks only; warns of policies that would take away what is loaded. */
export async function gitlabRegistryObstacles(
  place: GitlabRegistryPlace,
  wanted: readonly Load[],
  run: Run,
): Promise<readonly Obstacle[]> {
  const needs = placeNeeds(place, wanted);
  const missing = await missingProjects(place, needs, run);
  const { obstacles } = place.create
    ? await place.memory.judge(missing, run)
    : { obstacles: missing.map(notThere) };
  const found = await Promise.all(needs.map((need) => inProject(place, need, run)));
  return [...badNames(place, wanted), ...obstacles, ...found.flat()];
}

function notThere(project: string): Obstacle {
  return {
    on: `project ${project}`,
    problem: `there is no project ${project}`,
    remedy: `make the project ${project} at GitLab, or say \`create: true\` of the target in site.yaml`,
  };
}

function badNames(place: GitlabRegistryPlace, wanted: readonly Load[]): readonly Obstacle[] {
  return nameProblems(place, wanted).map((each) => ({
    ...each,
    remedy:
      'say another `path` and `project` of the target in site.yaml: `path: "mirror/{host}/{path}"` alone gives each repository a project of its own',
  }));
}

async function inProject(
  place: GitlabRegistryPlace,
  need: PlaceNeed,
  run: Run,
): Promise<readonly Obstacle[]> {
  const look = await place.memory.look(need.place, run);
  if (look.state !== 'there') return [];
  const { project } = look;
  const on = `project ${project.path}`;
  if (project.closed !== undefined)
    return [
      {
        on,
        problem: `the project ${project.path} ${project.closed}, and nobody can push there`,
        remedy: 'have that changed at GitLab, or say another `path` of the target in site.yaml',
      },
    ];
  if (project.isSwitchedOff)
    return [
      {
        on,
        problem: `the container registry of the project ${project.path} is switched off`,
        remedy: 'have it switched on (Settings, General, Visibility: Container registry)',
      },
    ];
  if (project.cleanup !== undefined) warnOfCleanup(place, project, project.cleanup, need.names, run);
  return await keptTags(place, project, need, run);
}

/** What a policy removes in time, however many it leaves for now. */
function warnOfCleanup(
  { target }: GitlabRegistryPlace,
  { path }: RegistryProject,
  { removes, keeps }: CleanupPolicy,
  names: readonly OciTag[],
  run: Run,
): void {
  const isRemoved = wholeTag(removes);
  const isKept = wholeTag(keeps);
  const lost = names.flatMap(({ tag, item }) =>
    tag !== undefined && tag !== 'latest' && isRemoved(tag) && !isKept(tag) ? [item] : [],
  );
  if (lost.length === 0) return;
  run.emit({
    kind: 'warning',
    message: `GitLab (target ${target}): the cleanup policy of the project ${path} may remove what is loaded (${someOf(lost)}): have it keep these tags`,
  });
}

/** Tags that a rule does not let be set, or moved. */
async function keptTags(
  place: GitlabRegistryPlace,
  project: RegistryProject,
  need: PlaceNeed,
  run: Run,
): Promise<readonly Obstacle[]> {
  const named = need.names.filter(({ tag }) => tag !== undefined);
  if (named.length === 0) return [];
  const rules = await askTagRules(place.api, project.path, run);
  const found: Obstacle[] = [];
  for (const name of named) {
    const { tag = '' } = name;
    const own = rules.filter(({ pattern }) => contains(pattern)(tag));
    const reference = `${place.pathOf(name.repository)}:${tag}`;
    // Whoever pushes may be somebody else than who asks.
    const closed = place.isTokenGiven ? undefined : own.find(({ level = 0 }) => level > project.level);
    if (closed !== undefined) found.push(protectedTag(reference, closed.pattern));
    else if (own.some(({ level }) => level === undefined) && (await moves(place, name, run)))
      found.push(immutableTag(reference));
  }
  return found;
}

async function moves({ registry }: GitlabRegistryPlace, name: OciTag, run: Run): Promise<boolean> {
  return (await registry.inspect(name, run)).state === 'different';
}

function protectedTag(reference: string, pattern: string): Obstacle {
  return {
    on: reference,
    problem: `the tag ${reference} is protected (${pattern}), and these credentials may not set it`,
    remedy: 'have the rule about protected tags let them, or release it under another tag',
  };
}

function immutableTag(reference: string): Obstacle {
  return {
    on: reference,
    problem: `the tag ${reference} would move, and GitLab keeps it as it is (immutable)`,
    remedy: 'have the rule about immutable tags leave it out, or release it under another tag',
  };
}

/** What cannot be read, or would take too long, counts as an expression that selects nothing. */
function contains(pattern: string): (tag: string) => boolean {
  return selects(pattern, (source) => source);
}

function wholeTag(pattern: string): (tag: string) => boolean {
  return pattern === '' ? () => false : selects(pattern, (source) => `^(?:${source})$`);
}

/** GitLab takes 255 characters at most. */
function selects(pattern: string, within: (source: string) => string): (tag: string) => boolean {
  if (pattern.length > 255) return () => false;
  try {
    return boundedExpression(within(re2Source(pattern)), '', false);
  } catch {
    return () => false;
  }
}
