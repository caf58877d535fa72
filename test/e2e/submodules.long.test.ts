import { createHash } from 'node:crypto';
import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  gitEnvironment,
  gitServerMissing,
  mustRun,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveEmbedded } from '../live/support/serve-embedded.ts';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { checkedOut, MODEL, makeSubmoduleWorld, type SubmoduleWorld } from '../support/submodule-world.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

interface Item {
  readonly id: string;
  readonly lfs?: readonly unknown[];
  readonly namedBy?: ReadonlyArray<{ readonly item: string; readonly method: string; readonly path: string }>;
}

const missing = gitServerMissing();
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);

describe.skipIf(missing !== undefined)('a repository with submodules', { timeout: 120_000 }, () => {
  const cleanup = new AsyncDisposableStack();
  let home: TemporaryDirectory;
  let world: SubmoduleWorld;
  let machines: TwoMachines;
  let first: Reported;
  const id = (path: string): string => world.id(path);

  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    world = cleanup.use(await makeSubmoduleWorld());
    machines = await makeTwoMachines({ bundle: world.bundle(), environment: {} });
    cleanup.defer(() => machines.close());
    first = await machines.collect('--first', '--version', '1.0.0');
  }, 120_000);
  afterAll(() => cleanup.disposeAsync());

  async function itemsOf({ directory }: Machine): Promise<readonly Item[]> {
    const text = await readFile(join(directory, 'depot/releases/line-a/1/manifest.json'), 'utf8');
    return (JSON.parse(text) as { items: Item[] }).items;
  }

  async function clone(url: string, config = '/dev/null'): Promise<Readonly<Record<string, string>>> {
    const directory = home.join(createHash('sha256').update(`${url}${config}`).digest('hex'));
    const env = { ...gitEnvironment(), GIT_CONFIG_GLOBAL: config };
    await mustRun('git', ['clone', '-q', '--recurse-submodules', url, directory], { env });
    return checkedOut(directory);
  }

  it('is carried with them, each at the commits that are checked out, recursively, and once', async () => {
    const items = await itemsOf(machines.outside);
    expect(items.map((item) => item.id)).toEqual(
      ['other/base', 'other/deep', 'team/app', 'team/lib'].map(id),
    );
    const named = items.map(({ namedBy = [] }) =>
      namedBy.map(({ item, method, path }) => [item, method, path]),
    );
    expect(named).toEqual([
      [[`git ${id('team/app')}`, 'submodule', 'base']],
      [[`git ${id('team/lib')}`, 'submodule', 'deep']],
      [[`git ${id('other/deep')}`, 'submodule', 'libs/app']],
      [[`git ${id('team/app')}`, 'submodule', 'libs/lib']],
    ]);
    const oid = `sha256:${createHash('sha256').update(MODEL).digest('hex')}`;
    expect(items[3]?.lfs).toEqual([{ oid, size: MODEL.byteLength }]);
  });

  it('is the same release from its lock on another machine, and asks nobody where it is there', async () => {
    const other = await makeTwoMachines({ bundle: world.bundle(), environment: {} });
    cleanup.defer(() => other.close());
    const lock = 'bundles/line-a/bundle.lock.json';
    await copyFile(join(machines.outside.directory, lock), join(other.outside.directory, lock));
    const again = await other.collect('--locked', '--first', '--version', '1.0.0');
    expect(again['manifest']).toEqual(first['manifest']);
    const before = world.server.requests.length;
    const locked = await machines.collect('--locked', '--version', '1.0.0');
    expect(locked).toMatchObject({ kind: 'unchanged', manifest: first['manifest'] });
    expect(world.server.requests.slice(before)).toEqual([]);
  });

  it('ends the collect where one of them is gone, and is carried alone where its line says so', async () => {
    const other = await makeTwoMachines({ bundle: world.bundle(), environment: {} });
    cleanup.defer(() => other.close());
    const deep = join(world.root, 'other/deep.git');
    await rename(deep, `${deep}.away`);
    const flags = ['collect', 'bundles/line-a', '--first'];
    const { error } = await gapferryJson(other.outside, flags, 5);
    const chain = ['other/deep', 'team/lib', 'team/app'].map((path) => `git ${id(path)}`).join(' ← ');
    expect(error?.message).toContain(`${chain} ← wish "git ${world.server.url}/team/app"`);
    expect(error?.hint).toContain('submodules: none');
    const file = join(other.outside.directory, 'bundles/line-a/bundle.yaml');
    await writeFile(file, world.bundle(', submodules: none'));
    await gapferryJson(other.outside, flags);
    expect(await itemsOf(other.outside)).toMatchObject([{ id: id('team/app') }]);
    await rename(`${deep}.away`, deep);
  });

  it('is checked out inside as it is upstream, by its address there and by that upstream', async () => {
    const expected = await clone(`${world.server.url}/team/app`);
    expect(Object.keys(expected)).toContain('libs/lib/deep/libs/app/README.md');
    await machines.export();
    expect(await machines.import()).toMatchObject({ kind: 'loaded' });
    await using served = await serveEmbedded(machines.inside);
    const site = ['--site', 'site/site.yaml', '--release', machines.stick, '--url', served.url];
    const { stdout } = await gapferry(machines.inside, ['mirror-config', 'git', ...site, '--stdout']);
    await writeFile(home.join('gitconfig'), stdout);
    const place = `${served.url}/git/${id('team/app').replace(':', '-')}.git`;
    await world.server.close();
    expect(await clone(place, home.join('gitconfig'))).toEqual(expected);
    expect(await clone(`${world.server.url}/team/app`, home.join('gitconfig'))).toEqual(expected);
  });
});
