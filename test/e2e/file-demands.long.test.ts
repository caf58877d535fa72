import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { digestOf } from '@gapferry/core';
import { mustRun, startFileServer, type TestFileServer } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson } from '../support/command-line.ts';
import { makeStagingHost, type StagingHost } from '../support/staging-host.ts';

const MINISIGN = JSON.parse(
  await readFile(new URL('../../packages/signing/src/testing/minisign/signed.json', import.meta.url), 'utf8'),
) as Record<'text' | 'publicKey' | 'prehashed', string>;
const [, MINISIGN_KEY = ''] = MINISIGN.publicKey.split('\n');

let host: StagingHost;
let server: TestFileServer;
beforeEach(async () => {
  host = await makeStagingHost();
  server = await startFileServer(new Map());
});
afterEach(async () => {
  await server.close();
  await host.close();
});

const inBundle = (name: string): string => host.path('bundles/line-a', name);
async function checked(release: number): Promise<unknown> {
  const manifest = await readFile(host.path(`depot/releases/line-a/${release}/manifest.json`), 'utf8');
  const { items } = JSON.parse(manifest) as { items: { id: string; checked: unknown }[] };
  return Object.fromEntries(items.map(({ id, checked: of }) => [id, of]));
}

describe('what a file must be', { timeout: 60_000 }, () => {
  it('is checked in every way that bundle.yaml has, and stands in the manifest', async () => {
    const tool = MINISIGN.text;
    const sums = `${createHash('sha256').update(tool).digest('hex')}  tool\n`;
    await writeFile(inBundle('tool'), tool);
    await mustRun(
      'openssl',
      ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'k'],
      {
        cwd: inBundle(''),
      },
    );
    await writeFile(
      inBundle('k.pub'),
      await mustRun('openssl', ['pkey', '-in', 'k', '-pubout'], { cwd: inBundle('') }),
    );
    await mustRun('openssl', ['dgst', '-sha256', '-sign', 'k', '-out', 'tool.sig', 'tool'], {
      cwd: inBundle(''),
    });
    for (const [path, text] of [
      ['tool', tool],
      ['SHA256SUMS', sums],
      ['tool.minisig', MINISIGN.prehashed],
    ] as const)
      server.files.set(`/${path}`, text);
    const line = (as: string, demand: string): string =>
      `  - {url: "${server.url}/tool", as: ${as}, ${demand}}\n`;
    await host.want(
      `files:\n${[
        line('long', `sha512: ${createHash('sha512').update(tool).digest('hex')}`),
        line('key', 'signature: {path: tool.sig, key: k.pub}'),
        line('minisign', `signature: {url: "${server.url}/tool.minisig", minisign: ${MINISIGN_KEY}}`),
        line('seen', 'check: first-seen'),
        line('sums', `checksums: {url: "${server.url}/SHA256SUMS"}`),
      ].join('')}`,
    );
    expect(await host.collect(0)).toMatchObject({ kind: 'sealed' });
    expect(await checked(1)).toEqual({
      long: ['given-sha512'],
      key: [{ by: 'cosign-key', key: expect.stringMatching(/^sha256:/) }],
      minisign: [{ by: 'minisign', key: 'C09F23ED92F77218' }],
      seen: ['first-seen'],
      sums: ['checksums'],
    });
    expect(await host.collect(0, ['--locked'])).toMatchObject({ kind: 'unchanged' });
    const before = server.requests.length;
    expect(await host.collect(0, [])).toMatchObject({ kind: 'unchanged' });
    expect(
      server.requests.slice(before).filter(({ method, url }) => method === 'GET' && url === '/tool'),
    ).toEqual([]);

    server.files.set('/tool.minisig', MINISIGN.prehashed.replace('file:tool', 'file:t00l'));
    const refused = await host.collect(4, ['--locked']);
    expect(refused.error).toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(refused.error?.message).toContain('minisign');
  });

  it('is what was first seen, until somebody accepts another', async () => {
    server.files.set('/tool', 'v1');
    await host.want(`files: [{url: "${server.url}/tool", as: "bin/{name}", check: first-seen}]\n`);
    expect(await host.collect(0)).toMatchObject({ kind: 'sealed' });
    server.files.set('/tool', 'v2');
    const { error } = await host.collect(4, []);
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH' });
    for (const part of [digestOf('v1'), digestOf('v2'), 'bin/tool']) expect(error?.message).toContain(part);
    const shown = await gapferry(host.machine, ['collect', 'bundles/line-a']);
    expect([shown.code, shown.stderr]).toEqual([
      4,
      expect.stringContaining('gapferry resolve BUNDLE --accept bin/tool'),
    ]);
    expect(
      (await gapferryJson(host.machine, ['resolve', 'bundles/line-a', '--check'], 4)).error,
    ).toMatchObject({
      code: 'DIGEST_MISMATCH',
    });

    const unknown = ['resolve', 'bundles/line-a', '--accept', 'bin/t00l'];
    expect((await gapferryJson(host.machine, unknown, 2)).error).toMatchObject({ code: 'USAGE' });
    await gapferryJson(host.machine, ['resolve', 'bundles/line-a', '--accept', 'bin/tool']);
    expect(await host.collect(0, ['--version', '1.1.0'])).toMatchObject({ kind: 'sealed' });
    expect(await readFile(inBundle('bundle.lock.json'), 'utf8')).toContain(digestOf('v2'));
  });
});
