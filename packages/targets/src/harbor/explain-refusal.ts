import { isGapferryError, type Run } from '@gapferry/core';
import { type RefusalReason, withReason } from '../registry-host/refusal-reason.ts';
import type { HarborPlace } from './harbor-place.ts';
import { askRights, askSystem, lookAtProject, scopeOf } from './harbor-questions.ts';
import { pushRemedy } from './remedies.ts';

/** Harbor answers 401 to whom it does not know any more, for a project that is gone, and for a permission that lacks: asks which of them it is. Everything else passes as it is. */
export async function explainRefusal(
  place: HarborPlace,
  project: string,
  error: unknown,
  run: Run,
): Promise<unknown> {
  if (!isGapferryError(error, 'UNAUTHORIZED')) return error;
  return await withReason(error, { target: place.target, project }, () => reasonFor(place, project, run));
}

async function reasonFor(
  { api, user, ...place }: HarborPlace,
  project: string,
  run: Run,
): Promise<RefusalReason | undefined> {
  try {
    await askSystem(api, run);
  } catch (error) {
    if (!isGapferryError(error, 'UNAUTHORIZED')) throw error;
    const hint =
      'look whether the robot is disabled or over, or whether its secret was changed; then import again';
    return { says: `Harbor does not take the credentials of ${user} any more`, hint };
  }
  const look = await lookAtProject(api, project, run);
  if (look.state === 'missing')
    return {
      says: `the project ${project} is not there any more`,
      hint: place.projects.create
        ? 'import again: it will be made'
        : 'somebody deleted it: have it made again, then import again',
    };
  const rights = look.state === 'there' ? await askRights(api, scopeOf(look.project), run) : undefined;
  if (look.state === 'there' && rights?.has('repository:push') !== false) return undefined;
  return {
    says: `${user} may not push to the project ${project}`,
    hint: `${pushRemedy({ user }, project)}, then import again`,
  };
}
