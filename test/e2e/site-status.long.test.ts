import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeImage, mustRun, startRegistry, type TestRegistry } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { signalledAt } from '../support/signalled.ts';
import { treeDigest } from '../support/tree-digest.ts';
import { GIT, REGISTRY } from '../support/upstream.ts';
import { makeZone, type Zone } from './zone.ts';

const APP = `${REGISTRY}/line-a/app`;
const SITE = ['--site', 'site/site.yaml'];
let zone: Zone;
let plant: TestRegistry;
let inside: Machine;
beforeAll(async () => {
  zone = await makeZone();
  plant = await startRegistry();
  inside = {
    ...zone.inside,
    environment: { ...zone.inside.environment, NETWORK_ALLOWED: plant.host },
  };
  await writeFile(
    join(inside.directory, 'site/site.yaml'),
    `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
targets:
  - {name: plant, kind: registry, url: "${plant.url}", takes: [images, charts]}
  - {name: embedded, kind: depot, path: embedded, takes: [git, files]}
`,
  );
  await zone.collect('--first', '--version', '1.0.0');
  await zone.export();
}, 60_000);
afterAll(async () => {
  await plant.close();
  await zone.close();
});

interface Told extends Reported {
  readonly drift: number;
  readonly unknown: number;
  readonly channels: ReadonlyArray<{
    readonly loaded?: Readonly<Record<string, unknown>>;
    readonly staged?: Readonly<Record<string, unknown>>;
    readonly unfinished?: Readonly<Record<string, unknown>>;
    readonly notCompared?: Readonly<Record<string, unknown>>;
    readonly targets?: ReadonlyArray<{
      readonly target: string;
      readonly same: number;
      readonly unasked: number;
      readonly drift: ReadonlyArray<Readonly<Record<string, unknown>>>;
      readonly error?: Readonly<Record<string, unknown>>;
    }>;
  }>;
}

const status = async (exitCode: number, ...flags: string[]): Promise<Told> =>
  (await gapferryJson(inside, ['status', ...SITE, ...flags], exitCode)) as Told;
const importing = (exitCode = 0, machine = inside): Promise<Reported> =>
  gapferryJson(machine, ['import', zone.stick, ...SITE, '--yes'], exitCode);
const drift = ({ channels }: Told): string[] =>
  (channels[0]?.targets ?? []).flatMap((target) =>
    target.drift.map(({ kind, item }) => `${String(kind)} ${String(item)} at ${target.target}`),
  );

describe('the status of a site', { timeout: 60_000 }, () => {
  it('is that nothing was imported yet', async () => {
    expect(await status(0)).toMatchObject({ site: 'plant-7', channels: [], drift: 0 });
    expect((await status(2, '--channel', 'line-b')).error?.code).toBe('RELEASE_NOT_FOUND');
  });

  it('is what is staged, with nothing loaded', async () => {
    await gapferryJson(inside, ['import', zone.stick, ...SITE, '--yes', '--stage']);
    const [channel] = (await status(0)).channels;
    expect(channel).toMatchObject({ staged: { version: '1.0.0', sequence: 1 }, mark: 1 });
    expect(channel).not.toHaveProperty('loaded');
    const { stdout } = await gapferry(inside, ['status', ...SITE]);
    expect(stdout).toMatch(/loaded +nothing\n +staged +1\.0\.0 \(line-a\/1\) at .*nothing of it visible/);
  });

  it('is what is loaded, since when and by which receipt, and everything stands; nothing is changed or made', async () => {
    await importing();
    const before = [await treeDigest(zone.embedded()), await treeDigest(join(inside.directory, 'site'))];
    const asked = plant.requests.length;
    const told = await status(0);
    expect(told.channels[0]).toMatchObject({
      loaded: { version: '1.0.0', receipt: { file: '000001-line-a-1.sigstore.json' } },
      targets: [
        { target: 'plant', same: 3, drift: [], unasked: 0 },
        { target: 'embedded', same: 2, drift: [], unasked: 0 },
      ],
    });
    const requests = plant.requests.slice(asked);
    expect(requests.length).toBeLessThanOrEqual(6);
    expect(new Set(requests.map(({ method }) => method))).toEqual(new Set(['HEAD']));
    expect([await treeDigest(zone.embedded()), await treeDigest(join(inside.directory, 'site'))]).toEqual(
      before,
    );
    const { stdout } = await gapferry(inside, ['status', ...SITE]);
    expect(stdout).toMatch(/loaded +1\.0\.0 \(line-a\/1\) since .*receipt 000001-line-a-1\.sigstore\.json/);
    expect(stdout).toMatch(/5 name\(s\) stand as they were left$/m);
  });

  it('needs no medium, no key and no network for what the ledger says', async () => {
    await rename(zone.stick, zone.path('elsewhere'));
    const told = await status(0, '--offline');
    expect(told.channels[0]).toMatchObject({ loaded: { version: '1.0.0' } });
    expect(told.channels[0]).not.toHaveProperty('targets');
    await status(0);
    await rename(zone.path('elsewhere'), zone.stick);
  });
});

describe('an import that was broken off', { timeout: 60_000 }, () => {
  it('is told beside what is loaded, which stands as it was', async () => {
    await zone.upstream.change();
    await zone.collect('--version', '1.1.0');
    await zone.export();
    const killed = signalledAt(inside, 'SIGKILL', 'trust-state');
    expect((await gapferry(killed, ['import', zone.stick, ...SITE, '--yes'])).signal).toBe('SIGKILL');
    const told = await status(0);
    expect(told.channels[0]).toMatchObject({
      loaded: { version: '1.0.0', sequence: 1 },
      unfinished: { how: 'broken off', version: '1.1.0', sequence: 2 },
    });
    expect(told).not.toHaveProperty('running');
    await importing();
    const { channels } = await status(0);
    expect(channels[0]).toMatchObject({ loaded: { version: '1.1.0' }, mark: 2 });
    expect(channels[0]).not.toHaveProperty('unfinished');
  });
});

describe('what moved at the targets', { timeout: 60_000 }, () => {
  it('is told with what was and what is: a tag, a branch, a file; exit 10', async () => {
    const stranger = await makeImage({ seed: 'hot fix of the site' });
    const was = plant.tagged(APP, '1.0');
    plant.seedImage(APP, '1.0', stranger);
    const git = zone.embedded('git', GIT, 'ops/line-a.git');
    const tree = await mustRun('git', ['-C', git, 'rev-parse', 'main^{tree}']);
    const who = ['-c', 'user.name=eve', '-c', 'user.email=eve@example.org'];
    const commit = await mustRun('git', ['-C', git, ...who, 'commit-tree', '-m', 'x', tree.trim()]);
    await mustRun('git', ['-C', git, 'update-ref', 'refs/heads/main', commit.trim()]);
    await rm(zone.embedded('files/tools/tool.bin'));
    const told = await status(10);
    expect(drift(told)).toEqual([
      `moved image ${APP}:1.0 at plant`,
      'gone file tools/tool.bin at embedded',
      `moved git ${GIT}/ops/line-a at embedded`,
    ]);
    expect(told.channels[0]?.targets?.[0]?.drift[0]).toMatchObject({
      was: { digest: was },
      is: { digest: stranger.root.digest },
    });
    const { stdout, code } = await gapferry(inside, ['status', ...SITE]);
    expect(code).toBe(10);
    expect(stdout).toContain('3 thing(s) differ from what was left, 2 name(s) stand');
  });

  it('is a depot that is gone, which nobody makes anew by asking', async () => {
    await rename(zone.embedded(), zone.path('put-aside'));
    const told = await status(10);
    expect(drift(told).filter((line) => line.endsWith('embedded'))).toHaveLength(2);
    expect(await treeDigest(zone.embedded())).toBe('none');
    await rename(zone.path('put-aside'), zone.embedded());
  });

  it('is not the same as a target that could not be asked: exit 6, and everything else is told', async () => {
    const other = await makeUnreachable();
    const told = (await gapferryJson(inside, ['status', '--site', other], 10)) as Told;
    expect(told.channels[0]?.targets?.[0]).toMatchObject({
      target: 'plant',
      unasked: 3,
      error: { code: 'UNREACHABLE' },
    });
    expect(drift(told)).toHaveLength(2);
    const { stdout } = await gapferry(inside, ['status', '--site', other]);
    expect(stdout).toMatch(/plant: 0 name\(s\) as they were left, 3 that could not be asked: /);
  });
});

/** The same site, with a registry that nobody answers at. */
async function makeUnreachable(): Promise<string> {
  const text = await readFile(join(inside.directory, 'site/site.yaml'), 'utf8');
  const closed = await startRegistry();
  await closed.close();
  await writeFile(join(inside.directory, 'site/other.yaml'), text.replace(plant.url, closed.url));
  inside = {
    ...inside,
    environment: { ...inside.environment, NETWORK_ALLOWED: `${plant.host},${closed.host}` },
  };
  return 'site/other.yaml';
}

describe('a site in trouble', { timeout: 60_000 }, () => {
  it('compares nothing that it does not keep, and says so: exit 6', async () => {
    const kept = join(inside.directory, 'site/state/releases');
    expect(await readdir(kept)).toEqual(['line-a']);
    await rename(kept, zone.path('kept'));
    const told = await status(6);
    expect(told.channels[0]?.notCompared).toMatchObject({ code: 'RELEASE_NOT_FOUND' });
    await rename(zone.path('kept'), kept);
  });

  it('is told nothing by a ledger that was changed: exit 4', async () => {
    await rm(join(inside.directory, 'site/state/ledger.db'));
    expect((await status(4, '--offline')).error?.code).toBe('LEDGER_TAMPERED');
  });
});
