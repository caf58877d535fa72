import { quietRun, type ReferenceFinding, type Run } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import {
  artifact,
  BUNDLE,
  chart,
  git,
  image,
  missing,
  NAMED_BY,
  OID,
  pointing,
  REDIS,
  worldPointingTo,
} from './testing/gitops-world.ts';

const ID = 'r.example/manifests:1';

function world(...references: ReferenceFinding[]) {
  const made = worldPointingTo(...references);
  made.upstream.serveImage(ID, 'archive');
  made.repositories.set(ID, { apps: { images: [image('redis:7')], references: [chart('redis', '1.2.3')] } });
  return made;
}

describe('an artifact that a repository points to', () => {
  it('is an image of the release, and what its directories name comes too, also by the lock', async () => {
    const { request, looked, upstream } = world(artifact());
    const first = await collect(request(BUNDLE), quietRun());
    expect(first.manifest.items).toMatchObject([
      { id: `${REDIS}:1.2.3`, namedBy: [{ item: `image ${ID}` }] },
      { id: 'git.example/ops/home' },
      {
        id: 'docker.io/library/redis:7',
        namedBy: [{ item: `chart ${REDIS}:1.2.3` }, { item: `image ${ID}` }],
      },
      { id: ID, namedBy: [NAMED_BY] },
    ]);
    expect(looked).toEqual(['git git.example/ops/home *', `image ${ID} apps`, `chart ${REDIS}:1.2.3`]);
    expect(upstream.calls.filter((call) => call === `fetch ${ID}`)).toHaveLength(1);
    const again = await collect(request(BUNDLE, { lock: first.lock, locked: true }), quietRun());
    expect(again.manifestDigest).toBe(first.manifestDigest);
    expect(looked).toHaveLength(3);
  });

  it('is looked into once for each directory, and not where none is deployed', async () => {
    const { path: _, ...whole } = artifact();
    const place = { file: 'overlays/kustomization.yaml', path: 'resources[0]' };
    const { request, looked, repositories, upstream } = world(
      git('b', 'x'),
      { ...whole, place },
      artifact(),
      artifact({ place }),
      artifact({ path: 'other' }),
      artifact({ confidence: 'likely' }),
    );
    upstream.serveGit('https://git.example/b', { 'refs/heads/main': OID });
    repositories.set('git.example/b', { x: pointing(artifact()) });
    repositories.set(ID, { apps: {}, other: {} });
    const { manifest } = await collect(request(BUNDLE), quietRun());
    expect(looked.slice(2)).toEqual([`image ${ID} apps`, `image ${ID} other`, `image ${ID} apps`]);
    const [custom, kustomization] = [{ method: 'custom-resource' }, { method: 'kustomization' }];
    expect(manifest.items[2]).toMatchObject({ namedBy: [custom, custom, kustomization] });
  });

  it('must have the directory, unless that is not sure', async () => {
    const sure = world(artifact({ path: 'gone' }));
    await expect(collect(sure.request(BUNDLE), quietRun())).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining(`image ${ID} ← git git.example/ops/home ← wish`),
      hint: expect.stringContaining('mend what the repository says'),
    });
    const unsure = world(artifact({ path: 'gone', confidence: 'likely' }));
    const { leads, manifest } = await collect(unsure.request(BUNDLE), quietRun());
    expect([leads?.[0]?.outcome, manifest.items.length]).toEqual(['listed', 1]);
  });

  it('must be an archive of manifests', async () => {
    const fetchIndex = (confidence: 'certain' | 'likely') => {
      const { request } = world(artifact({ confidence }));
      const basis = request(BUNDLE);
      const { image: images } = basis.sources;
      const fetch = async (
        ...[pin, into, run]: [Parameters<typeof images.fetch>[0], Parameters<typeof images.fetch>[1], Run]
      ) => {
        const holding = await images.fetch(pin, into, run);
        if (pin.id !== ID) return holding;
        const type = 'application/vnd.oci.image.index.v1+json';
        const index = JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [] });
        const root = await into.add(type, Buffer.from(index), run);
        return { ...holding, root, blobs: [...holding.blobs, root], upstreamIndex: pin.root };
      };
      return { ...basis, sources: { ...basis.sources, image: { ...images, fetch } } };
    };
    await expect(collect(fetchIndex('certain'), quietRun())).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('it is an index of several'),
    });
    const { leads } = await collect(fetchIndex('likely'), quietRun());
    expect(leads).toMatchObject([
      { outcome: 'included', open: [expect.stringContaining('not looked into')] },
    ]);
  });

  it('is not looked into where bundle.yaml wants it itself, and that is told', async () => {
    const { request, looked } = world(artifact());
    const { leads, manifest } = await collect(request(`${BUNDLE}\nimages: ["${ID}"]`), quietRun());
    expect(looked).toEqual(['git git.example/ops/home *']);
    expect(leads).toMatchObject([
      { outcome: 'wanted', open: [expect.stringContaining('bundle.yaml wants it')] },
    ]);
    expect(manifest.items[1]).toMatchObject({ id: ID, namedBy: [NAMED_BY] });
  });

  it('is not asked for where it is waived, and named where it is missing', async () => {
    const { request, upstream } = world(artifact());
    const waived = await collect(
      request(`${BUNDLE}\nwaivers: [{image: "r.example/**", reason: r}]`),
      quietRun(),
    );
    expect(waived.lock.waived).toEqual([{ image: ID, namedBy: [NAMED_BY] }]);
    expect(upstream.calls.join()).not.toContain('r.example');
    upstream.fail(ID, missing(ID));
    await expect(collect(request(BUNDLE), quietRun())).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });
});
