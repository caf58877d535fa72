import { type ImageWish, MEDIA_TYPES, quietRun, type RunEvent } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  makeArtifact,
  makeImage,
  makeIndex,
  memoryBlobStore,
  startRegistry,
  type TestRegistry,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { imageSource } from '../image-source.ts';
import { createOciClient } from '../oci-client.ts';
import { createAttachmentFinder } from './attachment-finder.ts';
import type { LookupCache } from './lookup-cache.ts';

const http = createHttpClient({ wait: async () => {} });
const HOUR = 60 * 60 * 1000;
const image = makeIndex([
  await makeImage({ seed: 1 }),
  await makeImage({ seed: 2, platform: 'linux/arm64' }),
]);
const sbom = makeArtifact({
  configType: MEDIA_TYPES.ociEmpty,
  artifactType: 'application/spdx+json',
  layers: [],
  subject: image.root,
});

/** A machine on which runs follow each other: what is kept stays, and time goes on. */
function machine() {
  const kept = new Map<string, unknown>();
  const cache: LookupCache = {
    get: async (name) => kept.get(name),
    put: async (name, value) => void kept.set(name, JSON.parse(JSON.stringify(value))),
  };
  const store = memoryBlobStore();
  let time = Date.parse('2026-01-01T00:00:00Z');
  return {
    kept,
    store,
    wait: (ms: number) => {
      time += ms;
    },
    /** One run: resolve all, fetch all. */
    async collect(registry: TestRegistry, wishes: readonly ImageWish[], refresh = false) {
      const events: RunEvent[] = [];
      const run = { ...quietRun(), emit: (event: RunEvent) => void events.push(event) };
      const client = createOciClient(http);
      const attachments = createAttachmentFinder(client, {
        cache,
        refresh,
        clock: { now: () => new Date(time) },
      });
      const source = imageSource(client, { attachments, cache });
      const before = registry.requests.length;
      const pins = (await Promise.all(wishes.map((wish) => source.resolve(wish, run)))).flat();
      for (const pin of pins) await source.fetch(pin, store, run);
      const requests = registry.requests.slice(before).map(({ method, url }) => `${method} ${url}`);
      return { pins, requests, lookups: events.filter(({ kind }) => kind === 'lookup') };
    },
  };
}

async function seeded(): Promise<TestRegistry> {
  const registry = await startRegistry();
  for (const tag of ['1.0', 'latest']) registry.seedImage('team/app', tag, image);
  registry.seedImage('team/app', undefined, sbom);
  return registry;
}

const wish = (registry: TestRegistry, tag: string, more: Partial<ImageWish> = {}): ImageWish => ({
  kind: 'image',
  ref: `${registry.host}/team/app:${tag}`,
  platforms: [],
  ...more,
});

describe('what was found to belong to an image', () => {
  it('is used again for a day: unchanged content costs one HEAD for each tag', async () => {
    await using registry = await seeded();
    const { collect, wait } = machine();
    const wishes = [wish(registry, '1.0'), wish(registry, 'latest')];
    const first = await collect(registry, wishes);
    wait(24 * HOUR);
    const second = await collect(registry, wishes);
    expect(second.requests.sort()).toEqual([
      'HEAD /v2/team/app/manifests/1.0',
      'HEAD /v2/team/app/manifests/latest',
    ]);
    expect(second.pins).toEqual(first.pins);
    expect(second.pins[0]?.attachments).toHaveLength(1);
    expect(second.lookups).toEqual(
      wishes.map(({ ref }) => ({ kind: 'lookup', item: ref, requests: 0, age: 24 * HOUR })),
    );
  });

  it('is looked for again after a day, on request, and where a signature is demanded', async () => {
    await using registry = await seeded();
    const { collect, wait } = machine();
    const looks = async (wanted: ImageWish, refresh = false) =>
      (await collect(registry, [wanted], refresh)).lookups.map((event) => 'age' in event);
    expect(await looks(wish(registry, '1.0'))).toEqual([false]);
    expect(await looks(wish(registry, '1.0'))).toEqual([true]);
    expect(await looks(wish(registry, '1.0'), true)).toEqual([false]);
    expect(await looks(wish(registry, '1.0', { verify: [{ key: 'upstream.pub' }] }))).toEqual([false]);
    wait(24 * HOUR + 1);
    expect(await looks(wish(registry, '1.0'))).toEqual([false]);
    expect(await looks(wish(registry, '1.0', { platforms: ['linux/amd64'] }))).toEqual([false]);
  });

  it('is looked for once in a run however many tags the image has', async () => {
    await using registry = await seeded();
    const { lookups } = await machine().collect(
      registry,
      [wish(registry, '1.0'), wish(registry, 'latest')],
      true,
    );
    expect(lookups.map((event) => ('age' in event ? 'again' : 'looked')).sort()).toEqual(['again', 'looked']);
  });

  it('is counted in requests', async () => {
    await using registry = await seeded();
    const { lookups, requests } = await machine().collect(registry, [wish(registry, '1.0')]);
    const asked = requests.filter((request) =>
      /\/referrers\/|\.(?:sig|att|sbom)$|[0-9a-f]{64}$/.test(request),
    );
    const ofLookup = asked.filter((request) => /referrers|\.(?:sig|att|sbom)$/.test(request));
    // Index, two images and the SBOM: four questions each, and the SBOM's manifest.
    expect(ofLookup).toHaveLength(16);
    expect(lookups).toMatchObject([{ requests: 17 }]);
  });

  it('is looked for again when what was kept is damaged, and a choice of kinds is no reason to', async () => {
    await using registry = await seeded();
    const { collect, kept } = machine();
    await collect(registry, [wish(registry, '1.0')]);
    const chosen = await collect(registry, [
      wish(registry, '1.0', { attachments: { types: ['signature'] } }),
    ]);
    expect(chosen.lookups).toMatchObject([{ requests: 0 }]);
    expect(chosen.pins[0]).not.toHaveProperty('attachments');
    for (const name of kept.keys()) kept.set(name, { at: 'yesterday', found: '__proto__' });
    expect((await collect(registry, [wish(registry, '1.0')])).lookups).toMatchObject([{ requests: 17 }]);
  });
});
