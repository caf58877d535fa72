import { GapferryError, isGapferryError, type Run } from '@gapferry/core';
import { placeNeeds } from '../registry-host/place-needs.ts';
import { sizeText } from '../registry-host/size-text.ts';
import type { HarborPlace } from './harbor-place.ts';
import { createProject } from './harbor-questions.ts';
import { missingIn } from './missing-in.ts';
import { makingRemedy, pushRemedy } from './remedies.ts';

/** Makes the project where there is none, and looks at what it became: Harbor gives who is no administrator a quota of its own choice, and a robot that may make a project may not always push there.
 *  Throws `TARGET_CONFLICT` where the site does not want it made, `FORBIDDEN`, `NO_SPACE`. */
export async function makeProject(place: HarborPlace, name: string, run: Run): Promise<void> {
  const { memory, projects, api } = place;
  const { state } = await memory.look(name, run);
  if (state !== 'missing') return;
  if (!projects.create) throw notMade(place, name);
  await createProject(api, name, projects, run).catch((error: unknown) => {
    throw isGapferryError(error, 'FORBIDDEN') ? mayNot(place, name, error) : error;
  });
  memory.forget(name);
  const made = await memory.look(name, run);
  const rights = await memory.rights(name, run);
  if (made.state === 'hidden' || rights?.has('repository:push') === false) throw noPush(place, name);
  await requireRoom(place, name, run);
}

function noPush(place: HarborPlace, name: string): GapferryError {
  return new GapferryError({
    code: 'FORBIDDEN',
    message: `${place.user} made the project ${name} at target ${place.target}, and may not push there`,
    hint: pushRemedy(place, name),
    origin: 'target',
    data: { target: place.target, project: name },
  });
}

async function requireRoom(place: HarborPlace, name: string, run: Run): Promise<void> {
  const quota = await place.memory.quota(name, run);
  const need = placeNeeds(place, place.surveyed).find((each) => each.place === name);
  if (quota === undefined || quota.hard < 0 || need === undefined) return;
  const bytes = missingIn(place, need);
  if (quota.used + bytes <= quota.hard) return;
  throw new GapferryError({
    code: 'NO_SPACE',
    message: `Harbor made the project ${name} at target ${place.target} with a quota of ${sizeText(quota.hard)}, and it gets ${sizeText(bytes)}`,
    hint: `have an administrator raise the quota of ${name} (Harbor hears the wish of nobody else), then import again`,
    origin: 'target',
    data: { target: place.target, project: name, hard: quota.hard, bytes },
  });
}

function notMade({ target }: HarborPlace, name: string): GapferryError {
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `there is no project ${name} at target ${target}`,
    hint: 'make it there, or say `projects: {create: true}` of the target in site.yaml',
    origin: 'target',
    data: { target, project: name },
  });
}

function mayNot(place: HarborPlace, name: string, cause: GapferryError): GapferryError {
  return new GapferryError({
    code: 'FORBIDDEN',
    message: `${place.user} may not make the project ${name} at target ${place.target}: ${cause.message}`,
    hint: makingRemedy(place, name),
    origin: 'target',
    data: { target: place.target, project: name },
    cause,
  });
}
