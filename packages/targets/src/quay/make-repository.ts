import { GapferryError, isGapferryError, type Run } from '@gapferry/core';
import { askHost, listOf, numberIn, saidBy } from '../git-host/ask-host.ts';
import type { HostAnswer, HostRequest } from '../git-host/git-host.ts';
import { organizationOf, ownerOf } from './quay-names.ts';
import type { QuayPlace } from './quay-place.ts';
import { askActions } from './quay-questions.ts';
import { grantRemedy, organizationRemedy, repositoryRemedy } from './quay-remedies.ts';

/** Makes a repository where there is none, and its organisation; lets a robot of the organisation in. Without an access token the token service of the registry is asked to push, which makes it for whoever may.
 *  Throws `TARGET_CONFLICT` where the site does not want it made, `FORBIDDEN`. */
export async function makeRepository(place: QuayPlace, path: string, run: Run): Promise<void> {
  if (!place.hasToken) return await makeByAsking(place, path, run);
  const name = organizationOf(path);
  const organization = await place.memory.organization(name, run);
  if (organization.state === 'missing') await makeOrganization(place, name, run);
  const { state } = await place.memory.repository(path, run);
  // What was hidden by an organisation that was missing is missing now.
  if (state !== 'missing' && organization.state !== 'missing') return;
  if (!place.repositories.create) throw unwanted(place, `repository ${path}`, 'repositories');
  await act(place, path, repositoryRemedy(place, path), () => create(place, path, run));
  await letIn(place, path, run);
  place.memory.forget(path);
}

async function makeByAsking(place: QuayPlace, path: string, run: Run): Promise<void> {
  const { login, service, user, target } = place;
  const actions = await askActions(login, service, path, run);
  if (actions?.includes('push') !== false) return;
  throw new GapferryError({
    code: 'FORBIDDEN',
    message: `${user} may not push to the repository ${path} at target ${target}, or there is none and nobody lets ${user} make it`,
    hint: `${grantRemedy(place, path)}, or make the robot a member of a team with the role Creator; then import again`,
    origin: 'target',
    data: { target, place: path },
  });
}

async function makeOrganization(place: QuayPlace, name: string, run: Run): Promise<void> {
  if (!place.organizations.create) throw unwanted(place, `organization ${name}`, 'organizations');
  await act(place, name, organizationRemedy(place, name), async () => {
    const answer = await post(place, '/api/v1/organization/', { name }, run);
    place.memory.forget(`${name}/`);
    if ((await place.memory.organization(name, run)).state !== 'there')
      throw notMade(place, `the organization ${name}`, answer);
  });
  const { quota } = place.organizations;
  if (quota === undefined) return;
  await act(place, name, quotaRemedy(name), () => limit(place, name, quota, run));
}

/** A quota without a limit that rejects would only warn. */
async function limit(place: QuayPlace, name: string, bytes: number, run: Run): Promise<void> {
  const path = `/api/v1/organization/${encodeURIComponent(name)}/quota`;
  const answer = await post(place, path, { limit_bytes: bytes }, run);
  const [made] = listOf((await askHost(place.api, { method: 'GET', path }, run)).value);
  const id = numberIn(made, 'id');
  if (id === undefined) throw notMade(place, `the quota of ${name}`, answer);
  await post(place, `${path}/${id}/limit`, { type: 'Reject', threshold_percent: 100 }, run);
}

function quotaRemedy(name: string): string {
  return `Quay lets superusers alone set quotas: have the quota of ${name} set, and leave \`organizations: {quota: …}\` out, or use a token of a superuser with the scope super:user`;
}

/** 400: it is there already, by an answer that was lost or by somebody else, or Quay does not want it; what became of it is looked at. */
async function post(
  { api }: QuayPlace,
  path: string,
  body: NonNullable<HostRequest['body']>,
  run: Run,
): Promise<HostAnswer> {
  return await askHost(api, { method: 'POST', path, body, accept: [400], again: true }, run);
}

async function create(place: QuayPlace, path: string, run: Run): Promise<void> {
  const namespace = organizationOf(path);
  const { channel, version, sequence } = place.release;
  const body = {
    namespace,
    repository: path.slice(namespace.length + 1),
    visibility: place.repositories.public ? 'public' : 'private',
    description: `made by gapferry with ${channel} ${version} (release ${sequence})`,
    repo_kind: 'image',
  };
  const answer = await post(place, '/api/v1/repository', body, run);
  if (answer.status !== 400) return;
  place.memory.forget(path);
  if ((await place.memory.repository(path, run)).state !== 'there')
    throw notMade(place, `the repository ${path}`, answer);
}

/** Who made it is its administrator; a robot is not who made it. */
async function letIn(place: QuayPlace, path: string, run: Run): Promise<void> {
  const { user, api } = place;
  if (ownerOf(user) !== organizationOf(path)) return;
  const question = `/api/v1/repository/${path}/permissions/user/${encodeURIComponent(user)}`;
  const request = { method: 'PUT', path: question, body: { role: 'write' }, again: true } as const;
  await act(place, path, grantRemedy(place, path), async () => void (await askHost(api, request, run)));
}

/** A refusal, with what was refused and what to do. */
async function act(
  { target }: Pick<QuayPlace, 'target'>,
  what: string,
  hint: string,
  doing: () => Promise<void>,
): Promise<void> {
  try {
    await doing();
  } catch (error) {
    if (!isGapferryError(error, 'FORBIDDEN')) throw error;
    throw new GapferryError({
      code: 'FORBIDDEN',
      message: `the access token may not make ${what} at target ${target}: ${error.message}`,
      hint,
      origin: 'target',
      data: { target, place: what },
      cause: error,
    });
  }
}

function unwanted(
  { target }: Pick<QuayPlace, 'target'>,
  what: string,
  member: 'organizations' | 'repositories',
): GapferryError {
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `there is no ${what} at target ${target}`,
    hint: `make it there, or say \`${member}: {create: true}\` of the target in site.yaml`,
    origin: 'target',
    data: { target, place: what },
  });
}

function notMade({ target }: Pick<QuayPlace, 'target'>, what: string, answer: HostAnswer): GapferryError {
  const words = saidBy(answer);
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `Quay did not make ${what} at target ${target}${words === '' ? '' : `: ${words}`}`,
    hint: 'make it there, then import again',
    origin: 'target',
    data: { target, place: what },
  });
}
