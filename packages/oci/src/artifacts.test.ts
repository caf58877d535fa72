import { type ImageWish, MEDIA_TYPES, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { contentOfImage, makeArtifact, memoryBlobStore, startRegistry } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { imageSource } from './image-source.ts';
import { createOciClient } from './oci-client.ts';

const http = createHttpClient({ wait: async () => {} });

/** As their tools push them. */
const ARTIFACTS: ReadonlyArray<readonly [string, Parameters<typeof makeArtifact>[0]]> = [
  [
    'a Trivy database',
    {
      configType: 'application/vnd.aquasec.trivy.config.v1+json',
      layers: [{ mediaType: 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip', bytes: 'db' }],
    },
  ],
  [
    'a WebAssembly module',
    {
      configType: 'application/vnd.wasm.config.v0+json',
      layers: [{ mediaType: 'application/wasm', bytes: '\0asm' }],
    },
  ],
  [
    'a Flux artifact',
    {
      configType: 'application/vnd.cncf.flux.config.v1+json',
      layers: [{ mediaType: 'application/vnd.cncf.flux.content.v1.tar+gzip', bytes: 'manifests' }],
      annotations: { 'org.opencontainers.image.source': 'https://git.example/x' },
    },
  ],
  [
    'a Helm chart',
    {
      configType: MEDIA_TYPES.helmConfig,
      config: '{"name":"app","version":"1.0.0"}',
      layers: [{ mediaType: MEDIA_TYPES.helmChart, bytes: 'tgz' }],
    },
  ],
  [
    'an artifact with an empty configuration and no layers but that one',
    {
      configType: MEDIA_TYPES.ociEmpty,
      artifactType: 'application/vnd.example.data',
      layers: [{ mediaType: MEDIA_TYPES.ociEmpty, bytes: '{}' }],
    },
  ],
];

describe('artifacts as images', () => {
  it.each(ARTIFACTS)('%s comes as it is, whatever platforms are wanted', async (_, input) => {
    await using registry = await startRegistry();
    const artifact = makeArtifact(input);
    registry.seedImage('team/thing', '1', artifact);
    const wish: ImageWish = {
      kind: 'image',
      ref: `${registry.host}/team/thing:1`,
      platforms: ['linux/amd64', 'linux/arm64'],
    };
    const source = imageSource(createOciClient(http));
    const [pin] = await source.resolve(wish, quietRun());
    if (pin === undefined) throw new Error('no pin');
    const store = memoryBlobStore();
    const holding = await source.fetch(pin, store, quietRun());
    expect(holding).toMatchObject({ root: artifact.root, platforms: [] });
    expect(holding).not.toHaveProperty('upstreamIndex');
    const all = [...new Set(contentOfImage(artifact).map(({ digest }) => digest))].sort();
    expect([...store.blobs.keys()].sort()).toEqual(all);
  });
});
