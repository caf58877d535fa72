import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeImage, startHarbor, type TestHarbor, type TestImage } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { harborRobot } from '../support/harbor-robot.ts';
import { REGISTRY } from '../support/upstream.ts';
import { makeZone, type Zone } from './zone.ts';

const APP = `${REGISTRY}/line-a/app`;
const HISTORIAN = 'charts/charts.upstream.example/historian';
const SECRET = 'Sesam:47$';
/** Of the system: it may make projects, and do in all of them what loading takes. */
const ROBOT = harborRobot('robot$line-a', SECRET, [
  'label:list',
  'label:create',
  'artifact-label:create',
  'artifact:read',
  'scan:create',
  'quota:read',
]);
const IMPORT = ['import', '--site', 'site/site.yaml', '--yes'];
const PLAN = ['plan', '--site', 'site/site.yaml'];

let zone: Zone;
let harbor: TestHarbor;
/** The inside, which may reach Harbor and nothing else. */
let inside: Machine;
/** Of one platform. */
let app: TestImage;
let signature: TestImage;

beforeAll(async () => {
  zone = await makeZone();
  const [first] = (await zone.upstream.appImage(1)).children;
  if (first === undefined) throw new Error('the app has no images');
  app = first;
  signature = await makeImage({
    subject: app.root,
    artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    seed: 'signature',
  });
  zone.upstream.registry.seedImage('line-a/app', undefined, signature);
  harbor = await startHarbor({
    creation: 'adminonly',
    robots: [ROBOT],
    quirks: { subjectFirst: true },
    scanner: [{ scan_status: 'Running' }, { scan_status: 'Success', severity: 'Low' }],
  });
  inside = {
    ...zone.inside,
    environment: {
      ...zone.inside.environment,
      NETWORK_ALLOWED: harbor.host,
      HARBOR: `${ROBOT.name}:${SECRET}`,
    },
  };
  await site('projects: {quota: 1GiB}, labels: true, scan: await, scanWithin: 30');
  await zone.collect('--first', '--version', '1.0.0');
  await zone.export();
}, 60_000);
afterAll(async () => {
  await harbor.close();
  await zone.close();
});

/** Images with the upstream's names, charts below a project of their own, in one Harbor. */
async function site(wants: string): Promise<void> {
  const common = `kind: harbor, url: "${harbor.url}", credentials: {env: HARBOR}`;
  const text = `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
targets:
  - {name: harbor, ${common}, takes: [images], ${wants}}
  - {name: charts, ${common}, takes: [charts], path: "charts/{host}/{path}"}
  - {name: embedded, kind: depot, path: embedded, takes: [git, files]}
`;
  await writeFile(join(inside.directory, 'site/site.yaml'), text);
}

const load = (exitCode = 0): Promise<Reported> => gapferryJson(inside, [...IMPORT, zone.stick], exitCode);

describe('a site with a Harbor', { timeout: 60_000 }, () => {
  it('is told by the plan what is made and what is allowed', async () => {
    const { stdout } = await gapferry(inside, [...PLAN, zone.stick]);
    expect(stdout).toContain(`  make      project ${REGISTRY} (private, quota 1 GiB)\n`);
    expect(stdout).toContain('  make      project charts (private)\n');
    expect(stdout).toMatch(/permissions: 1 proven, 1 unknown/);
    expect(harbor.project('charts')).toBeUndefined();
  });

  it('gets projects, images with their signatures, and charts, in this order; labelled and scanned', async () => {
    const told = await load();
    expect(told).toMatchObject({ kind: 'loaded' });
    expect(JSON.stringify(told)).not.toContain(SECRET);
    expect(harbor.project(REGISTRY)?.metadata).toEqual({ public: 'false' });
    expect(harbor.tagged(APP, '1.0')).toBeDefined();
    expect(harbor.hasManifest(APP, signature.root.digest)).toBe(true);
    expect(harbor.tagged(HISTORIAN, '4.1.0')).toBeDefined();
    const { items } = told['record'] as { items: Array<{ kind: string; scan?: unknown }> };
    const scans = items.filter(({ kind }) => kind === 'image').map(({ scan }) => scan);
    expect(scans).toEqual([{ status: 'done', severity: 'Low' }]);
    const digest = harbor.tagged(APP, '1.0');
    expect(digest && harbor.labelsOf(APP, digest)).toEqual(['line-a 1.0.0 (1)']);
    const puts = harbor.requests.filter(({ method, url }) => method === 'PUT' && url.includes('/manifests/'));
    const at = (end: string): number => puts.findIndex(({ url }) => url.endsWith(end));
    expect(at(signature.root.digest)).toBeGreaterThan(at(app.root.digest));
    expect(at('/1.0')).toBeGreaterThan(at(signature.root.digest));
    expect(at('/4.1.0')).toBeGreaterThan(at('/1.0'));
    expect(puts.every(({ status }) => status === 201)).toBe(true);
  });

  it('is only asked when nothing changed', async () => {
    const before = harbor.requests.length;
    expect(await load()).toMatchObject({ kind: 'unchanged' });
    const changes = harbor.requests
      .slice(before)
      .filter(({ method, status }) => status !== 401 && method !== 'GET' && method !== 'HEAD');
    expect(changes).toEqual([]);
  });

  it('is where clusters are sent for what they know by its old name', async () => {
    await gapferry(inside, ['mirror-config', 'containerd', '--site', 'site/site.yaml', '-o', 'certs.d']);
    const hosts = await readFile(join(inside.directory, 'certs.d', REGISTRY, 'hosts.toml'), 'utf8');
    expect(hosts).toContain(`[host."${harbor.url}/v2/${REGISTRY}"]`);
  });

  it('is told everything that stands in the way of the next release at once: exit 7, nothing changed', async () => {
    await zone.upstream.change();
    await zone.collect('--version', '1.1.0');
    await zone.export();
    const project = harbor.project(REGISTRY);
    if (project) project.storageLimit = harbor.used(REGISTRY) + 1000;
    harbor.keepTags(REGISTRY, '**', '1.*');
    const before = harbor.requests.length;
    const { error } = await load(7);
    expect(error?.message).toContain('has room for 1000 B of its quota');
    expect(error?.message).toContain(`the tag ${APP}:1.0 would move`);
    expect(error?.hint).toContain('raise the quota');
    expect(error?.hint).toContain('rule about immutable tags');
    const changes = harbor.requests
      .slice(before)
      .filter(({ method, status }) => status !== 401 && method !== 'GET' && method !== 'HEAD');
    expect(changes).toEqual([]);
  });

  it('gets the next release when the way is clear', async () => {
    const project = harbor.project(REGISTRY);
    if (project) project.storageLimit = -1;
    project?.immutable.splice(0);
    const before = harbor.tagged(APP, '1.0');
    expect(await load()).toMatchObject({ kind: 'loaded' });
    const now = harbor.tagged(APP, '1.0');
    expect(now).not.toBe(before);
    expect(now && harbor.labelsOf(APP, now)).toEqual(['line-a 1.1.0 (2)']);
    expect(harbor.tagged(HISTORIAN, '4.2.0')).toBeDefined();
  });

  it('says so when the robot is over: exit 6, and the secret is nowhere', async () => {
    const robot = harbor.robot(ROBOT.name);
    if (robot) robot.expiresAt = 1;
    const told = await load(6);
    expect(told.error).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('expired') });
    expect(told.error?.data['failures']).toHaveLength(2);
    expect(JSON.stringify(told)).not.toContain(SECRET);
    expect(await zone.reached()).toBe('');
  });
});
