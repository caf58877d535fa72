import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { startS3Server, startWebdavServer } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { allowGoingBack, orderBack } from '../support/going-back.ts';
import { pinPolicy } from '../support/pin-policy.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

const BUNDLE = 'format: gapferry.bundle/1\nname: line-a\nfiles:\n  - {path: ../../kit, as: kit}\n';
/** Text by path, as consumers find it. */
type Seen = Readonly<Record<string, string>>;

const FIRST: Seen = { 'kit/changed': 'one\n', 'kit/gone': 'gone\n', 'kit/same': 'same\n' };
const SECOND: Seen = { 'kit/changed': 'two\n', 'kit/new': 'new\n', 'kit/same': 'same\n' };

let machines: TwoMachines;
const depot = (): string => join(machines.outside.directory, 'depot');
const site = (...parts: readonly string[]): string => join(machines.inside.directory, 'site', ...parts);

beforeAll(async () => {
  machines = await makeTwoMachines({ bundle: BUNDLE, environment: {} });
  await allowGoingBack(machines.inside, ['anna']);
  await write(FIRST);
  await machines.collect('--first', '--version', '1.0.0');
  await write(SECOND);
  await machines.collect('--version', '1.1.0');
});
afterAll(() => machines.close());

async function write(files: Seen): Promise<void> {
  await rm(join(machines.outside.directory, 'kit'), { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    const file = join(machines.outside.directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

/** A site with one target, at which both releases were loaded, and an order to go back. */
async function loadedSite(
  id: string,
  target: string,
  environment: Machine['environment'] = {},
): Promise<Going> {
  const { inside } = machines;
  const machine = { ...inside, environment: { ...inside.environment, ...environment } };
  const file = `site/site-${id}.yaml`;
  const members = `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\nstate: state-${id}\n`;
  await writeFile(join(inside.directory, file), `${members}targets:\n  - {name: store, ${target}}\n`);
  await pinPolicy(machine, file);
  const load = (exitCode: number, ...args: readonly string[]): Promise<Reported> =>
    gapferryJson(machine, [...args, '--site', file, ...(args[0] === 'import' ? ['--yes'] : [])], exitCode);
  for (const number of [1, 2]) await load(0, 'import', `${depot()}#line-a/${number}`);
  const order = `${id}.sigstore.json`;
  await orderBack(machine, file, { by: 'anna', file: order });
  const [back, onward] = [
    ['--to', 'line-a/1', '--override', order],
    ['--to', 'line-a/2'],
  ] as const;
  return {
    back: (exitCode = 0, ...place) => load(exitCode, 'import', ...place, ...back),
    planBack: (exitCode = 0, ...place) => load(exitCode, 'plan', ...place, ...back),
    onward: (exitCode = 0, ...place) => load(exitCode, 'import', ...place, ...onward),
    status: () => load(0, 'status'),
  };
}

interface Going {
  back(exitCode?: number, ...place: readonly string[]): Promise<Reported>;
  planBack(exitCode?: number, ...place: readonly string[]): Promise<Reported>;
  onward(exitCode?: number, ...place: readonly string[]): Promise<Reported>;
  /** Nothing drifted. */
  status(): Promise<Reported>;
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8');

describe('files whose paths stay from release to release', () => {
  /** Where they lie, and who asks for them. */
  const PLACES: readonly (readonly [string, () => Promise<Place>])[] = [
    ['a directory', directory],
    ['a WebDAV server', webdav],
  ];
  interface Place extends AsyncDisposable {
    readonly target: string;
    readonly environment?: Machine['environment'];
    seen(): Promise<Seen>;
  }

  async function directory(): Promise<Place> {
    await mkdir(site('share'));
    return {
      target: 'kind: directory, directory: share, path: "{path}", prune: true',
      seen: async () => {
        const names = await readdir(site('share/kit'));
        const files = names.map(async (name) => [
          `kit/${name}`,
          await readFile(site('share/kit', name), 'utf8'),
        ]);
        return Object.fromEntries(await Promise.all(files)) as Seen;
      },
      [Symbol.asyncDispose]: async () => {},
    };
  }

  async function webdav(): Promise<Place> {
    const server = await startWebdavServer();
    return {
      target: `kind: webdav, url: "${server.url}/dav", insecure: true, path: "{path}", prune: true`,
      environment: { NETWORK_ALLOWED: server.host },
      seen: async () => {
        const kit = [...server.files].filter(([path]) => path.startsWith('kit/'));
        return Object.fromEntries(kit.map(([path, bytes]) => [path, text(bytes)]));
      },
      [Symbol.asyncDispose]: () => server.close(),
    };
  }

  it.each(PLACES)(
    'in %s: going back takes nothing away; both ways want the medium, and say why',
    async (where, open) => {
      await using place = await open();
      const going = await loadedSite(where.slice(2, 5).toLowerCase(), place.target, place.environment);
      expect(await place.seen()).toEqual(SECOND);

      for (const refused of [await going.planBack(5), await going.back(5)]) {
        expect(refused.error).toMatchObject({ code: 'BLOB_MISSING' });
        expect(refused.error?.hint).toContain('later releases replace files that keep their paths');
        expect(refused.error?.hint).toContain('gapferry import DIR --to line-a/1');
      }
      expect(await place.seen()).toEqual(SECOND);

      const plan = await going.planBack(0, depot());
      expect(plan['stays']).toEqual([
        { target: 'store', place: 'file kit/', item: 'file kit/', names: ['kit/new'] },
      ]);
      expect(await going.back(0, depot())).toMatchObject({ kind: 'loaded' });
      expect(await place.seen()).toEqual({ ...SECOND, ...FIRST });
      await going.status();

      expect((await going.onward(5)).error).toMatchObject({ code: 'BLOB_MISSING' });
      expect(await going.onward(0, depot())).toMatchObject({ kind: 'loaded' });
      expect(await place.seen()).toEqual(SECOND);
      await going.status();
    },
    60_000,
  );
});

describe('objects under the keys of their release, with latest copies', () => {
  it('come back and go on without a medium: the index and the copies move, and nothing goes', async () => {
    await using store = await startS3Server({ buckets: { plant: {} } });
    const below = (prefix: string): Seen =>
      Object.fromEntries(
        store
          .keys('plant')
          .filter((key) => key.startsWith(prefix))
          .map((key) => [key.slice(prefix.length), text(store.object('plant', key)?.bytes)]),
      );
    const told = (): string =>
      (JSON.parse(text(store.object('plant', 'line-a/index.json')?.bytes)) as { version: string }).version;
    const target = `kind: s3, endpoint: "${store.url}", bucket: plant, insecure: true, latest: "{channel}/latest/{path}", credentials: {env: STORE}`;
    const going = await loadedSite('s3', target, {
      NETWORK_ALLOWED: store.host,
      STORE_USERNAME: store.accessKey,
      STORE_PASSWORD: store.secretKey,
    });
    const copies = below('line-a/latest/');
    expect(copies).toEqual({ ...FIRST, ...SECOND });

    expect(await going.back()).toMatchObject({ kind: 'loaded' });
    expect(below('line-a/latest/')).toEqual({ ...SECOND, ...FIRST });
    expect([below('line-a/1.0.0/'), below('line-a/1.1.0/'), told()]).toEqual([FIRST, SECOND, '1.0.0']);
    await going.status();

    expect(await going.onward()).toMatchObject({ kind: 'loaded' });
    expect(below('line-a/latest/')).toEqual(copies);
    expect([below('line-a/1.0.0/'), below('line-a/1.1.0/'), told()]).toEqual([FIRST, SECOND, '1.1.0']);
    await going.status();
  });
});
