import type { Obstacle, Permission, PermissionState, Run } from '@gapferry/core';
import { askHost, memberOf, saidBy, textIn } from './ask-host.ts';
import type { HostApi, HostJudgement, HostRequest, WantedAtHost } from './git-host.ts';
import { type GiteaAccount, type GiteaOwner, NOT_OURS, ownerOf } from './gitea-owners.ts';

interface Gitea {
  readonly api: HostApi;
  /** Where git reaches repositories. */
  readonly gitUrl: string;
}

/** What Gitea or Forgejo must allow for what is wanted, and what is in the way there: its version, its switches, rights in organisations, scopes of the token, limits. */
export async function judgeGitea(
  gitea: Gitea,
  wanted: WantedAtHost,
  me: GiteaAccount,
  run: Run,
): Promise<HostJudgement> {
  const { api } = gitea;
  const owners = await ownersOf(api, wanted, me, run);
  const [version, switches, scope, ...making] = await Promise.all([
    versionProblem(api, run),
    switchProblems(gitea, wanted, run),
    writeScope(api, wanted, run),
    ...owners.map((owner) => judgeOwner(api, owner, me, run)),
  ]);
  return {
    permissions: [...scope, ...making.flatMap(({ permissions }) => permissions)],
    obstacles: [...version, ...switches, ...making.flatMap(({ obstacles }) => obstacles)],
  };
}

/** The oldest whose API is used here, as Forgejo counts as well: `11.0.1+gitea-1.22.0`. */
const OLDEST = [1, 20] as const;

async function versionProblem(api: HostApi, run: Run): Promise<readonly Obstacle[]> {
  const { value } = await askHost(api, { method: 'GET', path: '/version', accept: [403, 404] }, run);
  const text = textIn(value, 'version') ?? '';
  const [, major, minor] = /(?:^v?|\+gitea-)(\d+)\.(\d+)[\w.~-]*$/.exec(text) ?? [];
  if (major === undefined || minor === undefined) return [];
  const [a, b] = [Number(major), Number(minor)];
  if (a > OLDEST[0] || (a === OLDEST[0] && b >= OLDEST[1])) return [];
  return [
    {
      on: 'Gitea',
      problem: `its version is ${text}, and the oldest that gapferry speaks with is ${OLDEST.join('.')}`,
      remedy: 'have Gitea updated, or use `kind: git` with repositories that somebody makes',
    },
  ];
}

/** GET /settings/repository tells everybody what is switched off for all. */
async function switchProblems(
  { api, gitUrl }: Gitea,
  { lfs }: WantedAtHost,
  run: Run,
): Promise<readonly Obstacle[]> {
  const { value } = await askHost(
    api,
    { method: 'GET', path: '/settings/repository', accept: [403, 404] },
    run,
  );
  const isOff = (name: string): boolean => memberOf(value, name) === true;
  return [
    ...(isOff('http_git_disabled') && gitUrl.startsWith('http')
      ? [
          {
            on: 'Gitea',
            problem: 'Git over HTTP is switched off there',
            remedy:
              'say `ssh` of the target in site.yaml, or have it switched on (`DISABLE_HTTP_GIT` of `repository`)',
          },
        ]
      : []),
    ...(isOff('lfs_disabled') && lfs
      ? [
          {
            on: 'Gitea',
            problem: 'Git LFS is switched off there',
            remedy: 'have it switched on (`LFS_START_SERVER`), or say `lfs: none` in bundle.yaml',
          },
        ]
      : []),
  ];
}

/** Each once. */
async function ownersOf(
  api: HostApi,
  { missing }: WantedAtHost,
  me: GiteaAccount,
  run: Run,
): Promise<readonly GiteaOwner[]> {
  const paths = new Map(missing.map(({ path }) => [path.split('/')[0]?.toLowerCase(), path]));
  return await Promise.all([...paths.values()].map((path) => ownerOf(api, path, me, run)));
}

/** A token may read all and write nothing: what is asked of a repository that is not there is answered 404 by whoever would have let us, and changes nothing. */
async function writeScope(
  api: HostApi,
  { missing: [first] }: WantedAtHost,
  run: Run,
): Promise<readonly Permission[]> {
  if (first === undefined) return [];
  const request = { method: 'PATCH', path: `/repos/${first.path}`, body: {}, accept: [403, 404] } as const;
  const state = await attempt(api, request, 'its scope `write:repository`', run);
  return [{ action: 'write repositories', on: 'Gitea', ...state }];
}

async function judgeOwner(
  api: HostApi,
  { name, kind, why }: GiteaOwner,
  me: GiteaAccount,
  run: Run,
): Promise<HostJudgement> {
  const need = { action: 'create repository', on: name };
  if (kind === 'somebody' && why !== undefined)
    return {
      permissions: [],
      obstacles: [{ on: name, problem: `no repository can be made there: ${why}`, remedy: NOT_OURS }],
    };
  if (why !== undefined)
    return { permissions: [{ ...need, state: 'lacking', remedy: NOT_OURS }], obstacles: [] };
  if (kind === 'nobody') {
    const state = await attempt(api, { ...MAKE_ORGANISATION }, CREATES_ORGANISATIONS, run);
    return { permissions: [{ action: 'create organization', on: name, ...state }], obstacles: [] };
  }
  const into = {
    organisation: `/orgs/${name}/repos`,
    me: '/user/repos',
    somebody: `/admin/users/${name}/repos`,
  }[kind];
  const remedy = `its scopes, and the limit of repositories of ${kind === 'me' ? me.login : name} (\`max_repo_creation\`)`;
  const state = await attempt(api, { ...MAKE_REPOSITORY, path: into }, remedy, run);
  return { permissions: [{ ...need, ...state }], obstacles: [] };
}

const CREATES_ORGANISATIONS =
  'its scope `write:organization`, and that its user may create organizations (or let an administrator make it)';

/** Names that Gitea keeps for itself (models/user, models/repo), in all its versions: whoever may make others is told so (422). */
const MAKE_ORGANISATION: HostRequest = {
  method: 'POST',
  path: '/orgs',
  body: { username: 'api', visibility: 'private' },
  accept: [403, 404, 409, 422],
};
const MAKE_REPOSITORY: HostRequest = {
  method: 'POST',
  path: '',
  body: { name: '.', private: true, auto_init: false },
  accept: [400, 403, 404, 409, 413, 422],
};

/** 409, 413: the limit is reached. `remedy`: what to look at of the token. */
async function attempt(
  api: HostApi,
  request: HostRequest,
  remedy: string,
  run: Run,
): Promise<PermissionState> {
  const answer = await askHost(api, request, run);
  const isRefused = [403, 409, 413].includes(answer.status);
  if (!isRefused) return { state: 'probed' };
  // Go's words for nothing at all.
  const said = saidBy(answer).replace(/^%!s.*/, '');
  return {
    state: 'lacking',
    remedy: `give the access token of the target what it lacks: look at ${remedy}${said === '' ? '' : ` (the host says: ${said})`}`,
  };
}
