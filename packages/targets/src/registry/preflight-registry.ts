import { GapferryError, isGapferryError, type Load, type OciTag, type Run } from '@gapferry/core';
import { requireNames } from '../require-names.ts';
import { atTarget } from './at-target.ts';
import { requireDistinctRepositories } from './distinct-repositories.ts';
import type { RegistryPlace } from './registry-place.ts';
import { inspectTag } from './set-tag.ts';
import { surveyMemory } from './survey-memory.ts';

/** A new survey that asks nothing yet. Throws `NAME_UNSAFE`, naming everything that can have no name there. */
export function beginSurvey(place: RegistryPlace, loads: readonly Load[]): void {
  const { target, repositoryOf } = place;
  requireNames(loads, target, (load) => load.kind === 'oci' && repositoryOf(load.repository));
  requireDistinctRepositories(loads, repositoryOf);
  place.memory = surveyMemory(place.registry, loads, repositoryOf);
  place.tidied = undefined;
}

/** A new survey. One tag of each repository is asked for at once, the very first one alone: that it answers proves that the registry is there and takes the credentials, and brings the tokens for the others.
 *  A repository that may not be read is remembered; it ends the survey only where the credentials are refused for everything. */
export async function preflightRegistry(
  place: RegistryPlace,
  loads: readonly Load[],
  run: Run,
): Promise<void> {
  beginSurvey(place, loads);
  const names = loads.flatMap((load) => (load.phase === 'name' && load.kind === 'oci' ? [load] : []));
  const [first, ...others] = [...Map.groupBy(names, ({ repository }) => repository).values()].flatMap(
    ([tag]) => tag ?? [],
  );
  if (first === undefined) return;
  await askFirst(place, first, run);
  await Promise.all(others.map((tag) => ask(place, tag, run)));
}

/** A registry that has the tag is one. */
async function askFirst(place: RegistryPlace, tag: OciTag, run: Run): Promise<void> {
  const isThere = await ask(place, tag, run);
  if (isThere) return;
  const repository = place.repositoryOf(tag.repository);
  const closed = place.memory.closed.get(repository);
  const answers = await atTarget(place.target, tag.item, () =>
    place.registry.answersAsRegistry(repository, run),
  ).catch((error: unknown) => {
    // Refused for everything: what was said of the repository says more than what is said of all.
    throw isRefusal(error) ? (closed ?? error) : error;
  });
  if (!answers) throw noRegistry(place, repository);
}

/** Is the tag there? */
async function ask(place: RegistryPlace, tag: OciTag, run: Run): Promise<boolean> {
  try {
    return (await atTarget(place.target, tag.item, () => inspectTag(place, tag, run))).state !== 'absent';
  } catch (error) {
    if (!isRefusal(error)) throw error;
    place.memory.closed.set(place.repositoryOf(tag.repository), error);
    return false;
  }
}

function isRefusal(error: unknown): error is GapferryError {
  return isGapferryError(error, 'UNAUTHORIZED') || isGapferryError(error, 'FORBIDDEN');
}

function noRegistry({ target }: RegistryPlace, repository: string): GapferryError {
  const host = repository.slice(0, repository.indexOf('/'));
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: `${host} (target ${target}) does not speak the protocol of registries: it does not answer /v2/ as they do`,
    hint: 'check `url` of the target in site.yaml: a registry beside a web site often has a port or a name of its own, and some switch their registry on first',
    origin: 'site',
    data: { target, host },
  });
}
