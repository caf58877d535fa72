import { type ErrorCode, GapferryError, isGapferryError, type Run } from '@gapferry/core';
import { quayMemory } from './quay-memory.ts';
import { organizationOf } from './quay-names.ts';
import type { QuayPlace } from './quay-place.ts';
import { askActions, askLogin } from './quay-questions.ts';
import { grantRemedy } from './quay-remedies.ts';

interface Reason {
  readonly code: ErrorCode;
  readonly says: string;
  readonly hint: string;
}

/** Quay answers 401 to whom it does not know any more, for what is gone, and for a permission that lacks, and 405 to everything while it is read-only: asks which of them it is. */
export async function explainRefusal(
  place: QuayPlace,
  path: string,
  error: unknown,
  run: Run,
): Promise<unknown> {
  if (!isRefusal(error)) return error;
  try {
    const why = await reasonFor(place, path, error, run);
    return why === undefined ? error : told(error, place, path, why);
  } catch {
    // Why cannot be found out; that it was refused is what counts.
    return error;
  }
}

function isRefusal(error: unknown): error is GapferryError {
  if (!isGapferryError(error)) return false;
  const { code, data } = error;
  return code === 'UNAUTHORIZED' || code === 'FORBIDDEN' || data['status'] === 405;
}

async function reasonFor(
  { login, service, api, ...place }: QuayPlace,
  path: string,
  { code }: GapferryError,
  run: Run,
): Promise<Reason | undefined> {
  const { user } = place;
  // What the survey has seen counts no more.
  const now = quayMemory(api);
  const again = 'then import again';
  if ((await now.system(run)).readOnly === true)
    return {
      code: 'TARGET_CONFLICT',
      says: 'Quay is in read-only mode',
      hint: `have an administrator end it, ${again}`,
    };
  try {
    await askLogin(login, service, run);
  } catch (error) {
    if (!isGapferryError(error, 'UNAUTHORIZED')) throw error;
    const hint = `look whether the token of ${user} was made anew, or the account disabled; ${again}`;
    return { code: 'UNAUTHORIZED', says: `Quay does not take the credentials of ${user} any more`, hint };
  }
  const name = organizationOf(path);
  const gone = { code, hint: place.hasToken ? 'import again: it will be made' : `have it made, ${again}` };
  if ((await now.organization(name, run)).state === 'missing')
    return { ...gone, says: `the organization ${name} is not there` };
  const look = await now.repository(path, run);
  if (look.state === 'missing') return { ...gone, says: `the repository ${path} is not there` };
  // Of one that may not be there the question would make it.
  const actions = look.state === 'there' ? await askActions(login, service, path, run) : [];
  if (actions?.includes('push') !== false) return undefined;
  return {
    code,
    says: `${user} may not push to the repository ${path}${look.state === 'there' ? '' : ', or there is none'}`,
    hint: `${grantRemedy({ user }, path)}, ${again}`,
  };
}

function told(error: GapferryError, { target }: QuayPlace, path: string, why: Reason): GapferryError {
  return new GapferryError({
    code: why.code,
    message: `${why.says} (${error.message})`,
    hint: why.hint,
    origin: 'target',
    data: { ...error.data, target, repository: path },
    cause: error,
  });
}
