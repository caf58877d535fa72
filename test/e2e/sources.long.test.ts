import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '@gapferry/core';
import {
  freePort,
  makeImage,
  makeIndex,
  makeTlsIdentity,
  seededBuffer,
  startFileServer,
  startRegistry,
  type TestImage,
  type TestRegistry,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeStagingHost, type StagingHost } from '../support/staging-host.ts';

const LAYER = 3_000_000;
let host: StagingHost;
let image: TestImage;
beforeEach(async () => {
  host = await makeStagingHost();
  image = await makeImage({ layers: [{ size: LAYER, seed: 'sources' }] });
});
afterEach(() => host.close());

const wanting = (registry: TestRegistry, tag = '1.0'): string =>
  `images:\n  - ${registry.host}/team/app:${tag}\n`;

describe('a source that cannot be asked', { timeout: 60_000 }, () => {
  it('is unreachable: says who, and that it was tried', async () => {
    const port = await freePort();
    await host.want(`images:\n  - 127.0.0.1:${port}/team/app:1.0\n`);
    const { error } = await host.collect(6);
    expect(error).toMatchObject({ code: 'UNREACHABLE', origin: 'source', retryable: true });
    expect(error?.message).toContain(`127.0.0.1:${port}`);
    expect(error?.message).toContain('team/app:1.0');
    expect(error?.hint).toBeTruthy();
  });

  it('has no such tag: names the tag', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', image);
    await host.want(wanting(registry, '9.9'));
    const { error } = await host.collect(5);
    expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND', retryable: false });
    expect(error?.message).toContain('team/app:9.9');
  });

  it('has other platforms only: names those that exist', async () => {
    await using registry = await startRegistry();
    const platforms = ['linux/arm64', 'windows/amd64'];
    const children = await Promise.all(platforms.map((platform) => makeImage({ platform, seed: platform })));
    registry.seedImage('team/app', '1.0', makeIndex(children));
    await host.want(wanting(registry));
    const { error } = await host.collect(5);
    expect(error).toMatchObject({ code: 'PLATFORM_NOT_FOUND' });
    for (const platform of ['linux/amd64', ...platforms]) expect(error?.message).toContain(platform);
  });
});

describe('a source that wants to know who asks', { timeout: 60_000 }, () => {
  const secret = 'Sesam-oeffne-dich-47';
  const credentials = { username: 'staging', password: secret };

  for (const kind of ['basic', 'bearer'] as const)
    it(`refuses without credentials and gives with Docker's, which stay secret (${kind})`, async () => {
      await using registry = await startRegistry({ auth: { kind, ...credentials } });
      registry.seedImage('team/app', '1.0', image);
      await host.want(wanting(registry));
      expect((await host.collect(6)).error).toMatchObject({ code: 'UNAUTHORIZED' });
      const auth = Buffer.from(`staging:${secret}`).toString('base64');
      const docker = { DOCKER_CONFIG: host.path('docker') };
      await writeDockerConfig(host.path('docker'), { auths: { [registry.host]: { auth } } });
      const told = await host.collect(0, ['--first'], docker);
      const everywhere = [
        JSON.stringify(told),
        ...(await filesBelow(host.path('depot'))),
        ...(await filesBelow(host.path('bundles'))),
      ].join('\n');
      expect(everywhere).toContain('team/app');
      for (const form of [secret, auth, encodeURIComponent(secret)]) expect(everywhere).not.toContain(form);
      expect(registry.tokenRequests.length > 0).toBe(kind === 'bearer');
    });

  it('does not show a wrong password that it refuses', async () => {
    await using registry = await startRegistry({ auth: { kind: 'basic', ...credentials } });
    registry.seedImage('team/app', '1.0', image);
    await host.want(wanting(registry));
    const wrong = 'Not-the-right-one-11';
    await writeDockerConfig(host.path('docker'), {
      auths: { [registry.host]: { username: 'staging', password: wrong } },
    });
    const told = await host.collect(6, ['--first', '--debug'], { DOCKER_CONFIG: host.path('docker') });
    expect(told.error).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(JSON.stringify(told)).not.toContain(wrong);
  });
});

describe('a source with a certificate of its own authority', { timeout: 60_000 }, () => {
  it('is refused until GAPFERRY_CA names the authority', async () => {
    const tls = await makeTlsIdentity(['registry.plant.example']);
    await using registry = await startRegistry({ tls });
    registry.seedImage('team/app', '1.0', image);
    await writeFile(host.path('ca.pem'), tls.ca);
    await host.want('images:\n  - registry.plant.example/team/app:1.0\n');
    const reach = { GAPFERRY_CONNECT_TO: `registry.plant.example:443=${registry.host}` };
    const { error } = await host.collect(6, ['--first'], reach);
    expect(error?.message).toContain('registry.plant.example');
    expect(`${error?.hint}`).toContain('GAPFERRY_CA');
    expect(registry.requests).toEqual([]);
    await host.collect(0, ['--first'], { ...reach, GAPFERRY_CA: host.path('ca.pem') });
  });
});

describe('a source with a bad day', { timeout: 60_000 }, () => {
  it('limits the rate, waits out Retry-After, and then gives', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', image);
    registry.addFault({
      match: ({ path }) => path.includes('/manifests/'),
      times: 1,
      do: { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
    });
    await host.want(wanting(registry));
    const { code, stderr } = await host.start();
    expect(code).toBe(0);
    expect(stderr).toMatch(/trying again .* in 1/);
  });

  it('fails twice with 5xx, and then gives', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', image);
    registry.addFault({
      match: ({ path }) => path.includes('/blobs/'),
      times: 2,
      do: { kind: 'status', status: 503 },
    });
    await host.want(wanting(registry));
    expect(await host.collect(0)).toMatchObject({ kind: 'sealed' });
    expect(registry.requests.filter(({ status }) => status === 503)).toHaveLength(2);
  });

  it('cuts the connection in a blob: only the rest is asked for', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', image);
    const layer = image.blobs.find(({ size }) => size > LAYER - 1000);
    const at = 1_200_000;
    registry.addFault({
      match: ({ path }) => path.endsWith(layer?.digest ?? ''),
      times: 1,
      do: { kind: 'cut', afterBytes: at },
    });
    await host.want(wanting(registry));
    expect(await host.collect(0)).toMatchObject({ kind: 'sealed' });
    const asked = registry.requests.filter(({ url }) => url.endsWith(layer?.digest ?? ''));
    expect(asked).toHaveLength(2);
    const from = Number(/^bytes=(\d+)-/.exec(asked[1]?.headers['range'] ?? '')?.[1]);
    expect(from).toBeGreaterThan(0);
    expect(from).toBeLessThanOrEqual(at);
    expect(asked[1]?.status).toBe(206);
    expect(asked[1]?.bytesSent).toBe((layer?.size ?? 0) - from);
    expect(await readFile(host.path('depot/blobs/sha256', layer?.digest.slice(7) ?? ''))).toHaveLength(
      layer?.size ?? 0,
    );
  });
});

describe('a source that lies', { timeout: 60_000 }, () => {
  it('sends another blob than it promised: refused, and not kept', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', image);
    const layer = image.blobs.find(({ size }) => size > LAYER - 1000);
    registry.addFault({
      match: ({ path }) => path.endsWith(layer?.digest ?? ''),
      do: { kind: 'corrupt', atByte: 700_000 },
    });
    await host.want(wanting(registry));
    const { error } = await host.collect(4);
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'source', retryable: false });
    expect(error?.message).toContain('team/app:1.0');
    expect(registry.requests.filter(({ url }) => url.endsWith(layer?.digest ?? ''))).toHaveLength(1);
    expect(await readdir(host.path('depot/blobs/sha256'))).not.toContain(layer?.digest.slice(7));
    expect(await readdir(host.path('depot/releases')).catch(() => [])).toEqual([]);
  });

  it('serves another file than the bundle wants: both digests are named', async () => {
    const [wanted, served] = [seededBuffer(50_000, 'wanted'), seededBuffer(50_000, 'served')];
    await using files = await startFileServer(new Map([['/k3s', served]]));
    const sha256 = digestOf(wanted).slice(7);
    await host.want(`files:\n  - {url: ${files.url}/k3s, sha256: ${sha256}, as: k3s/k3s}\n`);
    const { error } = await host.collect(4);
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH' });
    const told = `${error?.message} ${JSON.stringify(error?.data)}`;
    for (const text of ['k3s/k3s', sha256, digestOf(served).slice(7)]) expect(told).toContain(text);
  });
});

async function writeDockerConfig(directory: string, config: unknown): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'config.json'), JSON.stringify(config));
}

/** Every file as text, also binary ones: a secret would show. */
async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')));
}
