import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  makeImage,
  makeIndex,
  makeTlsIdentity,
  mustRun,
  type TemporaryDirectory,
  type TestImage,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { type Distribution, startDistribution } from './support/distribution.ts';
import { writeOciLayout } from './support/oci-layout.ts';
import { type ServedDepot, serveEmbedded } from './support/serve-embedded.ts';
import { createSkopeo, type Skopeo } from './support/skopeo.ts';
import { lacks, tool } from './support/tools.ts';

const HOST = 'registry.upstream.example';
const BUNDLE = `format: gapferry.bundle/1
name: line-a
platforms: [linux/amd64, linux/arm64]
insecure: [${HOST}]
images:
  - {ref: "${HOST}/line-a/single:1.0", platforms: [linux/amd64]}
  - {ref: "${HOST}/line-a/docker:1.0", platforms: [linux/amd64]}
  - ${HOST}/line-a/multi:1.0
  - ${HOST}/line-a/windows-too:1.0
`;
/** Images that the bundle wants whole. */
const WHOLE = ['single', 'docker', 'multi'] as const;
const NAMES = [...WHOLE, 'windows-too'] as const;

let home: TemporaryDirectory;
let registry: Distribution;
let machines: TwoMachines;
let skopeo: Skopeo;
let served: ServedDepot;
const cleanup = new AsyncDisposableStack();
const upstream = new Map<string, string>();

const identity = (name: string): string => `${HOST}/line-a/${name}:1.0`;

async function images(): Promise<Record<(typeof NAMES)[number], TestImage>> {
  const one = (platform: string, seed: string): Promise<TestImage> =>
    makeImage({
      platform,
      seed,
      layers: [
        { size: 600_000, seed: 'base' },
        { size: 70_000, compressible: true },
      ],
    });
  const [amd64, arm64, windows] = await Promise.all(
    ['linux/amd64', 'linux/arm64', 'windows/amd64'].map((platform) => one(platform, platform)),
  );
  if (!amd64 || !arm64 || !windows) throw new Error('no images');
  return {
    single: await one('linux/amd64', 'single'),
    docker: await one('linux/amd64', 'docker'),
    multi: makeIndex([amd64, arm64]),
    'windows-too': makeIndex([amd64, arm64, windows]),
  };
}

describe.skipIf(lacks('docker-registry', 'skopeo'))('images from a real registry to a real client', () => {
  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    registry = cleanup.use(await startDistribution());
    skopeo = createSkopeo(home);
    await writeOciLayout(home.join('made'), await images());
    for (const name of NAMES) {
      const format = name === 'docker' ? 'v2s2' : 'oci';
      await skopeo.push(`${home.join('made')}:${name}`, `line-a/${name}:1.0`, registry, format);
      upstream.set(name, await skopeo.digest(`docker://${registry.host}/line-a/${name}:1.0`, registry));
    }
    const environment = { GAPFERRY_CONNECT_TO: `${HOST}:80=${registry.host},${HOST}:443=${registry.host}` };
    machines = await makeTwoMachines({ bundle: BUNDLE, environment });
    cleanup.defer(() => machines.close());
    await machines.collect('--first', '--version', '1.0.0');
    await machines.export();
    await machines.verify();
    await machines.import();
    served = cleanup.use(await serveEmbedded(machines.inside));
  });
  afterAll(() => cleanup.disposeAsync());

  it('writes the digests down that skopeo and sha256sum find upstream', async () => {
    const manifest = JSON.parse(
      await readFile(join(machines.stick, 'releases/line-a/1/manifest.json'), 'utf8'),
    ) as { items: Array<{ id: string; upstream: string; root: { digest: string } }> };
    const found = Object.fromEntries(manifest.items.map(({ id, upstream: digest }) => [id, digest]));
    expect(found).toEqual(Object.fromEntries(NAMES.map((name) => [identity(name), upstream.get(name)])));
    const changed = manifest.items.filter(({ upstream: digest, root }) => digest !== root.digest);
    expect(changed.map(({ id }) => id)).toEqual([identity('windows-too')]);
  });

  it('keeps every blob of both depots under the name that sha256sum gives it', async () => {
    for (const depot of [join(machines.outside.directory, 'depot'), machines.stick, machines.embedded()]) {
      const directory = join(depot, 'blobs/sha256');
      const names = await readdir(directory);
      expect(names.length).toBeGreaterThan(10);
      const sums = await mustRun('sha256sum', names, { cwd: directory });
      for (const line of sums.trim().split('\n')) expect(line.slice(0, 64)).toBe(line.slice(66));
    }
  });

  // In a layout skopeo looks at OCI's media types only: of Docker's manifests it says that they are not there.
  it.for(['single', 'multi'])(
    'lets skopeo read %s in the depot, on the stick and inside, in place',
    async (name) => {
      for (const depot of [join(machines.outside.directory, 'depot'), machines.stick, machines.embedded()])
        expect(await skopeo.digest(`oci:${depot}:${identity(name)}`)).toBe(upstream.get(name));
    },
  );

  it.for(WHOLE)('lets skopeo pull %s back, unchanged', async (name) => {
    const reference = `docker://${served.host}/${identity(name)}`;
    expect(await skopeo.digest(reference, served)).toBe(upstream.get(name));
    await skopeo.pull(served, identity(name), home.join('pulled', name));
    const sum = await mustRun('sha256sum', [home.join('pulled', name, 'manifest.json')]);
    expect(`sha256:${sum.slice(0, 64)}`).toBe(upstream.get(name));
  });

  it('lets skopeo push what it pulled into a second registry, with the same digest', async () => {
    await using second = await startDistribution();
    for (const name of WHOLE) {
      const from = `docker://${served.host}/${identity(name)}`;
      const flags = ['--src-tls-verify=false', '--dest-tls-verify=false', '--preserve-digests'];
      const to = `docker://${second.host}/line-a/${name}:1.0`;
      await mustRun(tool('skopeo'), ['--insecure-policy', 'copy', '--quiet', '--all', ...flags, from, to]);
      expect(await skopeo.digest(to, second)).toBe(upstream.get(name));
    }
  });

  it('lets skopeo in over HTTPS with user and password, and nobody without', async () => {
    const tls = await makeTlsIdentity();
    const certificates = home.join('certificates');
    await mkdir(certificates);
    const credentials = { username: 'plant', password: 'Sesam-oeffne-dich-48' };
    const files = { 'server.pem': tls.cert, 'server.key': tls.key, 'certificates/ca.crt': tls.ca };
    const all = { ...files, 'who-may': `${credentials.username}:${credentials.password}\n` };
    for (const [name, text] of Object.entries(all)) await writeFile(home.join(name), text, { mode: 0o600 });
    const tlsFlags = ['--tls-cert', home.join('server.pem'), '--tls-key', home.join('server.key')];
    await using closed = await serveEmbedded(machines.inside, [
      ...tlsFlags,
      '--auth-file',
      home.join('who-may'),
    ]);
    const reference = `docker://${closed.host}/${identity('multi')}`;
    const place = { host: closed.host, certificates };
    expect(await skopeo.digest(reference, { ...place, credentials })).toBe(upstream.get('multi'));
    await rm(home.join('auth.json'));
    await expect(skopeo.digest(reference, place)).rejects.toThrow(/unauthorized|authentication required/i);
    const wrong = { ...credentials, password: 'wrong' };
    await expect(skopeo.digest(reference, { ...place, credentials: wrong })).rejects.toThrow(
      /unauthorized|invalid/i,
    );
  });

  it('gives clients their own platform of an image that was cut down to the wanted ones', async () => {
    const name = identity('windows-too');
    const platforms = async (reference: string, from: string): Promise<string[]> => {
      const flags = ['--tls-verify=false', '--raw'];
      const raw = await mustRun(tool('skopeo'), ['inspect', ...flags, `docker://${from}/${reference}`]);
      const { manifests } = JSON.parse(raw) as {
        manifests: Array<{ digest: string; platform: { os: string } }>;
      };
      return manifests.filter(({ platform }) => platform.os === 'linux').map(({ digest }) => digest);
    };
    const offered = await platforms(name, served.host);
    expect(offered).toHaveLength(2);
    expect(offered).toEqual(await platforms('line-a/windows-too:1.0', registry.host));
  });

  it.skipIf(lacks('crane'))('holds before crane validate, every layer and config', async () => {
    const env = { PATH: process.env['PATH'], HOME: home.path };
    for (const name of NAMES) {
      const reference = `${served.host}/${identity(name)}`;
      const said = await mustRun(tool('crane'), ['validate', '--insecure', '--remote', reference], { env });
      expect(said).toContain('PASS');
    }
    const digest = await mustRun(
      tool('crane'),
      ['digest', '--insecure', `${served.host}/${identity('multi')}`],
      { env },
    );
    expect(digest.trim()).toBe(upstream.get('multi'));
  });
});
