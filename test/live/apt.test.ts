import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startFileServer, type TestFileServer } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { makeAptClient } from './support/apt-client.ts';
import { type AptUpstream, type DebianPackage, startAptUpstream } from './support/apt-upstream.ts';
import { serveEmbedded } from './support/serve-embedded.ts';
import { lacks } from './support/tools.ts';

const PACKAGES: readonly DebianPackage[] = [
  { name: 'historian', version: '1.0-1' },
  { name: 'historian', version: '1.2~rc1-1', depends: 'libc6 (>= 2.34), libhistory (>= 1:1.0)' },
  { name: 'historian', version: '1.1-1', depends: 'libhistory' },
  { name: 'libhistory', version: '1:1.1+b1-1', depends: 'history-data | history-sample' },
  { name: 'sample-data', version: '3', provides: 'history-sample' },
  { name: 'unrelated', version: '1' },
];
const CHOSEN = ['historian_1.2~rc1-1_amd64.deb', 'libhistory_1.1+b1-1_amd64.deb', 'sample-data_3_amd64.deb'];

describe.skipIf(lacks('apt-get', 'dpkg-deb', 'dpkg-scanpackages', 'xz', 'gpg', 'gpgconf'))(
  'an APT repository',
  { timeout: 120_000 },
  () => {
    let cleanup: AsyncDisposableStack;
    let server: TestFileServer;
    let upstream: AptUpstream;
    let machines: TwoMachines;

    beforeEach(async () => {
      cleanup = new AsyncDisposableStack();
      server = cleanup.use(await startFileServer(new Map()));
      const bundle = `format: gapferry.bundle/1
name: line-a
content:
  - kind: apt
    from: ${server.url}/debian
    as: debian
    suite: stable
    components: [main]
    architectures: [amd64]
    packages: [historian (>= 1.1)]
    keyring: plant.gpg
    maxAge: 7d
`;
      machines = await makeTwoMachines({ bundle, environment: {} });
      cleanup.defer(() => machines.close());
      upstream = cleanup.use(await startAptUpstream(machines.path('upstream'), server));
      await writeFile(join(machines.outside.directory, 'bundles/line-a/plant.gpg'), upstream.keyring);
    });
    afterEach(() => cleanup.disposeAsync());

    const carry = async (): Promise<void> => {
      await machines.export();
      expect(await machines.import()).toMatchObject({ kind: 'loaded' });
    };
    const client = async (name: string) => {
      const served = cleanup.use(await serveEmbedded(machines.inside));
      const line = `${served.url}/files/debian stable main`;
      return await makeAptClient(machines.path(name), line, upstream.keyring, ['libc6']);
    };

    it.each([
      ['InRelease', {}],
      ['Release and Release.gpg', { detached: true }],
      ['InRelease, with indexes that only xz packed', { xzAlone: true }],
    ])(
      'signed by %s is one for apt inside, with what was chosen and what that depends on',
      async (_, how) => {
        const debs = await upstream.publish(PACKAGES, how);
        const collected = await machines.collect('--first', '--version', '1.0.0');
        expect(collected['content']).toMatchObject([{ item: 'file debian/', kind: 'apt', state: 'fresh' }]);
        await carry();
        const apt = await client('client');
        await apt.run('update');
        await apt.run('install', '--download-only', '--yes', 'historian');
        const archives = (await readdir(apt.archives)).filter((name) => name.endsWith('.deb'));
        expect(archives.map((name) => name.replace('1%3a', '')).sort()).toEqual(CHOSEN);
        await apt.run('download', 'sample-data');
        for (const [path, bytes] of debs) {
          const name = path.slice(path.lastIndexOf('/') + 1);
          if (!CHOSEN.includes(name)) continue;
          const got = archives.find((one) => one.replace('1%3a', '') === name) ?? '';
          expect((await readFile(join(apt.archives, got))).equals(bytes)).toBe(true);
        }
        await expect(apt.run('download', 'unrelated')).rejects.toThrow(/404/);
        expect(await machines.reached()).toBe('');
      },
    );

    it('that was renewed takes the place of the older one; what is pinned is still reproduced', async () => {
      await upstream.publish(PACKAGES, { date: '2026-01-10T00:00:00Z' });
      const first = await gapferry(machines.outside, [
        'collect',
        'bundles/line-a',
        '--first',
        '--version',
        '1.0.0',
      ]);
      expect(first.code).toBe(0);
      expect(first.stderr).toContain('must have it from elsewhere: libc6 (>= 2.34)');
      await carry();
      const renewed = [...PACKAGES, { name: 'historian', version: '1.2-1', depends: 'libhistory' }];
      await upstream.publish(renewed, { date: '2026-01-20T00:00:00Z' });
      expect(await machines.collect('--locked')).toMatchObject({ kind: 'unchanged' });
      await machines.collect('--version', '1.1.0');
      const { stdout } = await gapferry(machines.outside, ['diff', 'depot#line-a/1', 'depot#line-a/2']);
      expect(stdout).toContain('of 2026-01-10T00:00:00Z → 2026-01-20T00:00:00Z');
      expect(stdout).toContain('debian/pool/main/h/historian/historian_1.2-1_amd64.deb');
      await carry();
      const apt = await client('client');
      await apt.run('-o', 'Acquire::Check-Valid-Until=false', 'update');
      await apt.run('download', 'historian');
      expect(await readdir(apt.archives)).toContain('historian_1.2-1_amd64.deb');
    });

    it('is refused when anything in it was changed, or another key signed it', async () => {
      await upstream.publish(PACKAGES);
      const whole = new Map(server.files);
      const refused = async (
        how: (text: string) => string,
        ...paths: readonly RegExp[]
      ): Promise<unknown> => {
        for (const [path, bytes] of whole)
          server.files.set(
            path,
            paths.some((one) => one.test(path))
              ? Buffer.from(how((bytes as Buffer).toString('latin1')), 'latin1')
              : bytes,
          );
        const args = ['collect', 'bundles/line-a', '--first', '--version', '1.0.0'];
        return (await gapferryJson(machines.outside, args, 4)).error;
      };
      const flip = (text: string): string => `${text.slice(0, -40)}!${text.slice(-39)}`;
      expect(await refused(flip, /Packages\.gz$/, /by-hash/)).toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(await refused(flip, /historian_1\.2.*deb$/)).toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(
        await refused((text) => text.replace('Origin: Plant', 'Origin: Plana'), /InRelease/),
      ).toMatchObject({
        code: 'SIGNATURE_INVALID',
      });
      expect(await refused((text) => `Date: today\n${text}`, /InRelease/)).toMatchObject({
        code: 'CONTENT_INVALID',
      });
      const other = cleanup.use(await startAptUpstream(machines.path('other'), server));
      await other.publish(PACKAGES);
      const args = ['collect', 'bundles/line-a', '--first', '--version', '1.0.0'];
      expect((await gapferryJson(machines.outside, args, 4)).error).toMatchObject({ code: 'KEY_UNKNOWN' });
    });
  },
);
