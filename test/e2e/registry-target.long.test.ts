import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '@gapferry/core';
import { makeImage, startRegistry, type TestRegistry } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryCommand, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { GIT, REGISTRY } from '../support/upstream.ts';
import { makeZone, type Zone } from './zone.ts';

const APP = `mirror/${REGISTRY}/line-a/app`;
/** In the order of `toSorted`. */
const TAGS = [
  'mirror/charts.upstream.example/historian/manifests/4.1.0',
  `mirror/${REGISTRY}/charts/mqtt/manifests/1.2.3`,
  `${APP}/manifests/1.0`,
].map((path) => `/v2/${path}`);
interface Root {
  readonly digest: Digest;
}

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
/** Without what `plan` begins on trial and cancels: what is begun and not cancelled stays in. */
function changes(lines: readonly string[]): string[] {
  const changing = lines.filter((line) => !/^(GET|HEAD) /.test(line));
  const cancelled = changing.flatMap((line) => /^DELETE (\S+\/blobs\/uploads\/)/.exec(line)?.[1] ?? []);
  const onTrial = (line: string): boolean =>
    cancelled.some((uploads) => line === `POST ${uploads}` || line.startsWith(`DELETE ${uploads}`));
  return changing.filter((line) => !onTrial(line));
}

describe('a site with a registry of its own', { timeout: 60_000 }, () => {
  it('shows nothing when it is killed between content and names', async () => {
    await killedAtTag();
    expect(plant.hasManifest(APP, await digestOfApp())).toBe(true);
    expect(plant.tagged(APP, '1.0')).toBeUndefined();
  });

  it('gets the rest with the next import: tags there, Git and files in the embedded depot', async () => {
    const lines = await asked(async () => {
      const told = await load();
      expect(told).toMatchObject({ kind: 'loaded', record: { items: { length: 5 } } });
      expect(JSON.stringify(told)).not.toContain(robot.password);
    });
    expect(changes(lines).toSorted()).toEqual(TAGS.map((tag) => `PUT ${tag}`));
    expect(plant.tagged(APP, '1.0')).toBe(await digestOfApp());
    expect(await readdir(zone.embedded(`git/${GIT}/ops`))).toEqual(['line-a.git']);
    expect(await readdir(zone.embedded('files/tools'))).toEqual(['tool.bin']);
    expect(plant.openUploads).toBe(0);
  });

  it('asks once for each tag when nothing changed, and changes nothing', async () => {
    const lines = await asked(async () => expect(await load()).toMatchObject({ kind: 'unchanged' }));
    expect(lines.toSorted()).toEqual(TAGS.map((tag) => `HEAD ${tag}`));
  });

  it('sends what the registry has lost once somebody deletes the tag there', async () => {
    const layer = await layerOfApp();
    plant.loseBlob(APP, layer);
    plant.deleteTag(APP, '1.0');
    const lines = await asked(async () => expect(await load()).toMatchObject({ kind: 'loaded' }));
    expect(plant.hasBlob(APP, layer)).toBe(true);
    expect(plant.tagged(APP, '1.0')).toBe(await digestOfApp());
    expect(
      changes(lines)
        .filter((line) => line.startsWith('PUT'))
        .map((line) => line.replace(/\?.*/, '')),
    ).toEqual([expect.stringContaining('/blobs/uploads/'), `PUT /v2/${APP}/manifests/1.0`]);
  });

  it('writes nothing where somebody else has moved a tag: exit 7', async () => {
    const stranger = await makeImage({ seed: 'hot fix of the site' });
    plant.seedImage(APP, '1.0', stranger);
    const lines = await asked(async () => {
      const { error } = await load(7);
      expect(error).toMatchObject({ code: 'TARGET_CONFLICT' });
      expect(error?.message).toContain(`${REGISTRY}/line-a/app:1.0 at target plant`);
    });
    expect(changes(lines)).toEqual([]);
    expect(plant.tagged(APP, '1.0')).toBe(stranger.root.digest);
  });

  it('is refused by the registry: exit 6, and the password is nowhere', async () => {
    const wrong = { ...inside, environment: { ...inside.environment, PLANT: 'robot:wrong-Sesam' } };
    const told = await gapferryJson(wrong, [...IMPORT, zone.stick], 6);
    expect(told.error).toMatchObject({ code: 'UNAUTHORIZED', origin: 'target' });
    expect(JSON.stringify(told)).not.toContain('wrong-Sesam');
  });

  it('reached nobody but the registry, all the time', async () => {
    expect(await zone.reached()).toBe('');
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

/** The first of its first platform. */
async function layerOfApp(): Promise<Digest> {
  const read = async (digest: Digest): Promise<{ manifests?: Root[]; layers?: Root[] }> =>
    JSON.parse(await readFile(join(zone.stick, 'blobs', ...digest.split(':')), 'utf8'));
  const root = await read(await digestOfApp());
  const image = root.manifests?.[0] === undefined ? root : await read(root.manifests[0].digest);
  const layer = image.layers?.[0]?.digest;
  if (layer === undefined) throw new Error('the app has no layers');
  return layer;
}

/** As the release on the stick says. */
async function digestOfApp(): Promise<Digest> {
  const manifest = await readFile(join(zone.stick, 'releases/line-a/1/manifest.json'), 'utf8');
  const { items } = JSON.parse(manifest) as { items: Array<{ id: string; root: { digest: Digest } }> };
  const app = items.find(({ id }) => id === `${REGISTRY}/line-a/app:1.0`);
  if (app === undefined) throw new Error('the release has no app');
  return app.root.digest;
}
