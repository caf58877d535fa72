import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { makeZone, type Zone } from '../e2e/zone.ts';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { CHARTS, REGISTRY } from '../support/upstream.ts';
import { type HarborSession, liveHarbor, openHarborSession } from './support/live-harbor.ts';

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
  let also: string[];

  beforeAll(async () => {
    if (harbor === undefined) return;
    session = cleanup.use(await openHarborSession(harbor));
    also = await session.also();
    zone = await makeZone();
    cleanup.defer(() => zone.close());
    await zone.collect('--first', '--version', '1.0.0');
    await zone.export();
  }, 120_000);
  afterAll(() => cleanup.disposeAsync(), 120_000);

  /** The inside with a state of its own for each project, so that no story knows of another's tags. */
  async function inside(project: string, wants: string, as: Partial<Credentials> = {}): Promise<Machine> {
    const { url, ca, user, password } = session.harbor;
    const connection = [
      `url: "${url}"`,
      'credentials: {env: HARBOR}',
      ...(ca === undefined ? [] : [`ca: "${ca}"`]),
      ...(url.startsWith('http:') ? ['insecure: true'] : []),
      ...(also.length === 0 ? [] : [`also: [${also.map((host) => `"${host}"`).join(', ')}]`]),
    ].join(', ');
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
        HARBOR_USERNAME: as.user ?? user,
        HARBOR_PASSWORD: as.password ?? password,
      },
    };
  }

  const load = (machine: Machine, exitCode = 0): Promise<Reported> =>
    gapferryJson(machine, [...IMPORT, zone.stick], exitCode);

  it('gets a project, images and charts, which stand under the digests of the release', async () => {
    const project = session.project();
    const machine = await inside(project, ', projects: {quota: 1GiB}, labels: true');
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

  it('shows what was loaded with the label of the release, a chart as a chart', async () => {
    const project = session.project();
    await load(await inside(project, ', labels: true'));
    const artifact = async (repository: string, tag: string): Promise<unknown> => {
      const escaped = encodeURIComponent(encodeURIComponent(repository));
      const path = `/projects/${project}/repositories/${escaped}/artifacts/${tag}?with_label=true`;
      return (await session.ask('GET', path)).json;
    };
    expect(await artifact(APP, '1.0')).toMatchObject({ labels: [{ name: 'line-a 1.0.0 (1)' }] });
    expect(await artifact(`${REGISTRY}/charts/mqtt`, '1.2.3')).toMatchObject({ type: 'CHART' });
  });

  it('takes from a robot that may only push, and is found to take nothing from one that may not', async (context) => {
    const project = session.project();
    await session.ask('POST', '/projects', { project_name: project, metadata: { public: 'false' } });
    const pusher = await robot(context, session, project, 'push', 'pull');
    expect(await load(await inside(project, '', pusher))).toMatchObject({ kind: 'loaded' });
    const other = session.project();
    await session.ask('POST', '/projects', { project_name: other, metadata: { public: 'false' } });
    const puller = await robot(context, session, other, 'pull');
    const { error } = await load(await inside(other, '', puller), 6);
    expect(error?.message).toContain(`repository:push on project ${other}`);
    expect(error?.hint).toContain(`give the robot ${puller.user} "Push Repository"`);
  });

  it('is found to be full, and to have no project, before the first byte', async (context) => {
    const project = session.project();
    const { status } = await session.ask('POST', '/projects', { project_name: project, storage_limit: 1000 });
    expect(status).toBe(201);
    const summary = (await session.ask('GET', `/projects/${project}/summary`)).json as {
      quota?: { hard: { storage: number } };
    };
    if (summary.quota?.hard.storage !== 1000)
      context.skip('these credentials may not give a project a quota of their own');
    const full = await load(await inside(project, ''), 7);
    expect(full.error?.message).toContain('has room for 1000 B of its quota');
    const none = await load(await inside(session.project(), ', projects: {create: false}'), 7);
    expect(none.error?.message).toContain('there is no project');
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
    const { status } = await session.ask('POST', `/projects/${project}/immutabletagrules`, rule);
    if (status === 403) context.skip('these credentials may not make a rule about immutable tags');
    expect(status).toBe(201);
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
  expect(status).toBe(201);
  const { id, name, secret } = json as { id: number; name: string; secret: string };
  session.remove(`/robots/${id}`);
  return { user: name, password: secret };
}
