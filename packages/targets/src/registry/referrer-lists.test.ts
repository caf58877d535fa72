import { type Digest, digestOf, MEDIA_TYPES, type PruneRequest, quietRun } from '@gapferry/core';
import { makeArtifact, makeImage, startRegistry, type TestImage, type TestRegistry } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plainRegistry } from '../testing/plain-registry.ts';
import { type RegistryTarget, registryTarget } from './registry-target.ts';

const run = quietRun();
const REPOSITORY = 'up.example/app';
let registry: TestRegistry;
let target: RegistryTarget;
let image: TestImage;
let own: TestImage;
let foreign: TestImage;
let listTag: string;

beforeEach(async () => {
  registry = await startRegistry({ referrers: false });
  const host = registry.host;
  target = registryTarget({ name: 'mirror', host, registry: plainRegistry(), path: '{host}/{path}' });
  image = await makeImage({ layers: [{ size: 100, seed: 'app' }], seed: 'app' });
  [own, foreign] = [attached('ours'), attached('theirs')];
  listTag = image.root.digest.replace(':', '-');
  registry.seedImage(REPOSITORY, '1.0', image);
  for (const one of [own, foreign]) registry.seedImage(REPOSITORY, undefined, one);
});
afterEach(() => registry.close());

function attached(bytes: string, subject = image.root): TestImage {
  const configType = 'application/vnd.oci.empty.v1+json';
  return makeArtifact({ configType, layers: [{ mediaType: 'text/plain', bytes }], subject });
}

/** As clients list what has a subject where there is no referrers API. */
function list(tag: string, ...referrers: readonly TestImage[]): void {
  const manifests = referrers.map(({ root: { mediaType, digest, size } }) => ({ mediaType, digest, size }));
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests, annotations: { by: 'any' } };
  const manifest = Buffer.from(JSON.stringify(index));
  const root = { mediaType: MEDIA_TYPES.ociIndex, digest: digestOf(manifest), size: manifest.byteLength };
  registry.seedImage(REPOSITORY, tag, { root, manifest, blobs: [], children: [] });
}

function request(more: Partial<PruneRequest> = {}): PruneRequest {
  const item = 'image up.example/app:1.0';
  const of = ({ root }: TestImage): PruneRequest['manifests'][number] => ({
    item,
    repository: REPOSITORY,
    digest: root.digest,
  });
  return {
    channel: 'line-a',
    manifests: [of(own), of(image)],
    tags: [{ ...of(image), tag: '1.0' }],
    files: [],
    needed: new Set(),
    staying: new Map([[2, '2.0']]),
    going: new Set([1]),
    refs: [],
    unnamed: new Map(),
    contents: [],
    ...more,
  };
}

async function pruneAll(asked = request()): Promise<string[]> {
  const told: string[] = [];
  for (const step of await target.prunable(asked, run)) {
    const name = step.place.slice(step.place.lastIndexOf('/') + 1);
    const outcome = step.stays ?? (await target.prune(step, asked, run));
    told.push(
      `${name} ${typeof outcome === 'string' || outcome.state === 'stays' ? 'stays' : outcome.state}`,
    );
  }
  return told;
}

async function listed(tag = listTag): Promise<unknown> {
  const digest = registry.tagged(REPOSITORY, tag);
  if (digest === undefined) return undefined;
  const answer = await fetch(`${registry.url}/v2/${REPOSITORY}/manifests/${digest}`, {
    headers: { accept: MEDIA_TYPES.ociIndex },
  });
  return await answer.json();
}

const nameOf = ({ root }: TestImage): string => `app@${root.digest}`;

describe('a list of referrers under a fallback tag', () => {
  it('holds nothing, and goes with the last of what it lists', async () => {
    list(listTag, own);
    expect(await pruneAll()).toEqual([
      `${nameOf(image)} removed`,
      `${nameOf(own)} removed`,
      `app:${listTag} removed`,
    ]);
    expect(await listed()).toBeUndefined();
    expect(await target.prunable(request(), run)).toEqual([]);
  });

  it('keeps what others listed, and what they say of it', async () => {
    list(listTag, foreign, own);
    expect((await pruneAll()).at(-1)).toBe(`app:${listTag} removed`);
    expect(await listed()).toMatchObject({
      manifests: [{ digest: foreign.root.digest }],
      annotations: { by: 'any' },
    });
    expect(registry.hasManifest(REPOSITORY, foreign.root.digest)).toBe(true);
  });

  it('loses what one that stays does not have any more', async () => {
    list(listTag, foreign, own);
    const asked = request({ tags: [], needed: new Set([image.root.digest]) });
    expect(await pruneAll(asked)).toEqual([`${nameOf(own)} removed`, `app:${listTag} removed`]);
    expect(registry.tagged(REPOSITORY, '1.0')).toBe(image.root.digest);
  });

  it('is left where what it lists stays', async () => {
    list(listTag, own);
    registry.seedImage(REPOSITORY, 'production', image);
    expect(await pruneAll()).toEqual([`${nameOf(image)} stays`, `${nameOf(own)} stays`]);
    expect(await listed()).toMatchObject({ manifests: [{ digest: own.root.digest }] });
  });

  it('is put right where a prune broke off after what it lists was gone', async () => {
    list(listTag, own);
    for (const step of (await target.prunable(request(), run)).slice(0, 2))
      await target.prune(step, request(), run);
    expect(await pruneAll()).toEqual([`app:${listTag} removed`]);
    expect(await listed()).toBeUndefined();
  });

  it('is somebody’s where it names what has another subject: an index like any other', async () => {
    const other = digestOf('other').replace(':', '-');
    list(other, own);
    expect(await pruneAll()).toEqual([`${nameOf(image)} removed`, `${nameOf(own)} stays`]);
  });

  it('stays where somebody’s tag stands at the same list and nothing would be left in it', async () => {
    list(listTag, own);
    list('theirs', own);
    expect((await pruneAll()).at(-1)).not.toContain('removed');
    expect(registry.tagged(REPOSITORY, 'theirs')).toBe(registry.tagged(REPOSITORY, listTag));
  });
});

describe('an index that went before a prune broke off', () => {
  it('is followed by the manifests that the item had in it', async () => {
    const digest: Digest = digestOf('the index');
    const [layer] = image.blobs;
    const parts = [image.root.digest, ...(layer === undefined ? [] : [layer.digest])];
    const manifests = [{ item: 'image', repository: REPOSITORY, digest, parts }];
    expect(await pruneAll(request({ manifests }))).toEqual([`${nameOf(image)} removed`]);
  });
});
