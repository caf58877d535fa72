import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { LIVE_REGISTRIES, type LiveRegistry, type LiveRegistryKind } from './support/live-registry.ts';
import { attachedTo, createOciClients, type OciClients } from './support/oci-clients.ts';
import { PUBLISHED, type Published, publish } from './support/publish.ts';
import { type ServedDepot, serveEmbedded } from './support/serve-embedded.ts';
import { lacks } from './support/tools.ts';

interface ImageItem {
  readonly id: string;
  readonly upstream: string;
  readonly root: { readonly digest: string };
  readonly attachments?: ReadonlyArray<{
    readonly subject: string;
    readonly root: { readonly digest: string };
  }>;
}

/** What `cosign verify` prints of a signature. */
interface Signed {
  readonly critical: { readonly image: { readonly 'docker-manifest-digest': string } };
}

/** The registry's name in the bundle: a reference may not have a port behind its first slash, where it stands inside. */
const HOST = 'registry.upstream.example';
const CLIENTS = ['skopeo', 'crane', 'regctl', 'cosign'] as const;

for (const kind of LIVE_REGISTRIES)
  describe.skipIf(lacks(kind.needs, ...CLIENTS))(
    `${kind.name}, filled by skopeo, crane, regctl and cosign`,
    () => tellsWhatItHas(kind),
  );

function tellsWhatItHas(kind: LiveRegistryKind): void {
  const cleanup = new AsyncDisposableStack();
  let home: TemporaryDirectory;
  let registry: LiveRegistry;
  let clients: OciClients;
  let machines: TwoMachines;
  let items: readonly ImageItem[];
  let served: ServedDepot;

  const upstream = (name: Published, tag = ':1.0'): string =>
    `${registry.host}/${registry.namespace}${name}${tag}`;
  const identity = (name: Published): string => `${HOST}/${registry.namespace}${name}:1.0`;
  const item = (name: Published): ImageItem | undefined => items.find(({ id }) => id === identity(name));

  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    registry = cleanup.use(await kind.start());
    clients = await createOciClients(home);
    await publish(registry, clients, home);
    const wishes = PUBLISHED.map((name) => `  - ${identity(name)}\n`).join('');
    machines = await makeTwoMachines({
      bundle: `format: gapferry.bundle/1\nname: line-a\ninsecure: [${HOST}]\nimages:\n${wishes}`,
      environment: { GAPFERRY_CONNECT_TO: `${HOST}:80=${registry.host},${HOST}:443=${registry.host}` },
    });
    cleanup.defer(() => machines.close());
    await machines.collect('--first', '--version', '1.0.0');
    await machines.export();
    await machines.import();
    served = cleanup.use(await serveEmbedded(machines.inside));
    const manifest = await readFile(join(machines.stick, 'releases/line-a/1/manifest.json'), 'utf8');
    items = (JSON.parse(manifest) as { items: ImageItem[] }).items;
  }, 300_000);
  afterAll(() => cleanup.disposeAsync());

  it.for(PUBLISHED)('gives %s under the digest that crane sees upstream', async (name) => {
    const digest = await clients.crane('digest', upstream(name));
    expect(item(name)).toMatchObject({ upstream: digest, root: { digest } });
  });

  it.for(['app', 'multi'] as const)(
    'gives with %s everything that regctl finds attached to it',
    async (name) => {
      const attached = await attachedTo(clients, upstream(name));
      const below = name === 'multi' ? await attachedToChildren(upstream(name, '')) : [];
      const expected = [...new Set([...attached, ...below])].sort();
      expect(expected.length).toBe(name === 'app' ? 7 : 2);
      const collected = item(name)?.attachments?.map(({ root: { digest } }) => digest) ?? [];
      expect([...new Set(collected)].sort()).toEqual(expected);
    },
  );

  async function attachedToChildren(repository: string): Promise<string[]> {
    const { manifests } = JSON.parse(await clients.crane('manifest', `${repository}:1.0`)) as {
      manifests: ReadonlyArray<{ digest: string }>;
    };
    const each = manifests.map(({ digest }) => attachedTo(clients, `${repository}@${digest}`));
    return (await Promise.all(each)).flat();
  }

  it('keeps every blob under the name that sha256sum gives it, on both sides', async () => {
    for (const depot of [join(machines.outside.directory, 'depot'), machines.embedded()]) {
      const directory = join(depot, 'blobs/sha256');
      const sums = await mustRun('sha256sum', await readdir(directory), { cwd: directory });
      for (const line of sums.trim().split('\n')) expect(line.slice(0, 64)).toBe(line.slice(66));
    }
  });

  it.for(PUBLISHED)('lets crane pull %s inside, unchanged', async (name) => {
    const inside = `${served.host}/${identity(name)}`;
    expect(await clients.crane('digest', inside)).toBe(await clients.crane('digest', upstream(name)));
    expect(await clients.crane('manifest', inside)).toBe(await clients.crane('manifest', upstream(name)));
  });

  it('lets cosign verify inside what it signed upstream, in both of its formats', async () => {
    const key = ['--key', home.join('cosign.pub'), '--insecure-ignore-tlog', '--allow-http-registry'];
    for (const format of ['--new-bundle-format=false', '--new-bundle-format=true']) {
      const verify = async (at: string): Promise<string[]> =>
        (JSON.parse(await clients.cosign('verify', ...key, format, at)) as Signed[]).map(
          ({ critical }) => critical.image['docker-manifest-digest'],
        );
      const signed = await verify(upstream('app'));
      expect(new Set(signed)).toEqual(new Set([item('app')?.root.digest]));
      expect(await verify(`${served.host}/${identity('app')}`)).toEqual(signed);
    }
  });

  it('shows regctl inside what it shows upstream', async () => {
    await clients.know(served);
    const inside = await attachedTo(clients, `${served.host}/${identity('app')}`);
    expect(inside).toEqual(await attachedTo(clients, upstream('app')));
  });
}
