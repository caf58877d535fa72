import { MEDIA_TYPES, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { contentOfImage, makeArtifact, memoryBlobStore, startRegistry } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createOciClient } from '../oci-client.ts';
import { createAttachmentFinder } from './attachment-finder.ts';
import { registryAttachments } from './registry-attachments.ts';

const http = createHttpClient({ wait: async () => {} });
const chart = makeArtifact({
  configType: MEDIA_TYPES.helmConfig,
  layers: [{ mediaType: MEDIA_TYPES.helmChart, bytes: 'chart' }],
});
const provenance = makeArtifact({
  configType: MEDIA_TYPES.ociEmpty,
  artifactType: 'application/vnd.in-toto+json',
  layers: [{ mediaType: 'application/vnd.in-toto+json', bytes: '{}' }],
  subject: chart.root,
});

describe('what belongs to a chart', () => {
  it('is found and brought, all of it and nothing of the chart', async () => {
    await using registry = await startRegistry();
    registry.seedImage('charts/app', '1.0.0', chart);
    registry.seedImage('charts/app', undefined, provenance);
    const client = createOciClient(http);
    const attachments = registryAttachments(client, createAttachmentFinder(client));
    const repository = `${registry.host}/charts/app`;
    const item = `${repository}:1.0.0`;
    const found = await attachments.find(repository, chart.root, { item, again: false }, quietRun());
    expect(found).toEqual([
      {
        subject: chart.root.digest,
        root: provenance.root,
        artifactType: 'application/vnd.in-toto+json',
      },
    ]);
    const store = memoryBlobStore();
    const blobs = await attachments.fetch(repository, found, store, item, quietRun());
    const expected = [...new Set(contentOfImage(provenance).map(({ digest }) => digest))].sort();
    expect(blobs.map(({ digest }) => digest)).toEqual(expected);
    expect([...store.blobs.keys()].sort()).toEqual(expected);
  });
});
