import { readFile, writeFile } from 'node:fs/promises';
import {
  digestOf,
  hexOf,
  type KeyFile,
  quietRun,
  type RepositoryChartWish,
  wishDigest,
} from '@gapferry/core';
import { type ChartRegistry, chartSource } from '@gapferry/helm';
import { createHttpClient, type HttpClient } from '@gapferry/http';
import { openPgpSigners } from '@gapferry/signing';
import {
  isMissing,
  makeChart,
  memoryBlobStore,
  mustRun,
  startChartRepository,
  type TemporaryDirectory,
  type TestChart,
  type TestChartRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const run = quietRun();
const PROV = '/demo-1.0.0.tgz.prov';
const nothing = (): Promise<never> => Promise.reject(new Error('no registry'));
const oci: ChartRegistry = { resolve: nothing, manifest: nothing, pull: nothing, tags: nothing };

describe.skipIf(isMissing('gpg', 'gpgconf'))('a chart whose provenance is demanded', () => {
  const cleanup = new AsyncDisposableStack();
  let home: TemporaryDirectory;
  let http: HttpClient;
  let chart: TestChart;
  let keyring: KeyFile;
  let signed: Uint8Array;
  let repository: TestChartRepository;

  const gpg = (...args: readonly string[]): Promise<string> =>
    mustRun('gpg', ['--homedir', home.path, '--batch', '--yes', '--quiet', ...args]);

  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    cleanup.defer(
      async () => void (await mustRun('gpgconf', ['--homedir', home.path, '--kill', 'gpg-agent'])),
    );
    http = createHttpClient();
    cleanup.defer(() => http.close());
    chart = await makeChart({ name: 'demo', version: '1.0.0' });
    await gpg('--passphrase', '', '--quick-gen-key', 'Ada <ada@example.org>', 'ed25519', 'sign', 'never');
    await gpg('--output', home.join('up.gpg'), '--export');
    keyring = { name: 'up.gpg', content: await readFile(home.join('up.gpg')) };
    await writeFile(home.join('text'), `name: demo\n\n...\nfiles:\n  demo-1.0.0.tgz: ${chart.digest}\n`);
    await gpg('--output', home.join('prov'), '--clearsign', home.join('text'));
    signed = await readFile(home.join('prov'));
    repository = cleanup.use(await startChartRepository([chart]));
  });
  beforeEach(() => void repository.files.delete(PROV));
  afterAll(() => cleanup.disposeAsync());

  const collect = async (demanded = true): Promise<unknown> => {
    const wish: RepositoryChartWish = {
      kind: 'chart',
      from: 'repository',
      url: repository.url,
      name: 'demo',
      version: '1.0.0',
    };
    const asked = demanded ? { ...wish, provenance: { keyring: 'up.gpg' } } : wish;
    const source = chartSource({
      http,
      oci,
      attachments: { find: async () => [], fetch: nothing },
      baseDirectory: '/',
      ...(demanded && { provenance: new Map([[wishDigest(asked), openPgpSigners(keyring)]]) }),
    });
    const [pin] = await source.resolve(asked, run);
    return pin && source.fetch(pin, memoryBlobStore(), run);
  };

  it('is taken with a good one', async () => {
    repository.files.set(PROV, signed);
    const [, fingerprint = ''] =
      /^fpr:+([0-9A-F]{40}):/m.exec(await gpg('--list-keys', '--with-colons')) ?? [];
    const checked = [{ by: 'helm-provenance', fingerprint: fingerprint.toLowerCase() }];
    expect(await collect()).toMatchObject({ archive: { digest: chart.digest }, checked });
    expect(await collect(false)).not.toHaveProperty('checked');
  });

  it('is refused with none, and with a page in its place; taken where it is not demanded', async () => {
    await expect(collect()).rejects.toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: expect.stringContaining('demo:1.0.0'),
    });
    repository.files.set(PROV, '<html>not found</html>');
    await expect(collect()).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
    expect(await collect(false)).toMatchObject({ archive: { digest: chart.digest } });
  });

  it('is refused with that of another archive', async () => {
    const text = (await readFile(home.join('text'), 'utf8')).replace(/sha256:./, 'sha256:0');
    await writeFile(home.join('other'), text);
    await gpg('--output', home.join('prov'), '--clearsign', home.join('other'));
    repository.files.set(PROV, await readFile(home.join('prov')));
    await expect(collect()).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it.skipIf(isMissing('helm'))('is taken with what helm makes, and helm takes it as well', async () => {
    await writeFile(home.join('demo-1.0.0.tgz'), chart.archive);
    await mustRun('tar', ['-xzf', home.join('demo-1.0.0.tgz'), '-C', home.path]);
    const helm = (...args: readonly string[]): Promise<string> =>
      mustRun('helm', args, { cwd: home.path, env: { HOME: home.path, PATH: process.env['PATH'] } });
    await gpg(
      '--output',
      home.join('secret.gpg'),
      '--passphrase',
      '',
      '--pinentry-mode',
      'loopback',
      '--export-secret-keys',
    );
    await helm('package', 'demo', '--sign', '--key', 'Ada', '--keyring', home.join('secret.gpg'));
    const [packed, provenance] = await Promise.all(
      ['demo-1.0.0.tgz', 'demo-1.0.0.tgz.prov'].map((name) => readFile(home.join(name))),
    );
    const signers = openPgpSigners(keyring);
    const { text } = await signers.verifyText(provenance ?? Buffer.alloc(0));
    expect(text).toContain(digestOf(packed ?? ''));
    await writeFile(home.join('demo-1.0.0.tgz'), chart.archive);
    await writeFile(home.join('demo-1.0.0.tgz.prov'), signed);
    const told = await helm('verify', 'demo-1.0.0.tgz', '--keyring', home.join('up.gpg'));
    expect(told).toContain(hexOf(chart.digest));
  });

  it.each([
    [403, 'FORBIDDEN'],
    [401, 'UNAUTHORIZED'],
  ])('is refused when the answer for it is %i', async (status, code) => {
    repository.addFault({ match: ({ url }) => url.endsWith('.prov'), do: { kind: 'status', status } });
    await expect(collect()).rejects.toMatchObject({ code });
    repository.clearFaults();
  });
});
