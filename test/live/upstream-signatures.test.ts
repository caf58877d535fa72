import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  makeImage,
  makeIndex,
  mustRun,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson, type Reported } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { type Distribution, startDistribution } from './support/distribution.ts';
import { createOciClients, type OciClients } from './support/oci-clients.ts';
import { writeOciLayout } from './support/oci-layout.ts';
import { type ServedDepot, serveEmbedded } from './support/serve-embedded.ts';
import { lacks } from './support/tools.ts';

const HOST = 'registry.upstream.example';
/** Signed in cosign's older form, in its newer one, and an index that is cut down to one platform. */
const SIGNED = ['old', 'new', 'many'] as const;
const OFFLINE = ['--use-signing-config=false', '--tlog-upload=false', '--allow-http-registry', '--yes'];

const identity = (name: string): string => `${HOST}/line-a/${name}:1.0`;

/** What the outside wants, and with which key it must be signed. */
const bundle = (key: string, ...names: readonly string[]): string =>
  [
    'format: gapferry.bundle/1',
    'name: line-a',
    'platforms: [linux/amd64]',
    `insecure: [${HOST}]`,
    'images:',
    ...names.map((name) => `  - ${identity(name)}`),
    `upstream: [{match: "${HOST}/line-a/*", cosign: {key: ${key}}}]`,
    '',
  ].join('\n');

describe.skipIf(lacks('docker-registry', 'cosign', 'crane', 'regctl', 'openssl'))(
  'what cosign signed upstream',
  () => {
    const cleanup = new AsyncDisposableStack();
    let home: TemporaryDirectory;
    let registry: Distribution;
    let clients: OciClients;
    let machines: TwoMachines;
    let served: ServedDepot;
    let digests: ReadonlyMap<string, string>;

    beforeAll(async () => {
      home = cleanup.use(await temporaryDirectory());
      registry = cleanup.use(await startDistribution());
      clients = await createOciClients(home);
      digests = await publishSigned();
      machines = await makeTwoMachines({
        bundle: bundle('org.pub', ...SIGNED),
        environment: { GAPFERRY_CONNECT_TO: `${HOST}:80=${registry.host},${HOST}:443=${registry.host}` },
      });
      cleanup.defer(() => machines.close());
      for (const key of ['org.pub', 'other.pub']) {
        await copyFile(home.join(key), join(machines.outside.directory, 'bundles/line-a', key));
        await copyFile(home.join(key), join(machines.inside.directory, 'site', key));
      }
      await machines.collect('--first', '--version', '1.0.0');
      await machines.export();
      await demand(2, 'org.pub');
      await machines.import();
      served = cleanup.use(await serveEmbedded(machines.inside));
    });
    afterAll(() => cleanup.disposeAsync());

    const at = (name: string): string => `${registry.host}/line-a/${name}`;

    async function publishSigned(): Promise<ReadonlyMap<string, string>> {
      await clients.know(registry);
      const one = (seed: string, platform = 'linux/amd64') =>
        makeImage({ platform, seed, layers: [{ size: 20_000, seed }] });
      const many = makeIndex([await one('many'), await one('many', 'linux/arm64')]);
      const images = { old: await one('old'), new: await one('new'), many, unsigned: await one('unsigned') };
      const made = new Map<string, string>();
      for (const [name, image] of Object.entries(images)) {
        await writeOciLayout(home.join(name), { '1.0': image });
        await clients.regctl('image', 'copy', `ocidir://${home.join(name)}:1.0`, `${at(name)}:1.0`);
        made.set(name, await clients.crane('digest', `${at(name)}:1.0`));
      }
      for (const key of ['org', 'other'])
        await clients.cosign('generate-key-pair', '--output-key-prefix', key);
      for (const name of SIGNED) {
        const form = name === 'old' ? ['--new-bundle-format=false'] : [];
        await clients.cosign(
          'sign',
          '--key',
          'org.key',
          ...form,
          ...OFFLINE,
          `${at(name)}@${made.get(name)}`,
        );
      }
      return made;
    }

    /** The inside's policy wants upstream's signature with this key from now on. */
    async function demand(version: number, key: string): Promise<void> {
      const file = join(machines.inside.directory, 'site/trust.yaml');
      const policy = (await readFile(file, 'utf8'))
        .replace(/^version: .*$/m, `version: ${version}`)
        .replace(/^upstream: .*\n/m, '');
      await writeFile(
        file,
        `${policy.trimEnd()}\nupstream: [{match: "${HOST}/**", cosign: {key: ${key}}}]\n`,
      );
      const shown = await gapferryJson(machines.inside, ['trust', 'show', '--trust', 'site/trust.yaml']);
      const { words } = shown['fingerprint'] as { words: string };
      await gapferryJson(machines.inside, [
        'trust',
        'pin',
        '--site',
        'site/site.yaml',
        '--fingerprint',
        words,
      ]);
    }

    const verifyWithCosign = (reference: string, key: string, form: string): Promise<string> =>
      clients.cosign(
        ...['verify', '--key', key, '--insecure-ignore-tlog', '--allow-http-registry'],
        ...[`--new-bundle-format=${form !== 'old'}`, reference],
      );

    async function keyDigest(key: string): Promise<string> {
      const der = ['pkey', '-pubin', '-in', home.join(key), '-outform', 'DER', '-out', home.join('der')];
      await mustRun('openssl', der);
      return `sha256:${(await mustRun('sha256sum', [home.join('der')])).slice(0, 64)}`;
    }

    it('is in the manifest, with the key that openssl and sha256sum name', async () => {
      const manifest = await readFile(join(machines.stick, 'releases/line-a/1/manifest.json'), 'utf8');
      const { items } = JSON.parse(manifest) as { items: ReadonlyArray<{ id: string; checked: unknown }> };
      const key = await keyDigest('org.pub');
      expect(items.map(({ id, checked }) => [id, checked])).toEqual(
        [...SIGNED].sort().map((name) => [identity(name), [{ by: 'cosign-key', key }]]),
      );
    });

    it('is checked again inside, and what was checked is told', async () => {
      const said = await machines.verify();
      const check = { by: 'cosign-key', key: await keyDigest('org.pub') };
      expect(said['upstream']).toEqual(
        [...SIGNED].sort().map((name) => ({
          item: `image ${identity(name)}`,
          subject: digests.get(name),
          match: `${HOST}/**`,
          check,
        })),
      );
    });

    it.for(['old', 'new'])(
      'is accepted by cosign where %s is served inside, with the right key only',
      async (name) => {
        const reference = `${served.host}/${identity(name)}`;
        expect(await verifyWithCosign(reference, 'org.pub', name)).toContain(digests.get(name));
        await expect(verifyWithCosign(reference, 'other.pub', name)).rejects.toThrow(/signature/i);
      },
    );

    it('is refused outside with another key: exit 4, and nothing is sealed', async () => {
      const { code, message } = await refusedOutside(bundle('other.pub', 'old'));
      expect(code).toBe('KEY_UNKNOWN');
      expect(message).toMatch(/^cannot accept image .*\/old:1\.0: .*other\.pub/);
    });

    it('is missed outside: exit 4, and nothing is sealed', async () => {
      const { code, message } = await refusedOutside(bundle('org.pub', 'old', 'unsigned'));
      expect(code).toBe('SIGNATURE_MISSING');
      expect(message).toContain(identity('unsigned'));
    });

    it('is refused inside with another key: exit 4, whatever the outside has checked', async () => {
      await demand(3, 'other.pub');
      for (const command of ['verify', 'plan', 'import']) {
        const args = [command, machines.stick, '--site', 'site/site.yaml'];
        const { error } = await gapferryJson(
          machines.inside,
          [...args, ...(command === 'import' ? ['--yes'] : [])],
          4,
        );
        expect(error?.code).toBe('KEY_UNKNOWN');
        expect(error?.message).toMatch(/image registry\.upstream\.example\/line-a\/\w+:1\.0 .*other\.pub/);
      }
    });

    async function refusedOutside(text: string): Promise<NonNullable<Reported['error']>> {
      await writeFile(join(machines.outside.directory, 'bundles/line-a/bundle.yaml'), text);
      const { error } = await gapferryJson(machines.outside, ['collect', 'bundles/line-a'], 4);
      const { releases } = await gapferryJson(machines.outside, ['depot', 'ls']);
      expect(releases).toHaveLength(1);
      return error as NonNullable<Reported['error']>;
    }
  },
);
