import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { makeZone, type Zone } from '../e2e/zone.ts';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { CHARTS, REGISTRY } from '../support/upstream.ts';
import { type HarborSession, liveHarbor, openHarborSession } from './support/live-harbor.ts';
import { type HarborAccount, tryHarborAccount } from './support/live-harbor-account.ts';
import { membersOf } from './support/live-place.ts';

const harbor = liveHarbor();
const IMPORT = ['import', '--site', 'site/site.yaml', '--yes'];
const APP = `${REGISTRY}/line-a/app`;

interface Credentials {
  readonly user: string;
  readonly password: string;
}

describe.skipIf(harbor === undefined)('a Harbor that somebody runs', { timeout: 300_000 }, () => {
  const cleanup = new AsyncDisposableStack();
  let zone: Zone;
  let session: HarborSession;
  let account: HarborAccount;
  let also: string[];

  beforeAll(async () => {
    if (harbor === undefined) return;
    session = cleanup.use(openHarborSession(harbor));
    account = await tryHarborAccount(session);
    if (account.lacks !== undefined) return;
    also = await session.also();
    zone = await makeZone();
    cleanup.defer(() => zone.close());
    await zone.collect('--first', '--version', '1.0.0');
    await zone.export();
  }, 120_000);
  afterAll(() => cleanup.disposeAsync(), 300_000);
  beforeEach((context) => {
    if (account.lacks !== undefined) context.skip(account.lacks);
  });

  /** The inside with a state of its own for each project, so that no story knows of another's tags. */
  async function inside(project: string, wants: string, as: Partial<Credentials> = {}): Promise<Machine> {
    const { credentials } = session.harbor;
    const hosts = also.length === 0 ? '' : `, also: [${also.map((host) => `"${host}"`).join(', ')}]`;
    const connection = `${membersOf(session.harbor)}, credentials: {env: HARBOR}${hosts}`;
    const text = `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
targets:
  - {name: ${project}, kind: harbor, ${connection}, path: "${project}/{host}/{path}"${wants}}
  - {name: embedded, kind: depot, path: embedded, takes: [git, files]}
`;
    await writeFile(join(zone.inside.directory, 'site/site.yaml'), text);
    return {
      directory: zone.inside.directory,
      environment: {
        HARBOR_USERNAME: as.user ?? credentials.username,
        HARBOR_PASSWORD: as.password ?? credentials.password,
      },
    };
  }

  /** Made by the tests themselves. */
  async function made(wanted: object = {}): Promise<string> {
    const project = session.project();
    const body = { project_name: project, metadata: { public: 'false' }, ...wanted };
    const { status, json } = await session.ask('POST', '/projects', body);
    expect(status, JSON.stringify(json)).toBe(201);
    return project;
  }

  const load = (machine: Machine, exitCode = 0): Promise<Reported> =>
    gapferryJson(machine, [...IMPORT, zone.stick], exitCode);

  it('gets a project, images and charts, which stand under the digests of the release', async () => {
    const project = session.project();
    const machine = await inside(project, ', projects: {quota: 1GiB}');
    const { stdout, stderr } = await gapferry(machine, ['plan', '--site', 'site/site.yaml', zone.stick]);
    expect(`${stdout}${stderr}`).toContain(`make      project ${project} (private, quota 1 GiB)`);
    const { record } = (await load(machine)) as unknown as {
      record: { items: Array<{ kind: string; item: string; place: string }> };
    };
    const images = record.items.filter(({ kind }) => kind === 'image' || kind === 'chart');
    expect(images).toHaveLength(3);
    expect(await session.digest(`${project}/${APP}`, '1.0')).toMatch(/^sha256:/);
    expect(await session.digest(`${project}/${CHARTS}/historian`, '4.1.0')).toMatch(/^sha256:/);
    expect((await session.ask('GET', `/projects/${project}`)).json).toMatchObject({
      metadata: { public: 'false' },
    });
    expect(await load(machine)).toMatchObject({ kind: 'unchanged' });
  });

  it('shows what was loaded with the label of the release, a chart as a chart', async (context) => {
    if (!account.may('label:list', 'label:create', 'artifact-label:create', 'artifact:read'))
      context.skip('these credentials may not label');
    const project = session.project();
    await load(await inside(project, ', labels: true'));
    const labelled = await session.artifact(project, APP, '1.0');
    expect(labelled).toMatchObject({ labels: [{ name: 'line-a 1.0.0 (1)' }] });
    const chart = await session.artifact(project, `${REGISTRY}/charts/mqtt`, '1.2.3');
    expect(chart).toMatchObject({ type: 'CHART' });
  });

  it('scans what was loaded, and the record says what Harbor says', async (context) => {
    if (!account.may('scan:create', 'artifact:read')) context.skip('these credentials may not scan');
    const project = session.project();
    const told = await load(await inside(project, ', scan: await, scanWithin: 90'));
    const { items } = told['record'] as { items: Array<{ kind: string; scan?: { status: string } }> };
    const image = items.find(({ kind }) => kind === 'image');
    const { scan_overview } = (await session.artifact(project, APP, '1.0')) as { scan_overview?: object };
    const [report] = Object.values(scan_overview ?? {}) as Array<{ scan_status: string }>;
    if (report === undefined) context.skip('this Harbor has no scanner for images');
    const ends: Record<string, string> = { Success: 'done', Error: 'failed', Stopped: 'failed' };
    // What had not ended in its time may have ended since.
    if (image?.scan?.status !== 'unfinished')
      expect(image?.scan?.status).toBe(ends[report?.scan_status ?? '']);
  });

  it('takes from a robot that may only push, and is found to take nothing from one that may not', async (context) => {
    const project = await made();
    const pusher = await robot(context, session, project, 'push', 'pull');
    expect(await load(await inside(project, '', pusher))).toMatchObject({ kind: 'loaded' });
    const other = await made();
    const puller = await robot(context, session, other, 'pull');
    const { error } = await load(await inside(other, '', puller), 6);
    expect(error?.message).toContain(`repository:push on project ${other}`);
    expect(error?.hint).toContain(puller.user);
    // Harbor may be told to begin the names of robots otherwise.
    if (puller.user.includes('$')) expect(error?.hint).toContain('"Push Repository"');
  });

  it('is found to have no project before the first byte', async () => {
    const none = await load(await inside(session.project(), ', projects: {create: false}'), 7);
    expect(none.error?.message).toContain('there is no project');
  });

  it('is found to be full before the first byte', async (context) => {
    const project = await made({ storage_limit: 1000 });
    const { json } = await session.ask('GET', `/projects/${project}/summary`);
    const { quota } = (json ?? {}) as { quota?: { hard: { storage: number } } };
    if (quota?.hard.storage !== 1000)
      context.skip('these credentials may not give a project a quota of its own, or this Harbor has none');
    const full = await load(await inside(project, ''), 7);
    expect(full.error?.message).toContain('has room for 1000 B of its quota');
  });

  it('is found to keep a tag that would move', async (context) => {
    const project = session.project();
    const machine = await inside(project, '');
    await load(machine);
    const rule = {
      disabled: false,
      action: 'immutable',
      template: 'immutable_template',
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '1.*' }],
      scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
    };
    const { status, json } = await session.ask('POST', `/projects/${project}/immutabletagrules`, rule);
    if (status === 403) context.skip('these credentials may not make a rule about immutable tags');
    expect(status, JSON.stringify(json)).toBe(201);
    // What stands is never put again.
    expect(await load(machine)).toMatchObject({ kind: 'unchanged' });
    await zone.upstream.change();
    await zone.collect('--version', '1.1.0');
    await zone.export();
    const before = await session.digest(`${project}/${APP}`, '1.0');
    const { error } = await load(machine, 7);
    expect(error?.message).toContain(`the tag ${project}/${APP}:1.0 would move`);
    expect(await session.digest(`${project}/${APP}`, '1.0')).toBe(before);
  });
});

/** A robot of one project. Skips the test where nobody may make one. */
async function robot(
  context: TestContext,
  session: HarborSession,
  project: string,
  ...actions: readonly string[]
): Promise<Credentials> {
  const access = actions.map((action) => ({ resource: 'repository', action }));
  const { status, json } = await session.ask('POST', '/robots', {
    name: 'loader',
    level: 'project',
    duration: 1,
    permissions: [{ kind: 'project', namespace: project, access }],
  });
  if (status === 403) context.skip('these credentials may not make a robot');
  expect(status, JSON.stringify(json)).toBe(201);
  const { id, name, secret } = json as { id: number; name: string; secret: string };
  session.remove(`/robots/${id}`);
  return { user: name, password: secret };
}
