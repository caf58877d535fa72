import { fileURLToPath } from 'node:url';
import { type Descriptor, quietRun, type SizedDigest } from '@gapferry/core';
import { createHttpClient, type HttpClient } from '@gapferry/http';
import { createRegistryWriter, fileUploadJournal, type RegistryWriter } from '@gapferry/oci';
import {
  makeArtifact,
  makeImage,
  makeIndex,
  makeTlsIdentity,
  mustRun,
  seededContent,
  sizedDigestOf,
  startTokenServer,
  type TemporaryDirectory,
  type TestImage,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Access } from './support/access-log.ts';
import { DISTRIBUTIONS, startDistribution } from './support/distribution.ts';
import { startGitea } from './support/gitea.ts';
import { killWhen } from './support/kill-when.ts';
import { LIVE_REGISTRIES, type LiveRegistry, type LiveRegistryKind } from './support/live-registry.ts';
import { attachedTo, createOciClients, type OciClients } from './support/oci-clients.ts';
import { pushImage } from './support/push-image.ts';
import { createSkopeo } from './support/skopeo.ts';
import { lacks } from './support/tools.ts';
import { verifiedReader } from './support/verified-reader.ts';

const MIB = 1 << 20;
const CHUNK = 8 * MIB;
const PUSHER = fileURLToPath(new URL('./support/push-large.ts', import.meta.url));
const item = 'live';

function clientFor({ credentials }: Pick<LiveRegistry, 'credentials'>): HttpClient {
  return createHttpClient(credentials ? { credentials: async () => credentials } : {});
}

for (const kind of LIVE_REGISTRIES)
  describe.skipIf(lacks(kind.needs, 'skopeo', 'crane', 'regctl'))(`pushed to ${kind.name}`, () =>
    arrives(kind),
  );

function arrives(kind: LiveRegistryKind): void {
  const cleanup = new AsyncDisposableStack();
  let home: TemporaryDirectory;
  let registry: LiveRegistry;
  let clients: OciClients;
  let writer: RegistryWriter;
  let images: Record<'oci' | 'docker' | 'multi', TestImage>;
  let signature: TestImage;
  let firstSent: number;

  const at = (name: string): string => `${registry.host}/${registry.namespace}${name}`;

  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    registry = cleanup.use(await kind.start());
    clients = await createOciClients(home);
    await clients.know(registry);
    const http = clientFor(registry);
    cleanup.defer(() => http.close());
    // Small chunks, so that images of a test have some.
    writer = createRegistryWriter(http, { chunkSize: MIB });
    const one = (seed: string, platform = 'linux/amd64'): Promise<TestImage> =>
      makeImage({
        seed,
        platform,
        layers: [
          { size: 3_500_000, seed: 'base' },
          { size: 20_000, seed },
        ],
      });
    images = {
      oci: await one('oci'),
      docker: await makeImage({ format: 'docker', layers: [{ size: 2 * MIB }] }),
      multi: makeIndex([await one('multi'), await one('multi', 'linux/arm64')]),
    };
    signature = makeArtifact({
      // Some registries list the one, some the other.
      configType: 'application/vnd.example.signature',
      artifactType: 'application/vnd.example.signature',
      layers: [{ mediaType: 'text/plain', bytes: 'signed' }],
      subject: images.oci.root,
      annotations: { 'org.example.by': 'plant' },
    });
    firstSent = await pushImage(writer, at('oci'), '1.0', images.oci);
    await pushImage(writer, at('docker'), '1.0', images.docker);
    await pushImage(writer, at('multi'), '1.0', images.multi);
    await pushImage(writer, at('oci'), undefined, signature);
  });
  afterAll(() => cleanup.disposeAsync());

  it.for(['oci', 'docker', 'multi'] as const)('crane sees %s unchanged and finds it valid', async (name) => {
    expect(await clients.crane('digest', `${at(name)}:1.0`)).toBe(images[name].root.digest);
    expect(await clients.crane('manifest', `${at(name)}:1.0`)).toBe(
      Buffer.from(images[name].manifest).toString(),
    );
    expect(await clients.crane('validate', '--remote', `${at(name)}:1.0`)).toContain('PASS');
  });

  it.for(['oci', 'docker', 'multi'] as const)(
    'skopeo pulls %s, and every blob has the name that sha256sum gives it',
    async (name) => {
      const skopeo = createSkopeo(home);
      const directory = home.join(`pulled-${name}`);
      await skopeo.pull(registry, `${registry.namespace}${name}:1.0`, directory);
      const sums = await mustRun('sh', ['-c', 'sha256sum [0-9a-f]*'], { cwd: directory });
      const blobs = sums.split('\n').filter((line) => /^[0-9a-f]{64} {2}[0-9a-f]{64}$/.test(line));
      expect(blobs.length).toBeGreaterThanOrEqual(2);
      for (const line of blobs) expect(line.slice(0, 64)).toBe(line.slice(66));
    },
  );

  it('regctl finds what is attached, with its type', async () => {
    expect(await attachedTo(clients, `${at('oci')}:1.0`)).toEqual([signature.root.digest]);
    const listed = await clients.regctl('artifact', 'list', '--format', '{{json .}}', `${at('oci')}:1.0`);
    expect(listed).toContain('application/vnd.example.signature');
    expect(listed).toContain('org.example.by');
    const own = await writer.referrers(at('oci'), images.oci.root.digest, quietRun());
    expect(own.map(({ digest }: Descriptor) => digest)).toEqual([signature.root.digest]);
  });

  it('sends nothing a second time', async () => {
    expect(firstSent).toBeGreaterThan(3_500_000);
    expect(await pushImage(writer, at('oci'), '1.0', images.oci)).toBe(0);
    expect(await pushImage(writer, at('multi'), '1.0', images.multi)).toBe(0);
  });

  it('takes from another repository what is there, or is sent it', async () => {
    const [layer] = images.docker.blobs.slice(1);
    if (layer === undefined) throw new Error('no layer');
    const mountFrom = [at('docker')];
    const { sent } = await writer.pushBlob(
      at('mounted'),
      layer,
      verifiedReader(layer.content),
      { item, mountFrom },
      quietRun(),
    );
    expect([0, layer.size]).toContain(sent);
    if (kind.name.startsWith('distribution')) expect(sent).toBe(0);
    expect(await writer.hasBlob(at('mounted'), layer, quietRun())).toBe(true);
  });

  it('refuses damaged bytes and does not have them afterwards', async () => {
    const right = seededContent(3 * MIB, 'right');
    const blob = await sizedDigestOf(right);
    const wrong = verifiedReader(seededContent(3 * MIB, 'wrong'));
    await expect(writer.pushBlob(at('oci'), blob, wrong, { item }, quietRun())).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    expect(await writer.hasBlob(at('oci'), blob, quietRun())).toBe(false);
  });
}

for (const version of ['2.8', '3'] as const)
  describe.skipIf(lacks(DISTRIBUTIONS[version]))(`an upload to distribution ${version}`, () => {
    it('that is cancelled leaves no bytes on its disk', async () => {
      await using registry = await startDistribution({ version });
      const http = clientFor({});
      const writer = createRegistryWriter(http, { chunkSize: 3 * MIB });
      for (const size of [2 * MIB, 6 * MIB - 1]) {
        const blob = await sizedDigestOf(seededContent(size, 'right'));
        const wrong = verifiedReader(seededContent(size, 'wrong'));
        await expect(
          writer.pushBlob(`${registry.host}/app`, blob, wrong, { item }, quietRun()),
        ).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      }
      const left = (await registry.uploads('app')).reduce((sum, bytes) => sum + bytes, 0);
      // Version 2.8 knows an upload no more whose body was cut in the middle, and can't be told to delete it.
      if (version === '3') expect(left).toBe(0);
      else expect(left).toBeLessThan(8 * MIB);
      http.close();
    });

    it('that the operator stops goes on where it was', async () => {
      await using registry = await startDistribution({ version });
      await using home = await temporaryDirectory();
      const content = seededContent(40 * MIB, 'large');
      const blob = await sizedDigestOf(content);
      const http = clientFor({});
      let moved = 0;
      const push = (stop: AbortController): Promise<{ readonly sent: number }> =>
        createRegistryWriter(http, { journal: fileUploadJournal(home.join('uploads')) }).pushBlob(
          `${registry.host}/app`,
          blob,
          verifiedReader(content),
          { item },
          {
            signal: stop.signal,
            emit(event) {
              if (event.kind === 'bytes') moved += event.bytes;
              if (moved > 18 * MIB && moved < 24 * MIB) stop.abort();
            },
          },
        );
      await expect(push(new AbortController())).rejects.toMatchObject({ code: 'INTERRUPTED' });
      expect(await registry.uploads('app')).toEqual([24 * MIB]);
      expect(await push(new AbortController())).toEqual({ sent: 16 * MIB });
      expect((await mustRun('sha256sum', [registry.blobFile(blob.digest)])).slice(0, 64)).toBe(
        blob.digest.slice(7),
      );
      http.close();
    });

    it.skipIf(lacks('htpasswd'))('with a token goes from one repository to another by mount', async () => {
      const identity = await makeTlsIdentity(['127.0.0.1']);
      const login = { username: 'plant', password: 'Sesam-oeffne-dich-50' };
      await using server = await startTokenServer({ ...login, identity });
      const auth = { kind: 'bearer', server, authority: identity.ca } as const;
      await using registry = await startDistribution({ version, tls: identity, auth });
      const http = createHttpClient({ ca: identity.ca, credentials: async () => login });
      const writer = createRegistryWriter(http, { chunkSize: MIB });
      const content = seededContent(3 * MIB, 'mounted');
      const blob = await sizedDigestOf(content);
      const push = (name: string, mountFrom: readonly string[] = []): Promise<{ readonly sent: number }> =>
        writer.pushBlob(
          `${registry.host}/${name}`,
          blob,
          verifiedReader(content),
          { item, mountFrom },
          quietRun(),
        );
      expect(await push('base/os')).toEqual({ sent: 3 * MIB });
      expect(await push('team/app', [`${registry.host}/base/os`])).toEqual({ sent: 0 });
      http.close();
    });
  });

describe('kill -9 in the middle of a push', () => {
  const SIZE = 200 * MIB;
  let blob: SizedDigest;
  let home: TemporaryDirectory;

  beforeAll(async () => {
    home = await temporaryDirectory();
    blob = await sizedDigestOf(seededContent(SIZE, 'large'));
  });
  afterAll(() => home.remove());

  interface Place {
    readonly repository: string;
    readonly credentials?: { readonly username: string; readonly password: string };
    accessLog(): Access[];
  }

  const pusher = (
    { repository, credentials }: Place,
    journal: string,
  ): { program: string; argv: string[]; cwd: string; env: Record<string, string | undefined> } => ({
    program: process.execPath,
    argv: [
      '--conditions=gapferry-source',
      PUSHER,
      repository,
      String(SIZE),
      home.join(journal),
      ...(credentials ? [credentials.username, credentials.password] : []),
    ],
    cwd: home.path,
    env: { PATH: process.env['PATH'] },
  });
  /** Chunks of which the registry's access log tells. */
  const chunks = (place: Place): number =>
    place.accessLog().filter(({ method }) => method === 'PATCH').length;

  async function killedAndAgain(
    place: Place,
    journal: string,
  ): Promise<{ before: number; after: number; sent: number }> {
    const command = pusher(place, journal);
    await killWhen(command, async () => chunks(place) >= 9);
    const before = place
      .accessLog()
      .filter(({ method, status }) => method === 'PATCH' && status === 202).length;
    const { program, argv, cwd, env } = command;
    const said = await mustRun(program, argv, { cwd, env });
    const { sent } = JSON.parse(said) as { sent: number };
    const after = chunks(place) - before;
    return { before, after, sent };
  }

  it.skipIf(lacks(DISTRIBUTIONS['3']))('sends distribution 3 only what it lacks', async () => {
    await using registry = await startDistribution({ version: '3' });
    const place: Place = { repository: `${registry.host}/team/large`, accessLog: () => registry.accessLog() };
    const { before, after, sent } = await killedAndAgain(place, 'distribution-3');
    expect(before).toBeGreaterThanOrEqual(8);
    expect(sent).toBeLessThanOrEqual(SIZE - before * CHUNK + CHUNK);
    // The one that was cut may be logged late, and what is left begins anywhere.
    expect(after).toBeLessThanOrEqual(SIZE / CHUNK - before + 2);
    const sum = await mustRun('sha256sum', [registry.blobFile(blob.digest)]);
    expect(sum.slice(0, 64)).toBe(blob.digest.slice(7));
  });

  it.skipIf(lacks('gitea'))('sends Gitea only what it lacks', async () => {
    await using gitea = await startGitea();
    const place: Place = {
      repository: `${gitea.host}/${gitea.organisation}/large`,
      credentials: gitea.credentials,
      accessLog: () => gitea.accessLog(),
    };
    const { before, after, sent } = await killedAndAgain(place, 'gitea');
    expect(before).toBeGreaterThanOrEqual(8);
    expect(sent).toBeLessThanOrEqual(SIZE - before * CHUNK + CHUNK);
    // The one that was cut may be logged late, and what is left begins anywhere.
    expect(after).toBeLessThanOrEqual(SIZE / CHUNK - before + 2);
  });

  it.skipIf(lacks(DISTRIBUTIONS['2.8']))(
    'begins again at distribution 2.8, which forgets an upload whose chunk is cut',
    async () => {
      await using registry = await startDistribution();
      const place: Place = {
        repository: `${registry.host}/team/large`,
        accessLog: () => registry.accessLog(),
      };
      await killedAndAgain(place, 'distribution-2.8');
      const sum = await mustRun('sha256sum', [registry.blobFile(blob.digest)]);
      expect(sum.slice(0, 64)).toBe(blob.digest.slice(7));
    },
  );
});
