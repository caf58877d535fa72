import { GapferryError, isGapferryError, parseJson, type Run } from '@gapferry/core';
import { askHost, listOf, memberOf, numberIn, textIn } from '../git-host/ask-host.ts';
import type { HostApi, HostRequest } from '../git-host/git-host.ts';

const ROOT = '/api/v2.0';

/** What Harbor says of itself to who is signed in (GET /systeminfo). */
export interface HarborSystem {
  readonly readOnly: boolean;
  /** Who may make projects; undefined where it does not say. */
  readonly creation?: 'everyone' | 'adminonly';
  /** Blobs lie on a disk of its own. */
  readonly onDisk: boolean;
}

export interface FoundProject {
  readonly id: number;
  readonly name: string;
  /** It caches another registry: nobody pushes there. */
  readonly isProxy: boolean;
  /** Harbor writes everything as text: `{public: 'false', prevent_vul: 'true'}`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** `hidden`: there is one, and these credentials have nothing to do with it. */
export type ProjectLook =
  | { readonly state: 'there'; readonly project: FoundProject }
  | { readonly state: 'missing' }
  | { readonly state: 'hidden' };

/** Bytes; `hard` is -1 without a limit. */
export interface ProjectQuota {
  readonly hard: number;
  readonly used: number;
}

/** `resource:action`: `repository:push`, `:read` for the project itself. */
export type Rights = ReadonlySet<string>;

/** Proves that a Harbor answers and takes the credentials. Throws `UNAUTHORIZED`, and `CONFIG_INVALID` for what is no Harbor. */
export async function askSystem(api: HostApi, run: Run): Promise<HarborSystem> {
  const answer = await askHost(api, { method: 'GET', path: `${ROOT}/systeminfo`, accept: [404] }, run);
  if (answer.status === 404 || memberOf(answer.value, 'auth_mode') === undefined) throw noHarbor();
  const creation = textIn(answer.value, 'project_creation_restriction');
  const readOnly = memberOf(answer.value, 'read_only');
  // Wrong credentials are answered as none: with what everybody is told.
  if (creation === undefined && readOnly === undefined) throw unknownHere();
  return {
    readOnly: readOnly === true,
    onDisk: textIn(answer.value, 'registry_storage_provider_name') === 'filesystem',
    ...((creation === 'everyone' || creation === 'adminonly') && { creation }),
  };
}

function unknownHere(): GapferryError {
  return new GapferryError({
    code: 'UNAUTHORIZED',
    message: 'Harbor does not know these credentials',
    origin: 'target',
  });
}

function noHarbor(): GapferryError {
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: 'the host does not speak the API v2.0 of Harbor',
    hint: 'check `url` of the target in site.yaml, or say `kind: registry`',
    origin: 'site',
  });
}

/** One request where the credentials have to do with the project; another by name where it is not among theirs. */
export async function lookAtProject(api: HostApi, name: string, run: Run): Promise<ProjectLook> {
  const query = `q=${encodeURIComponent(`name=${name}`)}&page_size=100`;
  const { value } = await askHost(api, { method: 'GET', path: `${ROOT}/projects?${query}` }, run);
  const found = listOf(value).flatMap((entry) => toProject(entry) ?? []);
  const project = found.find((each) => each.name === name);
  if (project !== undefined) return { state: 'there', project };
  const question = `${ROOT}/projects?project_name=${encodeURIComponent(name)}`;
  const { status } = await askHost(api, { method: 'HEAD', path: question, accept: [403, 404] }, run);
  if (status !== 403) return { state: status === 404 ? 'missing' : 'hidden' };
  // Newer ones answer so to who may not read it; to who sees every project there is none.
  const rights = await askRights(api, '/system', run);
  return { state: rights?.has('project:list') === true ? 'missing' : 'hidden' };
}

function toProject(value: unknown): FoundProject | undefined {
  const id = numberIn(value, 'project_id');
  const name = textIn(value, 'name');
  if (id === undefined || name === undefined) return undefined;
  const metadata = Object.entries(memberOf(value, 'metadata') ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return {
    id,
    name,
    isProxy: (numberIn(value, 'registry_id') ?? 0) > 0,
    metadata: Object.fromEntries(metadata),
  };
}

/** What the credentials may do in the project, or in the system; undefined where Harbor does not tell them. */
export async function askRights(
  api: HostApi,
  scope: '/system' | `/project/${number}`,
  run: Run,
): Promise<Rights | undefined> {
  const path = `${ROOT}/users/current/permissions?scope=${encodeURIComponent(scope)}&relative=true`;
  const answer = await askHost(api, { method: 'GET', path, accept: [403, 404, 412] }, run);
  if (answer.status !== 200) return undefined;
  // An empty list is written as null.
  return new Set(
    listOf(answer.value).map((right) => {
      const resource = textIn(right, 'resource') ?? '';
      return `${resource.replace(/^\./, '')}:${textIn(right, 'action') ?? ''}`;
    }),
  );
}

/** The actions that the token service grants in a repository: it decides as the registry does, and says nothing about missing projects. Undefined where its token cannot be read. */
export async function askTokenActions(
  api: HostApi,
  repository: string,
  run: Run,
): Promise<readonly string[] | undefined> {
  const scope = encodeURIComponent(`repository:${repository}:pull,push`);
  const path = `/service/token?service=harbor-registry&scope=${scope}`;
  const answer = await askHost(api, { method: 'GET', path, accept: [403, 404] }, run);
  const token = textIn(answer.value, 'token') ?? '';
  const access = listOf(memberOf(claimsOf(token), 'access'));
  const own = access.find((each) => textIn(each, 'name') === repository);
  return own === undefined
    ? undefined
    : listOf(memberOf(own, 'actions')).filter((action) => typeof action === 'string');
}

/** Of a JSON Web Token, whose signature is the registry's to check. */
function claimsOf(token: string): unknown {
  const [, payload = ''] = token.split('.');
  try {
    return parseJson(Buffer.from(payload, 'base64url'), 'the token', { maxBytes: 65_536, maxDepth: 16 });
  } catch (error) {
    if (isGapferryError(error)) return undefined;
    throw error;
  }
}

/** Undefined where nobody tells it to these credentials. */
export async function askQuota(
  api: HostApi,
  project: FoundProject,
  run: Run,
): Promise<ProjectQuota | undefined> {
  const path = `${ROOT}${pathOf(project)}/summary`;
  const answer = await askHost(api, { method: 'GET', path, accept: [403, 404] }, run);
  const quota = memberOf(answer.value, 'quota');
  const hard = numberIn(memberOf(quota, 'hard'), 'storage');
  const used = numberIn(memberOf(quota, 'used'), 'storage');
  return hard === undefined || used === undefined ? undefined : { hard, used };
}

/** Bytes free on Harbor's disk; undefined for who may not know, and where Harbor does not see the disk itself (in a cluster): then all of it has 0 bytes. Go leaves zeros out. */
export async function askFreeBytes(api: HostApi, run: Run): Promise<number | undefined> {
  const path = `${ROOT}/systeminfo/volumes`;
  const answer = await askHost(api, { method: 'GET', path, accept: [403, 404] }, run);
  const [storage] = listOf(memberOf(answer.value, 'storage'));
  return (numberIn(storage, 'total') ?? 0) === 0 ? undefined : (numberIn(storage, 'free') ?? 0);
}

export interface NewProject {
  readonly public: boolean;
  readonly quota?: number;
}

/** Somebody who was faster is no trouble, and neither is an answer that was lost: then it says 409. */
export async function createProject(
  api: HostApi,
  name: string,
  wanted: NewProject,
  run: Run,
): Promise<'made' | 'there'> {
  const request: HostRequest = {
    method: 'POST',
    path: `${ROOT}/projects`,
    body: {
      project_name: name,
      metadata: { public: String(wanted.public) },
      ...(wanted.quota !== undefined && { storage_limit: wanted.quota }),
    },
    accept: [409],
    again: true,
  };
  return (await askHost(api, request, run)).status === 409 ? 'there' : 'made';
}

/** By its id: a name of digits alone would be taken for one. */
export function pathOf({ id }: FoundProject): `/projects/${number}` {
  return `/projects/${id}`;
}

/** As questions about rights name it. */
export function scopeOf(project: FoundProject): `/project/${number}` {
  return `/project/${project.id}`;
}
