import type { Digest, PruneRequest, PruneStep } from '@gapferry/core';
import { quietRun } from '@gapferry/core';
import {
  makeArtifact,
  makeImage,
  makeIndex,
  startRegistry,
  type TestImage,
  type TestRegistry,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plainRegistry } from '../testing/plain-registry.ts';
import { type RegistryTarget, registryTarget } from './registry-target.ts';

const run = quietRun();
let registry: TestRegistry;
let target: RegistryTarget;
let old: TestImage;
let newer: TestImage;

beforeEach(async () => {
  registry = await startRegistry();
  target = registryTarget({
    name: 'mirror',
    host: registry.host,
    registry: plainRegistry(),
    path: '{host}/{path}',
  });
  const platforms = ['linux/amd64', 'linux/arm64'];
  const image = (seed: string, platform: string): Promise<TestImage> =>
    makeImage({
      platform,
      layers: [
        { size: 1000, seed: 'base' },
        { size: 500, seed: `${platform} ${seed}` },
      ],
      seed: `${platform} ${seed}`,
    });
  old = await makeIndex(await Promise.all(platforms.map((platform) => image('old', platform))));
  newer = await makeIndex(await Promise.all(platforms.map((platform) => image('new', platform))));
  registry.seedImage('up.example/app', '1.0', old);
  registry.seedImage('up.example/app', '2.0', newer);
});
afterEach(() => registry.close());

const digestOfRoot = (image: TestImage): Digest => image.root.digest;

function everything({ root, blobs, children }: TestImage): Digest[] {
  return [root.digest, ...blobs.map(({ digest }) => digest), ...children.flatMap(everything)];
}

function request(more: Partial<PruneRequest> = {}): PruneRequest {
  const manifest = {
    item: 'image up.example/app:1.0',
    repository: 'up.example/app',
    digest: digestOfRoot(old),
  };
  return {
    channel: 'line-a',
    manifests: [manifest],
    tags: [{ ...manifest, tag: '1.0' }],
    files: [],
    needed: new Set(everything(newer)),
    staying: new Map([[2, '2.0']]),
    going: new Set([1]),
    refs: [],
    unnamed: new Map(),
    contents: [],
    ...more,
  };
}

async function pruneAll(steps: readonly PruneStep[], asked: PruneRequest): Promise<string[]> {
  const outcomes: string[] = [];
  for (const step of steps)
    if (step.stays === undefined) outcomes.push((await target.prune(step, asked, run)).state);
  return outcomes;
}

const at = (reference: string): Promise<unknown> =>
  plainRegistry().manifest(`${registry.host}/up.example/app`, reference, run);

describe('an index of a release that goes', () => {
  it('goes with its children, and what stays needs is untouched', async () => {
    const steps = await target.prunable(request(), run);
    expect(steps).toHaveLength(3);
    expect(steps[0]?.place).toBe(`${registry.host}/up.example/app@${digestOfRoot(old)}`);
    expect(await pruneAll(steps, request())).toEqual(['removed', 'removed', 'removed']);
    expect(await at('1.0')).toBeUndefined();
    expect(await at(digestOfRoot(old))).toBeUndefined();
    expect(await at('2.0')).toMatchObject({ digest: digestOfRoot(newer) });
    expect(await target.prunable(request(), run)).toEqual([]);
  });

  it('counts a shared layer once, and what others need not at all', async () => {
    const [one, other] = old.children;
    const shared = one?.blobs.find(({ digest }) => other?.blobs.some((blob) => blob.digest === digest));
    const base = await target.prunable(request({ needed: new Set() }), run);
    const steps = await target.prunable(request(), run);
    const sum = (all: readonly PruneStep[]): number =>
      all.reduce((bytes, one) => bytes + (one.bytes ?? 0), 0);
    expect(sum(base) - sum(steps)).toBe(shared?.size);
  });

  it('stays whole where somebody else’s tag stands at it', async () => {
    registry.seedImage('up.example/app', 'production', old);
    const steps = await target.prunable(request(), run);
    expect(steps.every(({ stays }) => stays?.includes('the tag production stands at it'))).toBe(true);
  });

  it('stays where our own tag was moved to it by somebody', async () => {
    registry.seedImage('up.example/app', '2.0', old);
    const steps = await target.prunable(request(), run);
    expect(steps.map(({ stays }) => stays !== undefined)).toEqual([true, true, true]);
  });

  it('keeps a child that something that stays needs', async () => {
    const [child] = old.children;
    const needed = new Set([child?.root.digest ?? digestOfRoot(old)]);
    const steps = await target.prunable(request({ needed }), run);
    expect(steps).toHaveLength(2);
    expect(steps.map(({ place }) => place)).not.toContain(
      `${registry.host}/up.example/app@${child?.root.digest}`,
    );
  });

  it('is no step where it is gone already, and gone is fine', async () => {
    const [first] = await target.prunable(request(), run);
    if (first === undefined) throw new Error('no step');
    expect(await target.prune(first, request(), run)).toEqual({ state: 'removed' });
    expect(await target.prune(first, request(), run)).toEqual({ state: 'gone' });
    const elsewhere = { item: 'image none', repository: 'up.example/none', digest: digestOfRoot(old) };
    expect(await target.prunable(request({ manifests: [elsewhere] }), run)).toEqual([]);
  });
});

describe('what moves between the look and the removal', () => {
  it('stays where somebody stood a tag at it meanwhile', async () => {
    const steps = await target.prunable(request(), run);
    registry.seedImage('up.example/app', 'production', old);
    expect(await pruneAll(steps, request())).toEqual(['stays', 'stays', 'stays']);
    expect(await at('production')).toMatchObject({ digest: digestOfRoot(old) });
  });
});

describe('somebody else’s index of indexes', () => {
  it('keeps everything below it', async () => {
    registry.seedImage('up.example/app', 'suite', await makeIndex([await makeIndex([old])]));
    const steps = await target.prunable(request(), run);
    expect(steps.map(({ stays }) => stays?.includes('the tag suite'))).toEqual([true, true, true]);
  });
});

describe('what is attached to an image', () => {
  let signature: TestImage;
  let signed: PruneRequest;
  beforeEach(async () => {
    const layers = [{ mediaType: 'application/octet-stream', bytes: 'signature' }];
    const configType = 'application/vnd.oci.empty.v1+json';
    signature = await makeArtifact({ configType, layers, subject: old.root });
    registry.seedImage('up.example/app', 'any', signature);
    // The ledger names no tag of it.
    const root = { item: 'image up.example/app:1.0', repository: 'up.example/app' };
    const manifests = [{ ...root, digest: digestOfRoot(signature) }, ...request().manifests];
    const tags = [...request().tags, { ...root, tag: 'any', digest: digestOfRoot(signature) }];
    signed = request({ manifests, tags });
  });

  it('goes after it', async () => {
    const steps = await target.prunable(signed, run);
    expect(steps.at(-1)?.place).toContain(digestOfRoot(signature));
    expect(await pruneAll(steps, signed)).toEqual(['removed', 'removed', 'removed', 'removed']);
  });

  it('stays where the image stays: whoever asks for its signature finds it', async () => {
    registry.seedImage('up.example/app', 'production', old);
    const steps = await target.prunable(signed, run);
    expect(steps.at(-1)?.stays).toBe('what it is attached to stays');
  });

  it('stays where the registry does not let the image go', async () => {
    const refusing = {
      ...plainRegistry(),
      removeManifest: async (_repository: string, digest: Digest) => {
        if (digest === digestOfRoot(old)) return 'unsupported' as const;
        throw new Error('nothing else may go');
      },
    };
    const host = registry.host;
    target = registryTarget({ name: 'mirror', host, registry: refusing, path: '{host}/{path}' });
    const steps = await target.prunable(signed, run);
    expect(await pruneAll(steps, signed)).toEqual(['stays', 'stays', 'stays', 'stays']);
  });
});

describe('a registry that does not delete', () => {
  it('says so, and nothing else is wrong', async () => {
    const refusing = { ...plainRegistry(), removeManifest: async () => 'unsupported' as const };
    target = registryTarget({
      name: 'mirror',
      host: registry.host,
      registry: refusing,
      path: '{host}/{path}',
    });
    const [first] = await target.prunable(request(), run);
    if (first === undefined) throw new Error('no step');
    expect(await target.prune(first, request(), run)).toEqual({
      state: 'stays',
      why: 'this registry does not delete',
    });
  });
});
