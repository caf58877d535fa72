import { isGapferryError, type Run } from '@gapferry/core';
import { type RefusalReason, withReason } from '../registry-host/refusal-reason.ts';
import { gitlabRegistryMemory } from './gitlab-registry-memory.ts';
import { pushRemedy } from './gitlab-registry-permissions.ts';
import type { GitlabRegistryPlace } from './gitlab-registry-place.ts';
import { askActions, askLogin } from './gitlab-registry-questions.ts';

/** GitLab's registry answers 401 to whom it does not know any more, for a project that is gone or switched off, and for a permission that lacks: asks which of them it is. */
export async function explainRefusal(
  place: GitlabRegistryPlace,
  project: string,
  error: unknown,
  run: Run,
): Promise<unknown> {
  if (!isGapferryError(error, 'UNAUTHORIZED') && !isGapferryError(error, 'FORBIDDEN')) return error;
  return await withReason(error, { target: place.target, project }, () => reasonFor(place, project, run));
}

async function reasonFor(
  { login, api, gitlab, user, create }: GitlabRegistryPlace,
  project: string,
  run: Run,
): Promise<RefusalReason | undefined> {
  try {
    await askLogin(login, run);
  } catch (error) {
    if (!isGapferryError(error, 'UNAUTHORIZED')) throw error;
    return {
      says: `GitLab does not take the credentials of ${user} any more`,
      hint: 'look whether the token is over or revoked; then import again',
    };
  }
  // What the survey has seen counts no more.
  const look = await gitlabRegistryMemory(api, gitlab).look(project, run);
  if (look.state === 'missing')
    return {
      says: `the project ${project} is not there any more`,
      hint: create ? 'import again: it will be made' : 'have it made again, then import again',
    };
  if (look.state === 'there' && look.project.isSwitchedOff)
    return {
      says: `the container registry of the project ${project} is switched off`,
      hint: 'have it switched on, then import again',
    };
  const { actions, words } = await askActions(login, project, run);
  if (actions.includes('push')) return undefined;
  return {
    says: `${user} may not push to the project ${project}`,
    hint: `${pushRemedy({ user }, project, words)}; then import again`,
  };
}
