import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { startContainerd } from './support/containerd.ts';
import { LIVE_REGISTRIES, type LiveRegistry, type LiveRegistryKind } from './support/live-registry.ts';
import { attachedTo, createOciClients, type OciClients } from './support/oci-clients.ts';
import { PUBLISHED, type Published, publish } from './support/publish.ts';
import { createSkopeo } from './support/skopeo.ts';
import { lacks } from './support/tools.ts';

/** What `cosign verify` prints of a signature. */
interface Signed {
  readonly critical: { readonly image: { readonly 'docker-manifest-digest': string } };
}

/** The upstream's name in the bundle. */
const HOST = 'registry.upstream.example';
const CLIENTS = ['docker-registry', 'skopeo', 'crane', 'regctl', 'cosign'] as const;

describe.skipIf(lacks(...CLIENTS))('what was collected from one registry', () => {
  const cleanup = new AsyncDisposableStack();
  let home: TemporaryDirectory;
  let upstream: LiveRegistry;
  let clients: OciClients;
  let machines: TwoMachines;

  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    const [first] = LIVE_REGISTRIES;
    if (first === undefined) throw new Error('there is no kind of registry');
    upstream = cleanup.use(await first.start());
    clients = await createOciClients(home);
    await publish(upstream, clients, home);
    const wishes = PUBLISHED.map((name) => `  - ${identity(name)}\n`).join('');
    machines = await makeTwoMachines({
      bundle: `format: gapferry.bundle/1\nname: line-a\ninsecure: [${HOST}]\nimages:\n${wishes}`,
      environment: { GAPFERRY_CONNECT_TO: `${HOST}:80=${upstream.host},${HOST}:443=${upstream.host}` },
    });
    cleanup.defer(() => machines.close());
    await machines.collect('--first', '--version', '1.0.0');
    await machines.export();
  });
  afterAll(() => cleanup.disposeAsync());

  const source = (name: Published): string => `${upstream.host}/${name}:1.0`;

  for (const [index, kind] of LIVE_REGISTRIES.entries())
    describe.skipIf(lacks(kind.needs))(`imported into ${kind.name}`, () =>
      isTheSameInside(kind, `plant-${index}`),
    );

  function isTheSameInside(kind: LiveRegistryKind, target: string): void {
    let plant: LiveRegistry;
    let inside: Machine;
    const held = (name: Published): string => `${plant.host}/${plant.namespace}${identity(name)}`;
    const load = (): Promise<Reported> =>
      gapferryJson(inside, ['import', machines.stick, '--site', 'site/site.yaml', '--yes']);

    beforeAll(async () => {
      plant = await kind.start();
      cleanup.use(plant);
      const { NETWORK_LOG = '', ...environment } = machines.inside.environment ?? {};
      inside = {
        ...machines.inside,
        environment: { ...environment, NETWORK_LOG, NETWORK_ALLOWED: plant.host },
      };
      await writeSite(inside, plant, target);
      await clients.know(plant);
      expect(await load()).toMatchObject({ kind: 'loaded' });
    });

    it.for(PUBLISHED)('%s has the digest and the manifest that crane sees upstream', async (name) => {
      expect(await clients.crane('digest', held(name))).toBe(await clients.crane('digest', source(name)));
      expect(await clients.crane('manifest', held(name))).toBe(await clients.crane('manifest', source(name)));
    });

    it('skopeo pulls the same bytes as upstream', async () => {
      const skopeo = createSkopeo(home);
      for (const name of ['app', 'docker', 'multi'] as const) {
        const [ours, theirs] = [home.join(`${target}-${name}`), home.join(`upstream-${name}`)];
        await skopeo.pull(plant, `${plant.namespace}${identity(name)}`, ours);
        await skopeo.pull(upstream, `${name}:1.0`, theirs);
        expect(await readFile(join(ours, 'manifest.json'))).toEqual(
          await readFile(join(theirs, 'manifest.json')),
        );
      }
    });

    it('cosign verifies what it signed upstream, in both of its formats', async () => {
      const key = ['--key', home.join('cosign.pub'), '--insecure-ignore-tlog', '--allow-http-registry'];
      for (const format of ['--new-bundle-format=false', '--new-bundle-format=true']) {
        const verify = async (at: string): Promise<string[]> =>
          (JSON.parse(await clients.cosign('verify', ...key, format, at)) as Signed[]).map(
            ({ critical }) => critical.image['docker-manifest-digest'],
          );
        const signed = await verify(source('app'));
        expect(new Set(signed)).toEqual(new Set([await clients.crane('digest', source('app'))]));
        expect(await verify(held('app'))).toEqual(signed);
      }
    });

    it('cosign tree shows what it shows upstream', async () => {
      const tree = async (at: string): Promise<string[]> => {
        const shown = await clients.cosign('tree', '--allow-http-registry', at);
        return [...new Set(shown.match(/sha256[:-][0-9a-f]{64}(?:\.\w+)?/g) ?? [])].sort();
      };
      const above = await tree(source('app'));
      expect(above.length).toBeGreaterThan(3);
      expect(await tree(held('app'))).toEqual(above);
    });

    it.for(['app', 'multi'] as const)('regctl finds attached to %s what it finds upstream', async (name) => {
      const attached = await attachedTo(clients, source(name));
      expect(attached.length).toBeGreaterThan(0);
      expect(await attachedTo(clients, held(name))).toEqual(attached);
    });

    it('a second import changes nothing', async () => {
      expect(await load()).toMatchObject({ kind: 'unchanged' });
      expect(await machines.reached()).toBe('');
    });

    it.skipIf(lacks('containerd', 'ctr') || !isRoot())(
      'containerd pulls it under its old name by the hosts.toml that gapferry makes',
      async () => {
        const certificates = home.join(`certs.d-${target}`);
        const site = ['--site', 'site/site.yaml', '--target', target];
        await gapferryJson(inside, ['mirror-config', 'containerd', ...site, '-o', certificates]);
        await using containerd = await startContainerd();
        for (const name of ['app', 'docker'] as const) {
          await containerd.pull(identity(name), certificates);
          expect(await containerd.ctr('images', 'list', `name==${identity(name)}`)).toContain(
            await clients.crane('digest', source(name)),
          );
        }
      },
    );
  }
});

function identity(name: Published): string {
  return `${HOST}/${name}:1.0`;
}

/** The password stands in a file of its own. */
async function writeSite({ directory }: Machine, plant: LiveRegistry, target: string): Promise<void> {
  const { host, namespace, credentials } = plant;
  if (credentials !== undefined)
    await writeFile(
      join(directory, 'site/plant.login'),
      `${credentials.username}:${credentials.password}\n`,
      { mode: 0o600 },
    );
  const login = credentials === undefined ? '' : ', credentials: {file: plant.login}';
  const registry = `name: ${target}, kind: registry, url: "http://${host}", path: "${namespace}{host}/{path}"${login}`;
  await writeFile(
    join(directory, 'site/site.yaml'),
    `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\ntargets:\n  - {${registry}}\n`,
  );
}

/** Prints why not. */
function isRoot(): boolean {
  if (process.getuid?.() === 0) return true;
  process.stderr.write('skipped: containerd needs root\n');
  return false;
}
