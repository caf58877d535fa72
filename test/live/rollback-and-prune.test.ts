import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProcessResult, runProcess } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeZone, type Zone } from '../e2e/zone.ts';
import { gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { allowGoingBack } from '../support/going-back.ts';
import { pinPolicy } from '../support/pin-policy.ts';
import { REGISTRY } from '../support/upstream.ts';
import { type Distribution, startDistribution } from './support/distribution.ts';
import { type Minio, startMinio } from './support/minio.ts';
import { lacks, tool } from './support/tools.ts';

const SITE = ['--site', 'site/site.yaml'];
const cleanup = new AsyncDisposableStack();
let zone: Zone;
let minio: Minio;
let storage: string;
let inside: Machine;
const apps: string[] = [];

const at = (...parts: readonly string[]): string => join(zone.inside.directory, ...parts);
const run = (args: readonly string[], exitCode = 0): Promise<Reported> =>
  gapferryJson(inside, [...args, ...SITE], exitCode);

/** The same storage behind another registry: one that deletes or not. */
async function behind(deletes: boolean, port = 0): Promise<Distribution> {
  const hub = await startDistribution({ version: '3', storage, deletes, port });
  inside = {
    ...zone.inside,
    environment: {
      ...zone.inside.environment,
      NETWORK_ALLOWED: [hub.host, minio.host].join(','),
      MINIO_USERNAME: minio.accessKey,
      MINIO_PASSWORD: minio.secretKey,
    },
  };
  await mkdir(at('site/srv'), { recursive: true });
  await writeFile(
    at('site/site.yaml'),
    `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
targets:
  - {name: hub, kind: registry, url: "http://${hub.host}", takes: [images, charts]}
  - {name: bucket, kind: s3, endpoint: "${minio.url}", bucket: plant, create: true, insecure: true, latest: "{channel}/latest/{path}", takes: [files], credentials: {env: MINIO}}
  - {name: forge, kind: git, url: srv, path: "{host}/{path}"}
`,
  );
  return hub;
}

/** As the registry itself says it. */
async function digestAt({ host }: Distribution, reference: string): Promise<string | undefined> {
  const answer = await fetch(`http://${host}/v2/${REGISTRY}/line-a/app/manifests/${reference}`, {
    method: 'HEAD',
    headers: { Accept: 'application/vnd.oci.image.index.v1+json' },
  });
  return answer.headers.get('docker-content-digest') ?? undefined;
}

async function load(hub: Distribution, version: string, ...flags: readonly string[]): Promise<void> {
  await zone.collect('--version', version, ...flags);
  await zone.export();
  await run(['import', zone.stick, '--yes']);
  apps.push(String(await digestAt(hub, '1.0')));
}

const isLacking = lacks('distribution-3', 'minio');

beforeAll(async () => {
  if (isLacking) return;
  zone = await makeZone();
  cleanup.defer(() => zone.close());
  minio = cleanup.use(await startMinio());
  storage = zone.path('storage');
  await allowGoingBack(zone.inside, ['anna']);
  await pinPolicy(zone.inside);
}, 60_000);
afterAll(() => cleanup.disposeAsync());

describe.skipIf(isLacking)('distribution 3 and MinIO', { timeout: 120_000 }, () => {
  it('go back without a medium and forward again; a registry that does not delete says so, one that does lets go', async () => {
    let port: number;
    {
      await using hub = await behind(false);
      port = hub.port;
      await load(hub, '1.0.0', '--first');
      await zone.upstream.change();
      await load(hub, '1.1.0');
      const what = ['--to', 'line-a/1', '--reason', 'live', '--not-after', '2099-12-31'];
      await run(['trust', 'override', ...what, '--key', 'site/keys/anna.key']);
      const back = ['import', '--to', 'line-a/1', '--override', 'override.sigstore.json', '--yes'];
      expect(await run(back)).toMatchObject({ kind: 'loaded' });
      expect(await digestAt(hub, '1.0')).toBe(apps[0]);
      expect(await run(['import', '--to', 'line-a/2', '--yes'])).toMatchObject({ kind: 'loaded' });
      expect(await digestAt(hub, '1.0')).toBe(apps[1]);

      await run(['prune', '--keep', '1', '-o', 'prune.json']);
      const told = await run(['prune', '--plan', 'prune.json', '--yes'], 3);
      expect(told).toMatchObject({ kind: 'partly-pruned' });
      expect(JSON.stringify(told['stayed'])).toContain('this registry does not delete');
      expect(await digestAt(hub, apps[0] ?? '')).toBe(apps[0]);
    }
    {
      await using elsewhere = await behind(true);
      await run(['prune', '--keep', '1', '-o', 'prune.json']);
      await run(['prune', '--plan', 'prune.json', '--yes'], 3);
      expect(await digestAt(elsewhere, apps[0] ?? '')).toBe(apps[0]);
    }
    await using hub = await behind(true, port);
    await run(['prune', '--keep', '1', '-o', 'prune.json']);
    expect(await run(['prune', '--plan', 'prune.json', '--yes'])).toMatchObject({ kind: 'pruned' });
    expect(await digestAt(hub, apps[0] ?? '')).toBeUndefined();
    expect(await digestAt(hub, '1.0')).toBe(apps[1]);
    expect(await run(['import', zone.stick, '--yes'])).toMatchObject({ kind: 'unchanged' });
  });
});

describe.skipIf(isLacking || lacks('cosign'))('cosign, without network', () => {
  const verify = (key: string, file: string): Promise<ProcessResult> =>
    runProcess(
      tool('cosign'),
      [
        ...['verify-blob-attestation', '--key', key, '--bundle', file, '--insecure-ignore-tlog'],
        ...['--check-claims=false', '--type', 'https://gapferry.dev/override/v1'],
      ],
      { env: { PATH: process.env['PATH'], HOME: zone.path(), HTTPS_PROXY: 'http://127.0.0.1:9' } },
    );

  it('accepts an override by its key, and refuses it by another', async () => {
    const good = await verify(at('site/keys/anna.pub'), at('override.sigstore.json'));
    expect(good).toMatchObject({ code: 0, stderr: expect.stringContaining('Verified OK') });
    const other = await verify(at('site/keys/plant-7.pub'), at('override.sigstore.json'));
    expect(other.code).not.toBe(0);
  });
});
