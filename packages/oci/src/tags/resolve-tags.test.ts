import { digestOf, type ImageWish, quietRun, type TagChoice } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  makeArtifact,
  makeImage,
  makeIndex,
  memoryContent,
  startRegistry,
  type TestImage,
  type TestRegistry,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { imageSource } from '../image-source.ts';
import { createOciClient } from '../oci-client.ts';
import { createdAt } from './created-at.ts';

const http = createHttpClient({ wait: async () => {} });
const client = createOciClient(http);
const image = await makeImage();

/** The image with another configuration: one that says when it was made, or does not. */
function made(base: TestImage, created: string | undefined): TestImage {
  const [config, ...layers] = base.blobs;
  if (config === undefined) throw new Error('no config');
  const bytes = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', created }));
  const blob = { ...config, digest: digestOf(bytes), size: bytes.byteLength, content: memoryContent(bytes) };
  const { mediaType, digest, size } = blob;
  const document = {
    ...JSON.parse(Buffer.from(base.manifest).toString()),
    config: { mediaType, digest, size },
  };
  const manifest = Buffer.from(JSON.stringify(document));
  const root = { ...base.root, digest: digestOf(manifest), size: manifest.byteLength };
  return { ...base, root, manifest, blobs: [blob, ...layers] };
}

function wishFor(registry: TestRegistry, tags: TagChoice, platforms: readonly string[] = []): ImageWish {
  return {
    kind: 'image',
    ref: `${registry.host}/team/app`,
    platforms,
    tags,
    attachments: { types: [] },
  };
}

async function tagsOf(registry: TestRegistry, tags: TagChoice): Promise<string[]> {
  const pins = await imageSource(client).resolve(wishFor(registry, tags), quietRun());
  return pins.map(({ id }) => id.slice(id.lastIndexOf(':') + 1));
}

async function seeded(tags: readonly string[], options = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  for (const tag of tags) registry.seedImage('team/app', tag, image);
  return registry;
}

describe('a choice of tags', () => {
  it('gives a pin for each, under its full name', async () => {
    await using registry = await seeded(['1.8.0', '1.8.1', '2.0.0']);
    const pins = await imageSource(client).resolve(wishFor(registry, { semver: '~1.8' }), quietRun());
    expect(pins.map(({ id, root }) => [id, root])).toEqual([
      [`${registry.host}/team/app:1.8.0`, image.root],
      [`${registry.host}/team/app:1.8.1`, image.root],
    ]);
  });

  it('by list asks for each tag and lists nothing', async () => {
    await using registry = await seeded(['1.8.0', '1.8.1', '2.0.0']);
    expect(await tagsOf(registry, { list: ['1.8.0', '2.0.0'] })).toEqual(['1.8.0', '2.0.0']);
    expect(registry.requests.map(({ method }) => method)).toEqual(['HEAD', 'HEAD']);
  });

  it('by list names all tags that are missing, and what there is', async () => {
    await using registry = await seeded(['1.8.0', '1.8.1', 'latest']);
    await expect(tagsOf(registry, { list: ['1.8.0', '1.9.0', 'lastest'] })).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringMatching(/team\/app has no tag 1\.9\.0, lastest/),
      hint: expect.stringMatching(/^there are: .*latest/),
      data: { missing: ['1.9.0', 'lastest'] },
    });
  });

  it('by list never takes "could not ask" for "missing"', async () => {
    await using registry = await seeded(['1.8.0']);
    registry.addFault({ match: ({ path }) => path.endsWith('1.9.0'), do: { kind: 'status', status: 403 } });
    await expect(tagsOf(registry, { list: ['1.8.0', '1.9.0'] })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('takes the newest by version out of all pages', async () => {
    const tags = Array.from({ length: 25 }, (_, minor) => `v1.${minor}.0`);
    await using registry = await seeded([...tags, 'latest'], { tagsPerPage: 4 });
    expect(await tagsOf(registry, { newest: 2 })).toEqual(['v1.23.0', 'v1.24.0']);
    expect(await tagsOf(registry, { newest: 1, match: 'v1\\.1.*' })).toEqual(['v1.19.0']);
  });

  it('says what there is when nothing fits', async () => {
    await using registry = await seeded(['1.8.0', '1.8.1']);
    await expect(tagsOf(registry, { semver: '^2' })).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('fits ^2'),
      hint: 'there are: 1.8.1, 1.8.0',
    });
  });
});

describe('the newest by creation date', () => {
  const dates = {
    old: '2024-01-01T00:00:00Z',
    mid: '2025-06-01T10:00:00+02:00',
    new: '2025-06-01T09:00:00Z',
  };

  async function dated(): Promise<TestRegistry> {
    const registry = await startRegistry();
    for (const [tag, date] of Object.entries(dates))
      registry.seedImage('team/app', tag, made(await makeImage({ seed: tag }), date));
    return registry;
  }

  it('is told by the configurations', async () => {
    await using registry = await dated();
    expect(await tagsOf(registry, { newest: 1, by: 'created' })).toEqual(['new']);
    expect(await tagsOf(registry, { newest: 2, by: 'created' })).toEqual(['mid', 'new']);
    expect(await tagsOf(registry, { newest: 1, by: 'created', match: 'old|mid' })).toEqual(['mid']);
  });

  it('leaves out what has no date, and says so when that would have to be taken', async () => {
    await using registry = await dated();
    registry.seedImage('team/app', 'undated', made(await makeImage({ seed: 'undated' }), undefined));
    const chart = makeArtifact({ configType: 'application/vnd.example.config', layers: [] });
    registry.seedImage('team/app', 'artifact', chart);
    expect(await tagsOf(registry, { newest: 3, by: 'created' })).toEqual(['mid', 'new', 'old']);
    await expect(tagsOf(registry, { newest: 4, by: 'created' })).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringMatching(/undated|artifact/),
    });
  });

  it('of an index is its annotation, else that of its first wanted image; what a digest says is asked once', async () => {
    await using registry = await startRegistry();
    const [amd, arm] = [
      made(await makeImage({ seed: 'amd' }), dates.old),
      made(await makeImage({ seed: 'arm', platform: 'linux/arm64' }), dates.new),
    ];
    const plain = makeIndex([amd, arm]);
    const annotated = makeIndex([amd, arm], {
      annotations: { 'org.opencontainers.image.created': dates.mid },
    });
    registry.seedImage('team/app', 'plain', plain);
    registry.seedImage('team/app', 'annotated', annotated);
    const kept = new Map<string, unknown>();
    const cache = {
      get: async (name: string) => kept.get(name),
      put: async (name: string, value: unknown) => void kept.set(name, value),
    };
    const repository = `${registry.host}/team/app`;
    const arm64 = [{ os: 'linux', architecture: 'arm64' }];
    const ask = (root: TestImage, platforms: typeof arm64 | undefined) =>
      createdAt({ client: createOciClient(http), repository, platforms, cache }, root.root, quietRun());
    for (const _ of [1, 2]) {
      expect(await ask(plain, undefined)).toBe(Date.parse(dates.old));
      expect(await ask(plain, arm64)).toBe(Date.parse(dates.new));
      expect(await ask(annotated, arm64)).toBe(Date.parse(dates.mid));
    }
    expect(registry.requests).toHaveLength(7);
  });
});
