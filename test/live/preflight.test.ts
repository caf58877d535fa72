import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeZone, type Zone } from '../e2e/zone.ts';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { type Gitea, startGitea } from './support/gitea.ts';
import { lacks } from './support/tools.ts';

const ROBOT = { username: 'line-robot', password: 'Sesam-oeffne-dich-50' } as const;
const SITE = ['--site', 'site/site.yaml'];

/** What stands in the `data` of the error. */
interface Told {
  readonly failures?: ReadonlyArray<{ readonly target: string; readonly code: string }>;
  readonly permissions?: ReadonlyArray<Record<'target' | 'action' | 'on' | 'state', string>>;
  readonly obstacles?: ReadonlyArray<Record<'target' | 'problem', string>>;
}

describe.skipIf(lacks('gitea'))(
  'a Gitea that lets a robot do little, before the first byte',
  { timeout: 60_000 },
  () => {
    const cleanup = new AsyncDisposableStack();
    let zone: Zone;
    let gitea: Gitea;
    let inside: Machine;

    beforeAll(async () => {
      zone = await makeZone();
      cleanup.defer(() => zone.close());
      gitea = cleanup.use(await startGitea());
      const { username, password } = ROBOT;
      const user = { username, password, email: 'robot@example.org', must_change_password: false };
      await gitea.api('POST', '/admin/users', user);
      const environment = { ...zone.inside.environment, NETWORK_ALLOWED: gitea.host };
      inside = { ...zone.inside, environment };
      await login(
        'reader',
        username,
        await token(['repository', 'user', 'organization', 'package'].map((what) => `read:${what}`)),
      );
      await login('robot', username, await token(['all']));
      await login('admin', gitea.credentials.username, gitea.credentials.password);
      await zone.collect('--first', '--version', '1.0.0');
      await zone.export();
    }, 120_000);
    afterAll(() => cleanup.disposeAsync());

    async function token(scopes: readonly string[]): Promise<string> {
      const { username, password } = ROBOT;
      const answer = await fetch(`http://${gitea.host}/api/v1/users/${username}/tokens`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ name: scopes.join(), scopes }),
      });
      return ((await answer.json()) as { sha1: string }).sha1;
    }

    const login = (name: string, user: string, secret: string): Promise<void> =>
      writeFile(join(inside.directory, `site/${name}.login`), `${user}:${secret}\n`, { mode: 0o600 });

    /** `owner`: of what is pushed to the registry and to Git. */
    async function siteWith(who: string, owner: string, rest: string): Promise<void> {
      const at = `url: "http://${gitea.host}", credentials: {file: ${who}.login}`;
      const targets = [
        `{name: hub, kind: registry, takes: [images, charts], path: "${owner}/{path}", ${at}}`,
        `{name: forge, kind: gitea, takes: [git], path: "${owner}/{name}", ${at}}`,
        rest,
      ];
      const lines = targets.map((target) => `  - ${target}\n`).join('');
      const site = `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\ntargets:\n${lines}`;
      await writeFile(join(inside.directory, 'site/site.yaml'), site);
    }

    const S3 = `{name: store, kind: s3, takes: [files], endpoint: "http://127.0.0.1:9", bucket: releases, credentials: {env: NOBODY}}`;
    const DEPOT = `{name: rest, kind: depot, path: embedded, takes: [files]}`;
    const plan = (exitCode: number): Promise<Reported> =>
      gapferryJson(inside, ['plan', zone.stick, ...SITE], exitCode);
    const told = async (exitCode: number): Promise<Told> => (await plan(exitCode)).error?.data as Told;
    const lacking = ({ permissions = [] }: Told): string[] =>
      permissions.flatMap(({ target, action, on, state }) =>
        state === 'lacking' ? [`${target}: ${action} ${on}`] : [],
      );
    /** What changed something, with what was answered. */
    const changing = (): string[] =>
      gitea
        .accessLog()
        .filter(({ method, path }) => !['GET', 'HEAD'].includes(method) && !path.includes('/tokens'))
        .map(({ method, status }) => `${method} ${status}`);

    it('is found out at all targets at once: token, owner, and credentials that are missing', async () => {
      await siteWith('reader', 'zone-7', S3);
      const all = await told(2);
      expect(all.failures).toMatchObject([{ target: 'store', code: 'USAGE' }]);
      expect(lacking(all)).toEqual(['forge: write repositories Gitea', 'forge: create organization zone-7']);
      expect(all.obstacles).toMatchObject([
        { target: 'hub', problem: expect.stringContaining('there is nobody to keep zone-7/… for') },
      ]);
      const { stderr } = await gapferry(inside, ['plan', zone.stick, ...SITE]);
      expect(stderr).toMatch(/error: 4 things are in the way of loading the release:\n {2}store: /);
      expect(stderr).toContain('required=[write:repository]');
    });

    it('is found out of an organisation of others, where each right lacks by itself', async () => {
      await siteWith('robot', gitea.organisation, DEPOT);
      const all = await told(6);
      expect(lacking(all)).toEqual([
        ...Array(3).fill(expect.stringMatching(/^hub: push .*\/plant\//)),
        'forge: create repository plant',
      ]);
    });

    it('is found out of a limit, and a right that was taken away', async () => {
      const limits = { source_id: 0, login_name: ROBOT.username, max_repo_creation: 0 };
      const set = (more: object): Promise<unknown> =>
        gitea.api('PATCH', `/admin/users/${ROBOT.username}`, { ...limits, ...more });
      await set({ allow_create_organization: false });
      await siteWith('robot', 'zone-7', DEPOT);
      expect(lacking(await told(7))).toEqual(['forge: create organization zone-7']);
      await siteWith('robot', ROBOT.username, DEPOT);
      expect(lacking(await told(6))).toEqual([`forge: create repository ${ROBOT.username}`]);
    });

    it('has left nothing there', async () => {
      const orgs = (await gitea.api('GET', '/admin/orgs')) as ReadonlyArray<{ username: string }>;
      expect(orgs.map(({ username }) => username)).toEqual([gitea.organisation]);
      expect(await gitea.api('GET', '/repos/search')).toMatchObject({ data: [] });
      const uploads = changing().filter((one) => one === 'POST 202').length;
      expect(changing().filter((one) => one === 'DELETE 204')).toHaveLength(uploads);
    });

    it('is proven or probed for who may, whose import then needs no more of it', async () => {
      await siteWith('admin', gitea.organisation, DEPOT);
      const { permissions } = (await plan(0)) as unknown as Required<Told>;
      expect(permissions.map(({ target, action, state }) => `${target} ${action} ${state}`)).toEqual([
        ...Array(3).fill('hub push probed'),
        'forge write repositories probed',
        'forge create repository probed',
      ]);
      const load = (): Promise<Reported> => gapferryJson(inside, ['import', zone.stick, ...SITE, '--yes']);
      expect(await load()).toMatchObject({ kind: 'loaded' });
      const before = changing().length;
      expect(await plan(0)).not.toHaveProperty('permissions');
      expect(changing().slice(before)).toEqual([]);
    });
  },
);
