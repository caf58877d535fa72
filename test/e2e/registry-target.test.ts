import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeImage, startRegistry, type TestRegistry } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryCommand, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { GIT, REGISTRY } from '../support/upstream.ts';
import { makeZone, type Zone } from './zone.ts';

const APP = `mirror/${REGISTRY}/line-a/app`;
const robot = { username: 'robot$line-a', password: 'Sesam:47$' };
const IMPORT = ['import', '--site', 'site/site.yaml', '--yes'];

let zone: Zone;
let plant: TestRegistry;
/** The inside, which may reach the registry of the plant and nothing else. */
let inside: Machine;

beforeAll(async () => {
  zone = await makeZone();
  plant = await startRegistry({ auth: { kind: 'basic', ...robot }, referrers: false });
  inside = {
    ...zone.inside,
    environment: {
      ...zone.inside.environment,
      NETWORK_ALLOWED: plant.host,
      PLANT: `${robot.username}:${robot.password}`,
    },
  };
  await writeFile(join(inside.directory, 'site/site.yaml'), site(plant.url));
  await zone.collect('--first', '--version', '1.0.0');
  await zone.export();
}, 60_000);
afterAll(async () => {
  await plant.close();
  await zone.close();
});

function site(url: string): string {
  return `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
targets:
  - {name: plant, kind: registry, url: "${url}", path: "mirror/{host}/{path}", takes: [images, charts], credentials: {env: PLANT}}
  - {name: embedded, kind: depot, path: embedded, takes: [git, files]}
`;
}

const load = (exitCode = 0): Promise<Reported> => gapferryJson(inside, [...IMPORT, zone.stick], exitCode);
/** What the plant's registry was asked meanwhile and did not answer with a challenge. */
async function asked(act: () => Promise<unknown>): Promise<string[]> {
  const before = plant.requests.length;
  await act();
  return plant.requests
    .slice(before)
    .filter(({ status }) => status !== 401)
    .map(({ method, url }) => `${method} ${url}`);
}
const changes = (lines: readonly string[]): string[] => lines.filter((line) => !/^(GET|HEAD) /.test(line));

describe('a site with a registry of its own', { timeout: 60_000 }, () => {
  it('gets images and charts there, Git and files into the embedded depot, and reaches nothing else', async () => {
    const told = await load();
    expect(told).toMatchObject({ kind: 'loaded', record: { items: { length: 5 } } });
    expect(JSON.stringify(told)).not.toContain(robot.password);
    expect(plant.tagged(APP, '1.0')).toMatch(/^sha256:/);
    expect(plant.tagged(`mirror/${REGISTRY}/charts/mqtt`, '1.2.3')).toMatch(/^sha256:/);
    expect(await readdir(zone.embedded(`git/${GIT}/ops`))).toEqual(['line-a.git']);
    expect(await readdir(zone.embedded('files/tools'))).toEqual(['tool.bin']);
    expect(plant.openUploads).toBe(0);
    expect(await zone.reached()).toBe('');
  });

  it('asks once for each tag when nothing changed, and changes nothing', async () => {
    const lines = await asked(async () => expect(await load()).toMatchObject({ kind: 'unchanged' }));
    expect(lines.toSorted()).toEqual([
      'HEAD /v2/mirror/charts.upstream.example/historian/manifests/4.1.0',
      `HEAD /v2/mirror/${REGISTRY}/charts/mqtt/manifests/1.2.3`,
      `HEAD /v2/${APP}/manifests/1.0`,
    ]);
  });

  it('writes nothing where somebody else has moved a tag: exit 7', async () => {
    const ours = plant.tagged(APP, '1.0');
    const stranger = await makeImage({ seed: 'hot fix of the site' });
    plant.seedImage(APP, '1.0', stranger);
    const lines = await asked(async () => {
      const { error } = await load(7);
      expect(error).toMatchObject({ code: 'TARGET_CONFLICT' });
      expect(error?.message).toContain(`${REGISTRY}/line-a/app:1.0 at target plant`);
    });
    expect(changes(lines)).toEqual([]);
    expect(plant.tagged(APP, '1.0')).toBe(stranger.root.digest);
    await fetch(`${plant.url}/v2/${APP}/manifests/1.0`, {
      method: 'PUT',
      headers: { authorization: basic(), 'content-type': 'application/vnd.oci.image.index.v1+json' },
      body: await indexOf(ours),
    });
    expect(plant.tagged(APP, '1.0')).toBe(ours);
  });

  it('goes on after kill -9 between content and names: only the tags are left', async () => {
    await zone.upstream.change();
    await zone.collect('--version', '1.1.0');
    await zone.export();
    const before = plant.tagged(APP, '1.0');
    await killedAtTag();
    expect(plant.tagged(APP, '1.0')).toBe(before);
    const lines = await asked(async () => expect(await load()).toMatchObject({ kind: 'loaded' }));
    expect(changes(lines).toSorted()).toEqual(
      [
        'PUT /v2/mirror/charts.upstream.example/historian/manifests/4.2.0',
        `PUT /v2/${APP}/manifests/1.0`,
      ].toSorted(),
    );
    expect(plant.tagged(APP, '1.0')).not.toBe(before);
    expect(await load()).toMatchObject({ kind: 'unchanged' });
    expect(await zone.reached()).toBe('');
  });

  it('is refused by the registry: exit 6, and the password is nowhere', async () => {
    const wrong = { ...inside, environment: { ...inside.environment, PLANT: 'robot:wrong-Sesam' } };
    const told = await gapferryJson(wrong, [...IMPORT, zone.stick], 6);
    expect(told.error).toMatchObject({ code: 'UNAUTHORIZED', origin: 'target' });
    expect(JSON.stringify(told)).not.toContain('wrong-Sesam');
  });
});

/** Kills the import at the moment in which the registry is asked to set the tag of the app. */
async function killedAtTag(): Promise<void> {
  const { program, argv, cwd, env } = gapferryCommand(inside, [...IMPORT, zone.stick]);
  const child = spawn(program, argv, { cwd, env: { ...env }, stdio: 'ignore' });
  plant.addFault({
    match: ({ method, path }) =>
      method === 'PUT' && path === `/v2/${APP}/manifests/1.0` && child.kill('SIGKILL'),
    do: { kind: 'stall' },
  });
  plant.addFault({
    match: ({ method, path }) => method === 'PUT' && path.endsWith('/manifests/1.0'),
    do: { kind: 'status', status: 503 },
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  plant.clearFaults();
  expect(signal).toBe('SIGKILL');
}

async function indexOf(digest: string | undefined): Promise<Buffer> {
  const answer = await fetch(`${plant.url}/v2/${APP}/manifests/${digest}`, {
    headers: { authorization: basic(), accept: 'application/vnd.oci.image.index.v1+json' },
  });
  return Buffer.from(await answer.arrayBuffer());
}

function basic(): string {
  return `Basic ${Buffer.from(`${robot.username}:${robot.password}`).toString('base64')}`;
}
