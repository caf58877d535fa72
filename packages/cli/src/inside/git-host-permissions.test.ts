import { mkdir } from 'node:fs/promises';
import { quietRun } from '@gapferry/core';
import { createHttpClient, type HttpClient } from '@gapferry/http';
import { type GitRemotes, giteaHost, gitlabHost, type HostJudgement, plainHost } from '@gapferry/targets';
import {
  type GiteaAccess,
  type GiteaFake,
  type GitlabAccess,
  type GitlabFake,
  startGiteaFake,
  startGitlabFake,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostApi } from './host-api.ts';

const run = quietRun();
const credentials = { username: 'ferry', password: 'Sesam-47-token' };
let home: TemporaryDirectory;
let http: HttpClient;
const cleanup: Array<() => Promise<void>> = [];

beforeEach(async () => {
  home = await temporaryDirectory();
  http = createHttpClient({ wait: async () => {} });
});
afterEach(async () => {
  http.close();
  for (const clean of cleanup.splice(0)) await clean();
  await home.remove();
});

interface Wants {
  readonly paths?: readonly string[];
  readonly lfs?: boolean;
  readonly objectFormat?: 'sha1' | 'sha256';
  readonly visibility?: 'private' | 'public';
  readonly ssh?: boolean;
}

const toWanted = ({ paths = ['git.example/line'], lfs = false, objectFormat = 'sha1' }: Wants) => ({
  missing: paths.map((path) => ({ path, objectFormat })),
  lfs,
});

/** Each as `action on: state`. */
const told = ({ permissions }: HostJudgement): string[] =>
  permissions.map(({ action, on, state }) => `${action} ${on}: ${state}`);

describe('what Gitea lets us make', () => {
  let gitea: GiteaFake;

  async function judge(
    { isAdmin = false, ...access }: GiteaAccess & { readonly isAdmin?: boolean } = {},
    wants: Wants = {},
    prepare: (fake: GiteaFake) => void = () => {},
  ): Promise<HostJudgement> {
    gitea = await startGiteaFake({ directory: home.join('srv'), credentials, isAdmin, access });
    cleanup.push(() => gitea.close());
    prepare(gitea);
    const basic = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
    const gitUrl = wants.ssh === true ? 'ssh://git@forge' : gitea.url;
    const api = hostApi(http, `${gitea.url}/api/v1`, basic);
    const host = giteaHost({ gitUrl, template: '{host}/{path}', visibility: 'private', api });
    return await host.judge(toWanted(wants), run);
  }

  it('is found out without anything being made', async () => {
    const found = await judge({}, { paths: ['git.example/a', 'git.example/b', 'ferry/c'] });
    expect(told(found)).toEqual([
      'write repositories Gitea: probed',
      'create organization git.example: probed',
      'create repository ferry: probed',
    ]);
    expect(found.obstacles).toEqual([]);
    const api = new URL('/api/v1/orgs/git.example', gitea.url);
    const basic = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
    expect((await fetch(api, { headers: { authorization: `Basic ${basic}` } })).status).toBe(404);
    expect(() => gitea.repository('ferry/-')).toThrow('has no repository');
  });

  it('leaves nothing behind at old ones either, which keep fewer names for themselves', async () => {
    const { obstacles } = await judge({ version: '1.15.0', keepsDash: false }, { paths: ['ferry/c'] });
    expect(obstacles).toHaveLength(1);
    expect(() => gitea.repository('ferry/-')).toThrow('has no repository');
    expect(gitea.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('lacks by the scopes of the token: all at once', async () => {
    const scopes = ['read:user', 'read:repository', 'read:organization'];
    const { permissions } = await judge({ scopes }, { paths: ['git.example/a', 'ferry/c'] });
    expect(permissions.map(({ state }) => state)).toEqual(['lacking', 'lacking', 'lacking']);
    expect(permissions).toMatchObject([
      { remedy: expect.stringContaining('required=[write:repository]') },
      { remedy: expect.stringContaining('`write:organization`') },
      { remedy: expect.stringContaining('required=[write:user]') },
    ]);
  });

  it('lacks where the user may make no organization, and nothing odd is repeated', async () => {
    const { permissions } = await judge({ mayMakeOrganisations: false });
    expect(permissions[1]).toMatchObject({
      action: 'create organization',
      state: 'lacking',
      remedy: expect.stringContaining('its user may create organizations'),
    });
    expect(JSON.stringify(permissions)).not.toContain('nil');
  });

  it('lacks where the limit of repositories is reached', async () => {
    const { permissions } = await judge({ maxRepositories: 0 }, { paths: ['ferry/a'] });
    expect(permissions[1]).toMatchObject({ state: 'lacking', remedy: expect.stringContaining('limit: 0') });
  });

  it('lacks in an organization of others, unless we are the administrator', async () => {
    const foreign = (fake: GiteaFake): void => fake.addForeignOrganisation('git.example');
    expect(told(await judge({}, {}, foreign))).toContain('create repository git.example: lacking');
    expect(told(await judge({ isAdmin: true }, {}, foreign))).toContain(
      'create repository git.example: probed',
    );
  });

  it.each([
    ['1.19.4', 1],
    ['1.20.0', 0],
    ['1.26.0+dev-1-gabc', 0],
    ['7.0.3+gitea-1.22.0', 0],
    ['6.0.0+gitea-1.18.1', 1],
    ['15.0.0~rc1', 0],
    ['nonsense', 0],
  ])('is in the way by its version: %s', async (version, count) => {
    const { obstacles } = await judge({ version });
    expect(obstacles.map(({ problem }) => problem)).toEqual(
      Array(count).fill(expect.stringContaining(`its version is ${version}`)),
    );
  });

  it('is in the way by what is switched off, where that is needed', async () => {
    const switchedOff = ['http_git_disabled', 'lfs_disabled'];
    expect((await judge({ switchedOff }, { lfs: true })).obstacles).toMatchObject([
      { remedy: expect.stringContaining('`ssh`') },
      { remedy: expect.stringContaining('LFS_START_SERVER') },
    ]);
    expect((await judge({ switchedOff }, { ssh: true })).obstacles).toEqual([]);
  });
});

describe('what GitLab lets us make', () => {
  let gitlab: GitlabFake;

  async function judge(
    access: GitlabAccess = {},
    wants: Wants = {},
    prepare: (fake: GitlabFake) => void = () => {},
  ): Promise<HostJudgement> {
    gitlab = await startGitlabFake({ directory: home.join('srv'), credentials, access });
    cleanup.push(() => gitlab.close());
    prepare(gitlab);
    const api = hostApi(http, `${gitlab.url}/api/v4`, `Bearer ${credentials.password}`);
    const { visibility = 'private' } = wants;
    const host = gitlabHost({ gitUrl: gitlab.url, template: '{host}/{path}', visibility, api });
    return await host.judge(toWanted(wants), run);
  }

  it('is told by GitLab itself, asked once for each group', async () => {
    const found = await judge({}, { paths: ['git.example/a', 'git.example/b'] });
    expect(told(found)).toEqual([
      'api scopes of the access token: proven',
      'create group git.example: proven',
    ]);
    expect(found.obstacles).toEqual([]);
    expect(gitlab.requests.every(({ method }) => method === 'GET')).toBe(true);
  });

  it.each<[GitlabAccess, string]>([
    [{ scopes: ['read_api', 'write_repository'] }, 'api scopes of the access token: lacking'],
    [{ scopes: 'untold' }, 'api scopes of the access token: unknown'],
    [{ mayMakeGroups: false }, 'create group git.example: lacking'],
  ])('lacks by token and user: %j', async (access, line) => {
    expect(told(await judge(access))).toContain(line);
  });

  it.each([
    [30, {}, 'git.example/a', 'create project git.example: proven'],
    [20, {}, 'git.example/a', 'create project git.example: lacking'],
    [0, {}, 'git.example/a', 'create project git.example: lacking'],
    [30, { makesProjects: 'maintainer' }, 'git.example/a', 'create project git.example: lacking'],
    [50, { makesProjects: 'noone' }, 'git.example/a', 'create project git.example: lacking'],
    [30, {}, 'git.example/sub/a', 'create subgroup git.example: lacking'],
    [40, {}, 'git.example/sub/a', 'create subgroup git.example: proven'],
    [40, { makesGroups: 'owner' }, 'git.example/sub/a', 'create subgroup git.example: lacking'],
  ])('goes by the level in the group: %d %j %s', async (level, rules, path, line) => {
    const found = await judge({}, { paths: [path] }, (fake) =>
      fake.addGroup('git.example', { level, ...rules }),
    );
    expect(told(found)).toContain(line);
  });

  it('is in the way: visibility, users of the name, object ids and old versions, all at once', async () => {
    const found = await judge(
      { version: '13.12.0' },
      { paths: ['git.example/a', 'ada/b'], objectFormat: 'sha256', visibility: 'public' },
      (fake) => {
        fake.addGroup('git.example', { level: 50 });
        fake.addUser('ada');
      },
    );
    expect(found.obstacles.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('its version is 13.12.0'),
      expect.stringContaining('git.example/a has sha256 object ids'),
      expect.stringContaining('ada/b has sha256 object ids'),
      expect.stringContaining('is private, and what is made in it cannot be public'),
      expect.stringContaining('ada is a user'),
    ]);
  });
});

describe('what plain git lets us make', () => {
  const remotes = (isWritable: boolean): GitRemotes =>
    ({
      mayPush: async () =>
        isWritable ? { state: 'proven' } : { state: 'lacking', said: '/srv may not be written to' },
    }) as unknown as GitRemotes;

  it('is nothing at another host: every repository that has to be made is told', async () => {
    const host = plainHost({ url: 'ssh://git@forge/srv', template: '{path}', remotes: remotes(true) });
    const { obstacles } = await host.judge(toWanted({ paths: ['a', 'b'] }), run);
    expect(obstacles.map(({ on }) => on)).toEqual(['ssh://git@forge/srv/a.git', 'ssh://git@forge/srv/b.git']);
  });

  it.each([true, false])('goes by what may be written in a directory here: %s', async (isWritable) => {
    const host = plainHost({ url: 'file:///srv', template: '{path}', remotes: remotes(isWritable) });
    const { permissions } = await host.judge(toWanted({ paths: ['a'] }), run);
    expect(permissions).toMatchObject([{ action: 'write', state: isWritable ? 'proven' : 'lacking' }]);
  });

  it('is nothing in a directory that is not there: a misspelled place is not a new one', async () => {
    const { look, create } = plainHost({
      url: `file://${home.join('gitrot')}`,
      template: '{path}',
      remotes: { list: async () => undefined, create: async () => {} } as unknown as GitRemotes,
    });
    const refused = {
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('gitrot cannot be used: there is no such directory'),
    };
    await expect(look('a', run)).rejects.toMatchObject(refused);
    await expect(create('a', { objectFormat: 'sha1' } as never, run)).rejects.toMatchObject(refused);
    await mkdir(home.join('gitrot'));
    expect(await look('a', run)).toBeUndefined();
  });
});
