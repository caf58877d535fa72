import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  chartArtifact,
  isMissing,
  makeChart,
  makeImage,
  mustRun,
  startRegistry,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeStagingHost, type StagingHost } from '../support/staging-host.ts';

let host: StagingHost;
beforeEach(async () => {
  host = await makeStagingHost();
});
afterEach(() => host.close());

async function lay(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(host.path(path)), { recursive: true });
    await writeFile(host.path(path), content);
  }
}

const chartYaml = (name: string, ...dependencies: readonly object[]): string =>
  JSON.stringify({ apiVersion: 'v2', name, version: '1.0.0', dependencies });
const pod = (image: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, image: ${image}}]}\n`;

describe('charts on this machine', { timeout: 60_000 }, () => {
  it('are collected with the images that they and their neighbours need, and always alike', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', await makeImage({ seed: 'app' }));
    registry.seedImage('team/lib', '1.0', await makeImage({ seed: 'lib' }));
    const packed = await makeChart({ name: 'packed', version: '2.0.0' });
    await lay({
      'charts/lib/Chart.yaml': chartYaml('lib'),
      'charts/lib/templates/pod.yaml': pod(`${registry.host}/team/lib:1.0`),
      'charts/folder/Chart.yaml': chartYaml('app', {
        name: 'lib',
        version: '1',
        repository: 'file://../lib',
      }),
      'charts/folder/templates/pod.yaml': pod(`${registry.host}/team/app:1.0`),
      'charts/packed.tgz': packed.archive,
    });
    await host.want(
      'charts:\n' +
        '  - {chart: ../../charts/folder, as: charts.example.org/line/app}\n' +
        '  - {chart: ../../charts/packed.tgz, as: charts.example.org/line/packed, images: none}\n',
    );
    const first = await host.collect(0);
    expect(JSON.stringify(first)).toContain('charts.example.org/line/app:1.0.0');
    for (const name of ['team/app:1.0', 'team/lib:1.0', 'charts.example.org/line/packed:2.0.0'])
      expect(JSON.stringify(first)).toContain(name);
    expect(JSON.stringify(await host.collect(0, []))).toContain('unchanged');
    await lay({ 'charts/folder/values.yaml': 'changed: true\n' });
    const { error } = await host.collect(4, ['--locked']);
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(error?.message).toContain('../../charts/folder was changed');
  });

  it('bring the images of dependencies that lie in a registry; what is not there is told with the chain', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', await makeImage({ seed: 'app' }));
    const templates = { 'pod.yaml': pod(`${registry.host}/team/app:1.0`) };
    const lib = await makeChart({ name: 'lib', version: '1.4.0', templates });
    registry.seedImage('charts/lib', '1.4.0', chartArtifact(lib));
    const repository = `oci://${registry.host}/charts`;
    const want = async (version: string): Promise<void> =>
      lay({ 'charts/app/Chart.yaml': chartYaml('app', { name: 'lib', version, repository }) });
    await host.want('charts:\n  - {chart: ../../charts/app, as: charts.example.org/line/app}\n');
    await want('^1');
    expect(JSON.stringify(await host.collect(0))).toContain('team/app:1.0');
    await want('^2');
    const { error } = await host.collect(5, []);
    expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(error?.message).toContain('lib ^2 ← app 1.0.0');
  });

  it('are not collected without the provenance that is demanded', async () => {
    await lay({
      'charts/packed.tgz': (await makeChart({ name: 'packed', version: '2.0.0' })).archive,
      'bundles/line-a/up.gpg': 'keys',
    });
    await host.want(
      'charts:\n  - {chart: ../../charts/packed.tgz, as: charts.example.org/packed, images: none, provenance: {keyring: up.gpg}}\n',
    );
    const { error } = await host.collect(4);
    expect(error).toMatchObject({ code: 'SIGNATURE_MISSING' });
    expect(error?.message).toContain('charts.example.org/packed:2.0.0');
  });

  it.skipIf(isMissing('gpg', 'gpgconf'))(
    'are collected with a provenance that their keyring signed',
    async () => {
      const chart = await makeChart({ name: 'packed', version: '2.0.0' });
      await using keys = await temporaryDirectory();
      const gpg = (...args: readonly string[]): Promise<string> =>
        mustRun('gpg', ['--homedir', keys.path, '--batch', '--yes', '--quiet', ...args]);
      await gpg('--passphrase', '', '--quick-gen-key', 'Ada <ada@example.org>', 'ed25519', 'sign', 'never');
      await lay({
        'charts/packed.tgz': chart.archive,
        'bundles/line-a/up.gpg': await gpg('--armor', '--export'),
        text: `name: packed\n\n...\nfiles:\n  packed-2.0.0.tgz: ${chart.digest}\n`,
      });
      await gpg('--output', host.path('charts/packed.tgz.prov'), '--clearsign', host.path('text'));
      await mustRun('gpgconf', ['--homedir', keys.path, '--kill', 'gpg-agent']);
      await host.want(
        'charts:\n  - {chart: ../../charts/packed.tgz, as: charts.example.org/packed, images: none, provenance: {keyring: up.gpg}}\n',
      );
      expect(JSON.stringify(await host.collect(0))).toContain('charts.example.org/packed:2.0.0');
      await lay({ 'bundles/line-a/up.gpg': 'keys' });
      expect((await host.collect(2, ['--locked'])).error).toMatchObject({ code: 'KEY_UNUSABLE' });
    },
  );
});
