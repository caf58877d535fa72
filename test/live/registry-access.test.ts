import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import {
  type CuttingProxy,
  flipByte,
  makeImage,
  makeTlsIdentity,
  startCuttingProxy,
  startTokenServer,
  type TemporaryDirectory,
  type TestImage,
  type TlsIdentity,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeStagingHost, type StagingHost } from '../support/staging-host.ts';
import {
  DISTRIBUTIONS,
  type Distribution,
  type DistributionOptions,
  type DistributionVersion,
  startDistribution,
} from './support/distribution.ts';
import { writeOciLayout } from './support/oci-layout.ts';
import { createSkopeo, dockerConfig, type Place } from './support/skopeo.ts';
import { lacks } from './support/tools.ts';

const NAME = 'registry.plant.example';
const LAYER = 6_000_000;
const VERSIONS: readonly DistributionVersion[] = ['2.8', '3'];
const login = { username: 'staging', password: 'Sesam-oeffne-dich-47' } as const;

let home: TemporaryDirectory;
let host: StagingHost;
let image: TestImage;
let tls: TlsIdentity;

beforeEach(async () => {
  home = await temporaryDirectory();
  host = await makeStagingHost();
  tls = await makeTlsIdentity([NAME, '127.0.0.1']);
  image = await makeImage({ layers: [{ size: LAYER, seed: 'live' }] });
  await writeOciLayout(home.join('made'), { app: image });
  await mkdir(home.join('certificates'));
  await writeFile(home.join('certificates/ca.crt'), tls.ca);
  await mkdir(home.join('docker'));
});
afterEach(async () => {
  await host.close();
  await home.remove();
});

/** A registry with `team/app:1.0`, pushed by skopeo. */
async function registryWithApp(
  options: DistributionOptions,
  place: Partial<Place> = {},
): Promise<Distribution> {
  const registry = await startDistribution(options);
  try {
    await createSkopeo(home).push(`${home.join('made')}:app`, 'team/app:1.0', {
      host: registry.host,
      ...place,
    });
    return registry;
  } catch (error) {
    await registry[Symbol.asyncDispose]();
    throw error;
  }
}

const wanting = (registry: string, name = 'team/app:1.0'): string => `images:\n  - ${registry}/${name}\n`;

/** How the host reaches the registry by its name, and trusts it. */
const reaching = (registry: Distribution): Record<string, string> => ({
  GAPFERRY_CONNECT_TO: `${NAME}:443=${registry.host}`,
  GAPFERRY_CA: home.join('certificates/ca.crt'),
  DOCKER_CONFIG: home.join('docker'),
});

const knows = (
  registry: string,
  credentials: typeof login | { username: string; password: string },
): Promise<void> => writeFile(home.join('docker/config.json'), dockerConfig(registry, credentials));

/** The manifest of the only release names the image that was pushed. */
async function expectCollected(): Promise<void> {
  const manifest = await readFile(host.path('depot/releases/line-a/1/manifest.json'), 'utf8');
  expect(manifest).toContain(image.root.digest);
}

for (const version of VERSIONS)
  describe.skipIf(lacks(DISTRIBUTIONS[version], 'skopeo'))(`distribution ${version}`, () => {
    it('over plain HTTP on loopback, for everybody', async () => {
      await using registry = await registryWithApp({ version });
      await host.want(wanting(registry.host));
      await host.collect(0);
      await expectCollected();
    });

    it('has no such tag, no such repository, no such digest: incomplete', async () => {
      await using registry = await registryWithApp({ version });
      for (const name of ['team/app:9.9', 'team/other:1.0', `team/app@sha256:${'0'.repeat(64)}`]) {
        await host.want(wanting(registry.host, name));
        const { error } = await host.collect(5);
        expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND', origin: 'source' });
        expect(error?.message).toContain(name);
      }
    });

    it('over HTTPS, with an authority that nobody knows until GAPFERRY_CA names it', async () => {
      await using registry = await registryWithApp(
        { version, tls },
        { certificates: home.join('certificates') },
      );
      await host.want(wanting(NAME));
      const { GAPFERRY_CA: _authority, ...unaware } = reaching(registry);
      expect((await host.collect(6, ['--first'], unaware)).error?.hint).toContain('GAPFERRY_CA');
      expect(registry.accesses('gapferry')).toEqual([]);
      await host.collect(0, ['--first'], reaching(registry));
      await expectCollected();
    });

    it('over HTTPS under a name that its certificate does not have: refused', async () => {
      const other = await makeTlsIdentity(['somebody.else.example', '127.0.0.1']);
      await writeFile(home.join('certificates/ca.crt'), other.ca);
      await using registry = await registryWithApp(
        { version, tls: other },
        { certificates: home.join('certificates') },
      );
      await host.want(wanting(NAME));
      expect((await host.collect(6, ['--first'], reaching(registry))).error).toMatchObject({
        origin: 'source',
      });
      expect(registry.accesses('gapferry')).toEqual([]);
    });
  });

for (const version of VERSIONS)
  describe.skipIf(lacks(DISTRIBUTIONS[version], 'skopeo', 'htpasswd'))(
    `distribution ${version} with htpasswd`,
    () => {
      it('gives to who is in the file, and to nobody else', async () => {
        const options = { version, tls, auth: { kind: 'basic', ...login } } as const;
        const place = { certificates: home.join('certificates'), credentials: login };
        await using registry = await registryWithApp(options, place);
        await host.want(wanting(NAME));
        for (const password of [undefined, 'wrong'])
          await expectRefused(registry, password === undefined ? undefined : { ...login, password });
        await knows(NAME, login);
        const told = await host.collect(0, ['--first'], reaching(registry));
        await expectCollected();
        expect(JSON.stringify(told)).not.toContain(login.password);
      });
    },
  );

for (const version of VERSIONS)
  describe.skipIf(lacks(DISTRIBUTIONS[version], 'skopeo'))(
    `distribution ${version} with a token service`,
    () => {
      it('gives for a token that the service signed, and only what it allows', async () => {
        await using server = await startTokenServer({ ...login, identity: tls, repositories: ['team/app'] });
        const options = { version, tls, auth: { kind: 'bearer', server, authority: tls.ca } } as const;
        const place = { certificates: home.join('certificates'), credentials: login };
        await using registry = await registryWithApp(options, place);
        await host.want(wanting(NAME));
        for (const password of [undefined, 'wrong'])
          await expectRefused(registry, password === undefined ? undefined : { ...login, password });
        await knows(NAME, login);
        await host.want(wanting(NAME, 'team/secret:1.0'));
        await expectRefused(registry, login);
        await host.want(wanting(NAME));
        await host.collect(0, ['--first'], reaching(registry));
        await expectCollected();
        expect(server.requests.at(-1)?.headers['authorization']).not.toContain(login.password);
      });
    },
  );

async function expectRefused(
  registry: Distribution,
  credentials: { username: string; password: string } | undefined,
): Promise<void> {
  if (credentials === undefined) await rm(home.join('docker/config.json'), { force: true });
  else await knows(NAME, credentials);
  const told = await host.collect(6, ['--first', '--debug'], reaching(registry));
  expect(told.error?.code).toMatch(/^(UNAUTHORIZED|FORBIDDEN)$/);
  if (credentials) expect(JSON.stringify(told)).not.toContain(credentials.password);
}

for (const version of VERSIONS)
  describe.skipIf(lacks(DISTRIBUTIONS[version], 'skopeo'))(`distribution ${version} on a bad day`, () => {
    const blobs = (registry: Distribution): string[] =>
      registry.accesses('gapferry').filter((line) => line.includes(`/blobs/${image.blobs[1]?.digest}`));

    it.for(['http', 'https'])(
      'is cut in the middle of a layer over %s: only the rest is asked for',
      async (scheme) => {
        const secure = scheme === 'https';
        const place = secure ? { certificates: home.join('certificates') } : {};
        await using registry = await registryWithApp(secure ? { version, tls } : { version }, place);
        await using proxy = await startCuttingProxy({ port: registry.port, afterBytes: 4_000_000 });
        await host.want(wanting(secure ? NAME : proxy.host));
        const connectTo = `${NAME}:443=${proxy.host}`;
        await host.collect(0, ['--first'], { ...reaching(registry), GAPFERRY_CONNECT_TO: connectTo });
        await expectCollected();
        expect(proxy.cuts).toBe(1);
        expect(blobs(registry).map((line) => / (\d{3}) \d+ "/.exec(line)?.[1])).toEqual(['200', '206']);
        expect(proxy.bytesPassed).toBeLessThan(LAYER * 1.1);
      },
    );

    it('goes away in the middle of a layer: the next run asks for the rest', async () => {
      await using registry = await registryWithApp({ version });
      const proxy = (staysDown: boolean): Promise<CuttingProxy> =>
        startCuttingProxy({
          port: registry.port,
          afterBytes: 4_000_000,
          times: staysDown ? 1 : 0,
          staysDown,
        });
      await using line = await proxy(true);
      await using repaired = await proxy(false);
      const over = ({ host: to }: CuttingProxy): Record<string, string> => ({
        GAPFERRY_CONNECT_TO: `${NAME}:80=${to},${NAME}:443=${to}`,
      });
      await host.want(`insecure: [${NAME}]\n${wanting(NAME)}`);
      expect((await host.collect(6, ['--first'], over(line))).error?.message).toContain(NAME);
      await host.collect(0, ['--first'], over(repaired));
      await expectCollected();
      expect(line.bytesPassed + repaired.bytesPassed).toBeLessThan(LAYER * 1.1);
      expect(repaired.bytesPassed).toBeGreaterThan(LAYER - 4_000_000);
    });

    it('has damage in its storage: refused, and named', async () => {
      await using registry = await registryWithApp({ version });
      const layer = image.blobs[1]?.digest ?? '';
      await flipByte(registry.blobFile(layer), 1_000_000);
      await host.want(wanting(registry.host));
      const { error } = await host.collect(4);
      expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'source', retryable: false });
      expect(error?.message).toContain(layer.slice(0, 15));
      expect(error?.message).toContain('team/app:1.0');
    });

    it('has lost a layer: incomplete, and named', async () => {
      await using registry = await registryWithApp({ version });
      await rm(registry.blobFile(image.blobs[1]?.digest ?? ''));
      await host.want(wanting(registry.host));
      const { error } = await host.collect(5);
      expect(error?.message).toContain('team/app:1.0');
    });
  });
