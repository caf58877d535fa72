import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Digest, type ImageWish, quietRun } from '@gapferry/core';
import {
  blobName,
  type LayoutEntry,
  makeArtifact,
  makeImage,
  makeIndex,
  memoryBlobStore,
  ociLayout,
  type TemporaryDirectory,
  type TestImage,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBlobFetcher } from '../blob-fetcher.ts';
import { fetchImage } from '../fetch-image.ts';
import { type LocalImages, localImages } from './local-images.ts';
import { resolveLocal } from './resolve-local.ts';

const amd = await makeImage({ seed: 'amd' });
const arm = await makeImage({ seed: 'arm', platform: 'linux/arm64' });
const both = makeIndex([amd, arm]);
const SBOM = 'application/spdx+json';
const artifact = (about: TestImage, artifactType: string, seed = ''): TestImage =>
  makeArtifact({
    configType: 'application/vnd.oci.empty.v1+json',
    artifactType,
    subject: about.root,
    layers: [{ mediaType: artifactType, bytes: `${artifactType}${seed}` }],
  });
const sbom = artifact(arm, SBOM);
const signedSbom = artifact(sbom, 'application/vnd.dev.sigstore.bundle.v0.3+json');
const signature = makeArtifact({
  configType: 'application/vnd.oci.image.config.v1+json',
  layers: [{ mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', bytes: '{}' }],
});
const stranger = artifact(await makeImage({ seed: 'other' }), SBOM, 'x');
const tagOf = ({ root }: TestImage, kind = ''): string => `${root.digest.replace(':', '-')}${kind}`;

let home: TemporaryDirectory;
let images: LocalImages;
beforeEach(async () => {
  home = await temporaryDirectory();
  images = localImages({ baseDirectory: home.path, workDirectory: home.join('work') });
});
afterEach(async () => {
  await images.close();
  await home.remove();
});

async function write(
  path: string,
  entries: readonly LayoutEntry[],
  without: readonly Digest[] = [],
): Promise<void> {
  const files = await ociLayout(entries);
  for (const digest of without) files.delete(blobName(digest));
  for (const [name, bytes] of files) {
    await mkdir(dirname(home.join(path, name)), { recursive: true });
    await writeFile(home.join(path, name), bytes);
  }
}

const wishFor = (path: string, more: Partial<ImageWish> = {}): ImageWish & { from: { path: string } } => ({
  kind: 'image',
  ref: 'registry.example/team/app:1.0',
  platforms: [],
  ...more,
  from: { path, ...more.from },
});
const pinOf = async (wish: ReturnType<typeof wishFor>) => {
  const [pin] = await resolveLocal(images, wish, quietRun());
  if (pin === undefined) throw new Error('no pin');
  return pin;
};
const fetch = async (wish: ReturnType<typeof wishFor>, into = memoryBlobStore(), from = images) => {
  const pin = await pinOf(wish);
  const content = from.at(wish.from, pin.root);
  return fetchImage({ content, fetcher: createBlobFetcher(2), into, item: pin.id }, pin, quietRun());
};

describe('an image that lies on this machine', () => {
  it('has the name that the wish gives it, and says where it lies', async () => {
    await write('place', [{ image: both, name: 'whatever' }]);
    expect(await pinOf(wishFor('place'))).toEqual({
      kind: 'image',
      id: 'registry.example/team/app:1.0',
      wish: expect.stringContaining('sha256:'),
      root: both.root,
      platforms: [],
      from: { path: 'place' },
    });
  });

  it('must be what the name says when the name has a digest', async () => {
    await write('place', [{ image: amd }]);
    expect((await pinOf(wishFor('place', { ref: `registry.example/app@${amd.root.digest}` }))).root).toEqual(
      amd.root,
    );
    await expect(
      pinOf(wishFor('place', { ref: `registry.example/app:1@${arm.root.digest}` })),
    ).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(`what lies in place is ${amd.root.digest}`),
    });
  });

  it('is filtered by platform as one from a registry, and needs no blobs of the others', async () => {
    await write('place', [{ image: both }], [arm.root.digest, ...arm.blobs.map(({ digest }) => digest)]);
    const holding = await fetch(wishFor('place', { platforms: ['linux/amd64'] }));
    expect(holding).toMatchObject({ platforms: ['linux/amd64'], upstreamIndex: both.root });
    await expect(fetch(wishFor('place', { platforms: ['linux/s390x'] }))).rejects.toMatchObject({
      code: 'PLATFORM_NOT_FOUND',
      message: expect.stringContaining('linux/amd64, linux/arm64'),
    });
    await expect(fetch(wishFor('place'))).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  it('is not read again when the store has it', async () => {
    await write('place', [{ image: both }]);
    const store = memoryBlobStore();
    const first = await fetch(wishFor('place'), store);
    const nowhere = localImages({ baseDirectory: home.join('nowhere'), workDirectory: home.join('work') });
    expect(await fetch(wishFor('place'), store, nowhere)).toEqual(first);
  });

  it('that is locked and was changed says so', async () => {
    await write('place', [{ image: amd, name: 'v1' }]);
    const wish = wishFor('place', { from: { path: 'place', select: 'v1' } });
    const pin = await pinOf(wish);
    await write('place', [{ image: arm, name: 'v1' }], []);
    await images.close();
    const content = images.at(wish.from, pin.root);
    const fetching = { content, fetcher: createBlobFetcher(2), into: memoryBlobStore(), item: pin.id };
    // The old blobs are still there: the lock gets what it names.
    expect((await fetchImage(fetching, pin, quietRun())).root).toEqual(amd.root);
    await home.remove();
    await write('place', [{ image: arm, name: 'v1' }]);
    await images.close();
    await expect(fetchImage({ ...fetching, into: memoryBlobStore() }, pin, quietRun())).rejects.toMatchObject(
      {
        code: 'DIGEST_MISMATCH',
        message: `place was changed: the lock has ${amd.root.digest}, and it has ${arm.root.digest} under "v1" now`,
        hint: expect.stringContaining('--locked'),
      },
    );
  });
});

describe('what belongs to an image on this machine', () => {
  const entries: LayoutEntry[] = [
    { image: both, name: '1.0' },
    { image: sbom },
    { image: signedSbom },
    { image: signature, name: `registry.example/team/app:${tagOf(both, '.sig')}` },
    { image: stranger },
  ];
  const found = (choice?: ImageWish['attachments']) =>
    pinOf(wishFor('place', { ...(choice && { attachments: choice }) })).then(
      ({ attachments = [] }) => attachments,
    );
  const sorted = (list: readonly TestImage[]): Digest[] => list.map(({ root }) => root.digest).sort();

  it('is found by its subject and by the tags that cosign gives, recursively', async () => {
    await write('place', entries);
    const attachments = await found();
    expect(attachments.map(({ root }) => root.digest).sort()).toEqual(sorted([sbom, signedSbom, signature]));
    expect(attachments).toContainEqual({ subject: arm.root.digest, root: sbom.root, artifactType: SBOM });
    expect(attachments).toContainEqual({
      subject: both.root.digest,
      root: signature.root,
      artifactType: 'application/vnd.oci.image.config.v1+json',
      tag: tagOf(both, '.sig'),
    });
  });

  it('is found in an index under the fallback tag', async () => {
    const referrers = makeIndex([sbom]);
    await write('place', [
      { image: both, name: '1.0' },
      { image: referrers, name: tagOf(arm) },
    ]);
    expect(await found()).toEqual([{ subject: arm.root.digest, root: sbom.root, artifactType: SBOM }]);
  });

  it('comes with the image', async () => {
    await write('place', entries);
    const store = memoryBlobStore();
    const holding = await fetch(wishFor('place'), store);
    expect(holding.attachments).toHaveLength(3);
    for (const { root } of [sbom, signedSbom, signature]) expect(store.blobs.has(root.digest)).toBe(true);
    expect(store.blobs.has(stranger.root.digest)).toBe(false);
  });

  it('can be chosen, with what belongs to it', async () => {
    await write('place', entries);
    expect((await found({ types: ['signature'] })).map(({ root }) => root)).toEqual([signature.root]);
    expect((await found({ types: ['sbom'] })).map(({ root }) => root)).toEqual([sbom.root]);
    expect(await found({ types: [] })).toEqual([]);
  });

  it('leaves out what is about a platform that is not wanted', async () => {
    await write('place', entries);
    const { attachments = [] } = await pinOf(wishFor('place', { platforms: ['linux/amd64'] }));
    expect(attachments.map(({ root }) => root)).toEqual([signature.root]);
  });

  it('is an error when it cannot be read, never nothing', async () => {
    await write('place', entries, [sbom.root.digest]);
    await expect(found()).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining(sbom.root.digest),
    });
    const selected = wishFor('place', { attachments: { types: [] }, from: { path: 'place', select: '1.0' } });
    expect((await pinOf(selected)).root).toEqual(both.root);
  });
});
