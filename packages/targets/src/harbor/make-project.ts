import { GapferryError, isGapferryError, type Run } from '@gapferry/core';
import type { HarborPlace } from './harbor-place.ts';
import { createProject } from './harbor-questions.ts';
import { makingRemedy, pushRemedy } from './remedies.ts';

/** Makes the project where there is none, and looks at what it became: Harbor gives who is no administrator a quota of its own choice, and a robot that may make a project may not always push there.
 *  Throws `TARGET_CONFLICT` where the site does not want it made, `FORBIDDEN`. */
export async function makeProject(place: HarborPlace, name: string, run: Run): Promise<void> {
  const { memory, projects, api } = place;
  const { state } = await memory.look(name, run);
  if (state !== 'missing') return;
  if (!projects.create) throw notMade(place, name);
  await createProject(api, name, projects, run).catch((error: unknown) => {
    throw isGapferryError(error, 'FORBIDDEN') ? mayNot(place, name, error) : error;
  });
  memory.forget(name);
  const rights = await memory.rights(name, run);
  if (rights === undefined || rights.has('repository:push')) return;
  throw new GapferryError({
    code: 'FORBIDDEN',
    message: `${place.user} made the project ${name} at target ${place.target}, and may not push there`,
    hint: pushRemedy(place, name),
    origin: 'target',
    data: { target: place.target, project: name },
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
