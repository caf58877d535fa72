import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VerifiedRelease } from '@gapferry/bundle';
import {
  attach,
  policyOf,
  simulatedRelease,
  simulatedTrust,
  testGitSignatureVerifier,
  testKey,
  testUpstreamVerifier,
  testVerifier,
} from '@gapferry/bundle/testing';
import {
  type BlobReader,
  digestOf,
  GapferryError,
  hexOf,
  quietRun,
  type ReleaseFiles,
  type ReleaseReader,
  type SizedDigest,
} from '@gapferry/core';
import { verifyRelease } from '@gapferry/importer';
import {
  fixedClock,
  memoryBlobStore,
  memoryReleases,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isKeptWhole, keepRelease } from './keep-release.ts';
import { findKeptRelease, readKeptReleases } from './kept-releases.ts';
import { openKeptRelease } from './open-kept-release.ts';

const run = quietRun();
const NGINX = 'docker.io/library/nginx:1.27';
let home: TemporaryDirectory;
let state: string;
beforeEach(async () => {
  home = await temporaryDirectory();
  state = home.join('state');
});
afterEach(() => home.remove());

interface Brought {
  readonly medium: ReleaseReader & BlobReader;
  readonly release: VerifiedRelease;
  /** Manifest of something attached to an image, which may be a signature. */
  readonly attached: SizedDigest;
  /** The image's layer. */
  readonly layer: SizedDigest;
}

async function bring(sequence = 1): Promise<Brought> {
  const items = {
    images: { [NGINX]: 'nginx' },
    files: { 'k3s/k3s': 'k3s' },
    git: { 'git.example/a': { main: 'a'.repeat(40) } },
  };
  const simulated = simulatedRelease(items, sequence);
  const attached = attach(simulated, NGINX, { tag: 'sig' })['root'];
  const releases = memoryReleases();
  const store = memoryBlobStore();
  for (const [digest, bytes] of simulated.blobs) store.blobs.set(digest, bytes);
  const address = { channel: 'line-a', sequence };
  const collector = testKey('collector');
  await releases.writeRelease(address, simulated.seal(collector), run);
  const medium = { ...releases, ...store };
  const release = await verifyRelease(
    {
      address,
      medium,
      policy: policyOf(simulatedTrust(collector)),
      verifier: testVerifier(),
      upstreamVerifier: testUpstreamVerifier(),
      gitSignatureVerifier: testGitSignatureVerifier(),
      clock: fixedClock('2026-03-20T00:00:00Z'),
      mark: 'not judged',
    },
    run,
  );
  const layer = release.opened.blobs.find(({ size }) => size === 'layer of nginx'.length);
  return { medium, release, attached, layer: layer ?? attached };
}

describe('what a site keeps of a release', () => {
  it('is the signed release and the blobs that names need, and nothing else', async () => {
    const { medium, release, attached, layer } = await bring();

    await keepRelease(state, release, medium, run);

    const [kept] = await readKeptReleases(state);
    const id = hexOf(release.opened.statement).slice(0, 12);
    expect(kept).toMatchObject({ channel: 'line-a', sequence: 1, id });
    expect(kept?.directory).toBe(join(state, 'releases', 'line-a', `1-${id}`));
    const opened = await openKeptRelease(await findKeptRelease(state, { channel: 'line-a' }));
    const files = await opened.medium.readRelease(opened.address);
    const { manifest, statement } = await medium.readRelease(release.opened.address);
    expect([files.manifest, files.statement].map((bytes) => digestOf(bytes))).toEqual(
      [manifest, statement].map((bytes) => digestOf(bytes)),
    );
    expect(await readdir(join(opened.directory, 'blobs', 'sha256'))).toEqual([hexOf(attached.digest)]);
    await expect(read(opened.medium, layer)).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      origin: 'site',
      message: expect.stringContaining('line-a/1 is not at the site any more'),
      hint: expect.stringContaining('from the medium'),
    });
  });

  it('is written once, and read no second time from the medium', async () => {
    const { medium, release } = await bring();
    await keepRelease(state, release, medium, run);
    const gone = new Error('the stick is gone');
    const pulled = { ...medium, open: () => fail(gone), readRelease: () => Promise.reject(gone) };

    await keepRelease(state, release, pulled, run);

    expect(await readKeptReleases(state)).toHaveLength(1);
  });

  it('is none while it is not whole, and is completed by the next import', async () => {
    const { medium, release } = await bring();
    await keepRelease(state, release, medium, run);
    const [kept] = await readKeptReleases(state);
    const at = join(kept?.directory ?? '', 'releases', 'line-a');
    await rename(join(at, '1'), join(kept?.directory ?? '', 'tmp', 'release-line-a-1'));
    expect(await readKeptReleases(state)).toEqual([]);

    await keepRelease(state, release, medium, run);

    expect(await readKeptReleases(state)).toEqual([kept]);
  });

  it('is written anew where it is damaged, and refused by whoever reads it before that', async () => {
    const { medium, release, attached } = await bring();
    await keepRelease(state, release, medium, run);
    const [kept] = await readKeptReleases(state);
    const blob = join(kept?.directory ?? '', 'blobs', 'sha256', hexOf(attached.digest));
    await writeFile(blob, 'x'.repeat(attached.size));
    if (kept === undefined) throw new Error('nothing was kept');
    const opened = await openKeptRelease(kept);
    await expect(read(opened.medium, attached)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      origin: 'site',
    });

    await keepRelease(state, release, medium, run);

    await read((await openKeptRelease(kept)).medium, attached);
  });

  it.each([
    ['packs.json', 'another list of packs'],
    ['release.sigstore.json', 'a signature that nobody made'],
    ['manifest.json', 'another manifest'],
  ])('is written anew where its %s is damaged', async (name, what) => {
    const { medium, release } = await bring(1);
    await keepRelease(state, release, medium, run);
    const [kept] = await readKeptReleases(state);
    const file = join(kept?.directory ?? '', 'releases/line-a/1', name);
    const good = await readFile(file, 'utf8');
    await writeFile(file, name.startsWith('release') ? good.replace(/"sig": ?"../, '"sig":"AA') : what);
    expect(await readFile(file, 'utf8')).not.toBe(good);

    await keepRelease(state, release, medium, run);

    expect(await readFile(file, 'utf8')).toBe(good);
  });

  it('is what was judged, whatever the medium says the second time', async () => {
    const [one, other] = [await bring(1), await bring(2)];
    const readRelease = () => other.medium.readRelease(other.release.opened.address);
    const swapped: ReleaseReader & BlobReader = { ...one.medium, readRelease };

    await keepRelease(state, one.release, swapped, run);

    const { medium, address } = await openKeptRelease(await findKeptRelease(state, { channel: 'line-a' }));
    const digests = ({ manifest, statement, packs }: ReleaseFiles) =>
      [manifest, statement, packs ?? new Uint8Array()].map((bytes) => digestOf(bytes));
    expect(digests(await medium.readRelease(address))).toEqual(digests(one.release.opened.files));
  });

  it('is no damaged one while it cannot be read, which may pass', async () => {
    const { medium, release } = await bring();
    await keepRelease(state, release, medium, run);
    const opened = await openKeptRelease(await findKeptRelease(state, { channel: 'line-a' }));
    const failure = (code: 'STORAGE_FAILED' | 'DIGEST_MISMATCH') =>
      isKeptWhole(
        async () => ({
          ...opened,
          medium: {
            ...opened.medium,
            open: () => fail(new GapferryError({ code, message: 'i/o error (EIO)', origin: 'site' })),
          },
        }),
        release,
        opened.directory,
        run,
      );

    await expect(failure('STORAGE_FAILED')).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('i/o error (EIO)'),
      hint: expect.stringContaining(`move it away`),
    });
    expect(await failure('DIGEST_MISMATCH')).toBe(false);
  });

  it('is not taken from where a link leads', async () => {
    const { medium, release, attached } = await bring();
    await keepRelease(state, release, medium, run);
    const [kept] = await readKeptReleases(state);
    const directory = kept?.directory ?? '';
    const blob = join(directory, 'blobs', 'sha256', hexOf(attached.digest));
    await rename(blob, home.join('elsewhere'));
    await symlink(home.join('elsewhere'), blob);
    if (kept === undefined) throw new Error('nothing was kept');
    await expect(read((await openKeptRelease(kept)).medium, attached)).rejects.toMatchObject({
      origin: 'site',
    });
    await rename(directory, home.join('moved'));
    await symlink(home.join('moved'), directory);
    expect(await readKeptReleases(state)).toEqual([]);
  });

  it('is found by channel and number, among others, and what is foreign is passed over', async () => {
    const [one, two] = [await bring(1), await bring(2)];
    await keepRelease(state, one.release, one.medium, run);
    await keepRelease(state, two.release, two.medium, run);
    await mkdir(join(state, 'releases', 'line-a', '3-notours'));
    await writeFile(join(state, 'releases', 'README'), 'x');

    expect(await findKeptRelease(state, { channel: 'line-a', sequence: 1 })).toMatchObject({ sequence: 1 });
    await expect(findKeptRelease(state, { channel: 'line-a' })).rejects.toMatchObject({
      code: 'RELEASE_AMBIGUOUS',
    });
    await expect(findKeptRelease(state, { channel: 'line-b' })).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
      hint: expect.stringContaining('--stage'),
    });
  });

  it('stops the import that cannot write it', async () => {
    const { medium, release } = await bring();
    await mkdir(dirname(state), { recursive: true });
    await rm(state, { recursive: true, force: true });
    await writeFile(state, 'a file');
    await expect(keepRelease(state, release, medium, run)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});

async function read(from: BlobReader, blob: SizedDigest): Promise<void> {
  for await (const _ of from.open(blob, run));
}

// biome-ignore lint/correctness/useYield: it fails before there is anything to yield
async function* fail(error: Error): AsyncGenerator<Uint8Array> {
  throw error;
}
