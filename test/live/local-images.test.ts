import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  blobName,
  makeArtifact,
  makeImage,
  makeIndex,
  mustRun,
  ociLayout,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeStagingHost, type StagingHost } from '../support/staging-host.ts';
import { type Distribution, startDistribution } from './support/distribution.ts';
import { writeOciLayout } from './support/oci-layout.ts';
import { createSkopeo, type Skopeo } from './support/skopeo.ts';
import { lacks, tool } from './support/tools.ts';

/** The name that what lies there gets. */
const AS = 'registry.plant.example/line/app:1.0';
const layers = [
  { size: 600_000, seed: 'base' },
  { size: 90_000, compressible: true },
];

const cleanup = new AsyncDisposableStack();
let home: TemporaryDirectory;
let registry: Distribution;
let skopeo: Skopeo;
let host: StagingHost;
/** What the registry has: an index, and one image. */
let index: string;
let single: string;

const at = (name: string): string => `docker://${registry.host}/team/${name}:1.0`;
const copy = (from: string, to: string, ...flags: string[]): Promise<string> =>
  mustRun(
    tool('skopeo'),
    ['--insecure-policy', 'copy', '--quiet', '--src-tls-verify=false', ...flags, from, to],
    {
      env: { PATH: process.env['PATH'], HOME: home.path, TMPDIR: home.path },
    },
  );
const crane = (...args: string[]): Promise<string> =>
  mustRun(tool('crane'), [...args, '--insecure'], { env: { PATH: process.env['PATH'], HOME: home.path } });
const sha256sum = async (file: string): Promise<string> =>
  `sha256:${(await mustRun('sha256sum', [file])).slice(0, 64)}`;

/** Collects what lies there, all platforms, and gives the root that the release names. */
async function collected(path: string, select?: string): Promise<string | undefined> {
  const selecting = select === undefined ? '' : `, select: "${select}"`;
  await host.want(`images:\n  - {from: "${path}"${selecting}, as: "${AS}", platforms: []}\n`);
  await host.collect(0);
  const item = await onlyItem();
  expect(item.id).toBe(AS);
  return item.root.digest;
}

interface Item {
  readonly id: string;
  readonly root: { readonly digest: string };
  readonly attachments?: readonly unknown[];
}

/** Of where it lay on this machine a release says nothing. */
async function onlyItem(): Promise<Item> {
  const text = await readFile(host.path('depot/releases/line-a/1/manifest.json'), 'utf8');
  expect(text).not.toContain(home.path);
  const { items } = JSON.parse(text) as { items: readonly Item[] };
  const [item, ...more] = items;
  if (item === undefined || more.length > 0) throw new Error(`${items.length} items`);
  return item;
}

const attachments = async (): Promise<readonly unknown[]> => (await onlyItem()).attachments ?? [];

async function writeFiles(directory: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [name, bytes] of files) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), bytes);
  }
}

describe.skipIf(lacks('docker-registry', 'skopeo'))('images that other tools laid down here', () => {
  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    registry = cleanup.use(await startDistribution());
    skopeo = createSkopeo(home);
    const [amd64, arm64] = await Promise.all(
      ['linux/amd64', 'linux/arm64'].map((platform) => makeImage({ platform, seed: platform, layers })),
    );
    if (!amd64 || !arm64) throw new Error('no images');
    await writeOciLayout(home.join('made'), { multi: makeIndex([amd64, arm64]), single: amd64 });
    for (const name of ['multi', 'single'])
      await skopeo.push(`${home.join('made')}:${name}`, `team/${name}:1.0`, registry);
    index = await skopeo.digest(at('multi'), registry);
    single = await skopeo.digest(at('single'), registry);
  });
  afterAll(() => cleanup.disposeAsync());
  beforeEach(async () => {
    host = await makeStagingHost();
    return () => host.close();
  });

  it.for([
    ['an OCI layout', 'oci:', ''],
    ['an OCI archive', 'oci-archive:', '.tar'],
  ])('skopeo made %s: the digest is the one of the registry', async ([, transport, ending]) => {
    const path = home.join(`skopeo${ending}`);
    await copy(at('multi'), `${transport}${path}:multi`, '--all');
    expect(await collected(path)).toBe(index);
    expect(await sha256sum(host.path('depot/blobs/sha256', index.slice(7)))).toBe(index);
  });

  it('the archive may be packed by gzip or zstd', async () => {
    const path = home.join('packed.tar');
    await copy(at('multi'), `oci-archive:${path}`, '--all');
    for (const [program, ending] of [
      ['gzip', 'gz'],
      ['zstd', 'zst'],
    ] as const) {
      if (lacks(program)) continue;
      await mustRun(tool(program), ['-k', '-f', '-q', path]);
      expect(await collected(`${path}.${ending}`, index)).toBe(index);
      await host.close();
      host = await makeStagingHost();
    }
  });

  it('tar made an archive of a layout', async () => {
    await copy(at('multi'), `oci:${home.join('tree')}:1.0`, '--all');
    await mustRun('tar', ['-C', home.join('tree'), '-czf', home.join('tree.tgz'), '.']);
    expect(await collected(home.join('tree.tgz'), '1.0')).toBe(index);
  });

  it.skipIf(lacks('crane'))('crane made an OCI layout', async () => {
    await crane('pull', '--format=oci', `${registry.host}/team/multi:1.0`, home.join('crane'));
    expect(await collected(home.join('crane'))).toBe(index);
  });

  it('skopeo made a docker save archive: the manifest is the one that skopeo gives it', async () => {
    const path = home.join('docker.tar');
    await copy(at('single'), `docker-archive:${path}:${AS}`);
    await copy(`docker-archive:${path}`, `dir:${home.join('docker-dir')}`);
    expect(await collected(path, AS)).toBe(await sha256sum(home.join('docker-dir/manifest.json')));
  });

  it.skipIf(lacks('crane'))('crane made a docker save archive, with packed layers', async () => {
    const path = home.join('crane.tar');
    await crane('pull', '--format=tarball', `${registry.host}/team/single:1.0`, path);
    await copy(`docker-archive:${path}`, `dir:${home.join('crane-dir')}`);
    expect(await collected(path)).toBe(await sha256sum(home.join('crane-dir/manifest.json')));
  });

  it('gapferry made a depot, and skopeo put another image beside it', async () => {
    await host.want(`images:\n  - {ref: "${registry.host}/team/multi:1.0", platforms: []}\n`);
    await host.collect(0);
    await rm(home.join('depot'), { recursive: true, force: true });
    await mustRun('cp', ['-r', host.path('depot'), home.join('depot')]);
    await copy(at('single'), `oci:${home.join('depot')}:other`);
    await host.close();
    host = await makeStagingHost();
    expect(await collected(home.join('depot'), `${registry.host}/team/multi:1.0`)).toBe(index);
    await host.close();
    host = await makeStagingHost();
    expect(await collected(home.join('depot'), 'other')).toBe(single);
  });

  it('what belongs to an image comes with it, into a depot and out of it', async () => {
    const image = await makeImage({ layers });
    const sbom = makeArtifact({
      configType: 'application/vnd.oci.empty.v1+json',
      artifactType: 'application/spdx+json',
      subject: image.root,
      layers: [{ mediaType: 'application/spdx+json', bytes: '{}' }],
    });
    const signature = makeArtifact({
      configType: 'application/vnd.oci.image.config.v1+json',
      layers: [{ mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', bytes: '{}' }],
    });
    const tag = `${image.root.digest.replace(':', '-')}.sig`;
    const files = await ociLayout([{ image, name: '1.0' }, { image: sbom }, { image: signature, name: tag }]);
    await writeFiles(home.join('signed'), files);
    expect(await collected(home.join('signed'))).toBe(image.root.digest);
    const first = await attachments();
    expect(first).toHaveLength(2);
    await mustRun('cp', ['-r', host.path('depot'), home.join('signed-depot')]);
    await host.close();
    host = await makeStagingHost();
    expect(await collected(home.join('signed-depot'))).toBe(image.root.digest);
    expect(await attachments()).toEqual(first);
    expect(await skopeo.digest(`oci:${host.path('depot')}:${AS.replace(/:[^:]*$/, `:${tag}`)}`)).toBe(
      signature.root.digest,
    );
  });

  it('are not read again with --locked, unless they were changed: then it says so', async () => {
    await mkdir(host.path('bundles/line-a/images'));
    const path = host.path('bundles/line-a/images/app.tar');
    await copy(at('multi'), `oci-archive:${path}`, '--all');
    expect(await collected('images/app.tar')).toBe(index);
    await rm(path);
    await host.collect(0, ['--locked']);
    await rm(host.path('depot'), { recursive: true });
    await rm(host.path('ledger'), { recursive: true, force: true });
    await copy(at('single'), `oci-archive:${path}`);
    const { error } = await host.collect(4, ['--locked', '--first']);
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'source' });
    expect(error?.message).toContain(
      `images/app.tar was changed: the lock has ${index}, and it has ${single}`,
    );
  });

  it('with damage are refused, and named', async () => {
    const damaged = await makeImage({ layers });
    const files = await ociLayout([{ image: damaged }]);
    const layer = damaged.blobs[1]?.digest ?? damaged.root.digest;
    const bytes = files.get(blobName(layer)) ?? new Uint8Array();
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    await writeFiles(home.join('damaged'), files);
    await host.want(`images:\n  - {from: "${home.join('damaged')}", as: "${AS}"}\n`);
    const { error } = await host.collect(4);
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'source' });
    expect(error?.message).toContain(AS);
  });
});
