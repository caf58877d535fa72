import type { Lock } from '@gapferry/bundle';
import { type ImageDiscovery, quietRun } from '@gapferry/core';
import { memoryDepot, memoryUpstream } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import type { Discovery } from './discovery.ts';
import type { CollectRequest } from './request.ts';
import { memoryRequest } from './testing/memory-request.ts';
import { NO_SUBMODULES } from './testing/no-submodules.ts';

/** A chart whose release and values are the image that it names. */
const images: ImageDiscovery = {
  discover: async ({ rendering: { release = 'none', values = [] } }) =>
    [release, ...values.flatMap((one) => ('content' in one ? [one.content] : []))].map((name) => ({
      reference: `${name}:1`,
      method: 'pod-template',
      confidence: 'certain',
      place: { file: 'app/templates/pod.yaml', path: 'image' },
    })),
};
const nothing = async () => ({ images: [], references: [], problems: [] });
const trees: Discovery['trees'] = { discover: nothing, discoverArtifact: nothing };

function setUp(members: string, files: Readonly<Record<string, string>> = {}): CollectRequest {
  const upstream = memoryUpstream();
  upstream.serveChart('charts.example/app', '1.0.0', 'archive');
  for (const name of ['none', 'plant', 'lab', 'extra', 'other'])
    upstream.serveImage(`docker.io/library/${name}:1`, name);
  return memoryRequest(wishing(members), upstream, {
    discovery: {
      images,
      trees,
      submodules: NO_SUBMODULES,
      normalizeGitUrl: (url: string) => url,
      values: new Map(Object.entries({ 'v.yaml': 'extra', ...files })),
      store: memoryDepot(),
    },
  });
}

function wishing(members: string): string {
  return `charts: [{oci: charts.example/app, version: 1.0.0, ${members}}]\n`;
}

const TWO = 'installations: [{release: plant}, {release: lab, values: v.yaml}]';

async function lockOf(request: CollectRequest): Promise<Lock> {
  return (await collect(request, quietRun())).lock;
}

describe('a chart that is installed twice', () => {
  it('is one item, and every image of both is in the release', async () => {
    const { pins } = await lockOf(setUp(TWO));
    expect(pins.map(({ id }) => id)).toEqual([
      'charts.example/app:1.0.0',
      'docker.io/library/extra:1',
      'docker.io/library/lab:1',
      'docker.io/library/plant:1',
    ]);
  });

  it('has the same lock whatever stands first', async () => {
    const turned = 'installations: [{release: lab, values: v.yaml}, {release: plant}]';
    expect(await lockOf(setUp(turned))).toEqual(await lockOf(setUp(TWO)));
  });

  it('fits its lock, and no longer when one of the two has other values', async () => {
    const lock = await lockOf(setUp(TWO));
    await expect(collect({ ...setUp(TWO), lock, locked: true }, quietRun())).resolves.toBeDefined();
    const changed = setUp(TWO, { 'v.yaml': 'other' });
    await expect(collect({ ...changed, lock, locked: true }, quietRun())).rejects.toMatchObject({
      code: 'LOCK_STALE',
      message: expect.stringContaining('was rendered with other values than its files hold now'),
    });
  });

  it('fits no lock that was made with one of them alone', async () => {
    const { pins } = await lockOf(setUp('release: plant'));
    const [wished] = (await lockOf(setUp(TWO))).pins;
    const [chart, ...others] = pins;
    const lock = {
      ...(await lockOf(setUp(TWO))),
      pins: [{ ...chart, wish: wished?.wish }, ...others],
    } as Lock;
    await expect(collect({ ...setUp(TWO), lock, locked: true }, quietRun())).rejects.toMatchObject({
      code: 'LOCK_STALE',
    });
  });
});
