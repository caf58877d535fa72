import { type BundleConfig, encodeLock, foundDigest, type Lock, parseLock } from '@gapferry/bundle';
import {
  GapferryError,
  type ImageDiscovery,
  type ImageFinding,
  type ImagePin,
  quietRun,
  type RunEvent,
} from '@gapferry/core';
import { memoryDepot, memoryUpstream } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import type { Discovery } from './discovery.ts';
import { driftOf } from './drift-of.ts';
import { previewCollect } from './preview-collect.ts';
import type { CollectRequest } from './request.ts';
import { surveyBundle } from './survey-bundle.ts';
import { memoryRequest } from './testing/memory-request.ts';
import { NO_SUBMODULES } from './testing/no-submodules.ts';

const APP = 'charts:\n  - {oci: charts.example/app, version: 1.0.0';
const CERTAIN = found('web:1', 'certain');

function found(
  reference: string,
  confidence: ImageFinding['confidence'],
  path = 'spec.containers[0].image',
): ImageFinding {
  const place = { file: 'app/templates/pod.yaml', object: 'Pod/app', path };
  return { reference, confidence, method: 'pod-template', place };
}

/** Charts of memory upstreams are their archives' text: what is found in each is told here. */
function discovers(byArchive: Readonly<Record<string, readonly ImageFinding[]>>): ImageDiscovery & {
  readonly seen: string[];
} {
  const seen: string[] = [];
  return {
    seen,
    async discover({ archive, rendering, pin }) {
      const text = Buffer.from(archive).toString();
      const values = (rendering.values ?? [])
        .map((one) => ('content' in one ? one.content : one.chartFile))
        .join('+');
      seen.push(`${pin.id} ${values}`);
      const findings = byArchive[`${text}${values}`] ?? byArchive[text];
      if (findings !== undefined) return findings;
      throw new GapferryError({ code: 'CONFIG_INVALID', message: `${pin.id}: templates/x.yaml:3: it fails` });
    },
  };
}

function setUp(body: string, findings: readonly ImageFinding[] = [CERTAIN]) {
  const upstream = memoryUpstream();
  upstream.serveChart('charts.example/app', '1.0.0', 'archive');
  for (const name of ['web', 'side', 'own']) upstream.serveImage(`docker.io/library/${name}:1`, name);
  const depot = memoryDepot();
  const images = discovers({ archive: findings, failing: undefined as never });
  const nothing = async () => ({ images: [], references: [], problems: [] });
  const trees: Discovery['trees'] = { discover: nothing, discoverArtifact: nothing };
  const discovery: Discovery = {
    images,
    trees,
    submodules: NO_SUBMODULES,
    normalizeGitUrl: (url: string) => url,
    values: new Map([['v.yaml', 'a: 1']]),
    store: memoryDepot(),
  };
  const request = memoryRequest(body, upstream, { depot, discovery });
  const { config } = request;
  return { upstream, config, request, images, discovery, depot };
}

const NAMED_BY = {
  item: 'chart charts.example/app:1.0.0',
  method: 'pod-template',
  file: 'app/templates/pod.yaml',
  object: 'Pod/app',
  path: 'spec.containers[0].image',
};

describe('an image that a chart surely needs', () => {
  it('is in the release for the platforms of the bundle, with what names it', async () => {
    const { request, upstream } = setUp(`${APP}}`);
    const { manifest, lock, discovered } = await collect(request, quietRun());
    const [, item] = manifest.items;
    expect(item).toMatchObject({ id: 'docker.io/library/web:1', namedBy: [NAMED_BY] });
    expect(lock.pins[1]).toMatchObject({ platforms: ['linux/amd64'], namedBy: [NAMED_BY] });
    expect(parseLock(Buffer.from(encodeLock(lock)), 'lock')).toEqual(lock);
    expect(discovered).toEqual([
      {
        image: 'docker.io/library/web:1',
        confidence: 'certain',
        outcome: 'included',
        item: 'docker.io/library/web:1',
        namedBy: [NAMED_BY],
      },
    ]);
    expect(upstream.calls.filter((call) => call.startsWith('fetch charts'))).toHaveLength(1);
  });

  it('ends the collect when upstream does not have it, with the chain and the place', async () => {
    const { request, depot } = setUp(`${APP}}`, [found('gone:1', 'certain')]);
    const error = await collect(request, quietRun()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND', category: 'incomplete' });
    expect((error as Error).message).toBe(
      'cannot resolve image docker.io/library/gone:1 ← chart charts.example/app:1.0.0 ← wish "chart oci://charts.example/app 1.0.0": there is no docker.io/library/gone:1; named in app/templates/pod.yaml: Pod/app: spec.containers[0].image of chart charts.example/app:1.0.0',
    );
    expect((error as GapferryError).hint).toContain('waivers');
    expect(depot.releases.size).toBe(0);
  });

  it('is not taken for missing when upstream could not be asked', async () => {
    const { request, upstream } = setUp(`${APP}}`);
    const cut = new GapferryError({ code: 'UNREACHABLE', message: 'no answer', retryable: true });
    upstream.fail('docker.io/library/web:1', cut);
    await expect(collect(request, quietRun())).rejects.toMatchObject({
      code: 'UNREACHABLE',
      category: 'transport',
      retryable: true,
    });
  });

  it('ends the collect when it is no reference', async () => {
    const { request } = setUp(`${APP}}`, [found('Not/An Image:', 'certain')]);
    await expect(collect(request, quietRun())).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
  });

  it('is left out where it is waived, and that stands in lock and report', async () => {
    const { request } = setUp(`${APP}}\nwaivers: [{image: "docker.io/library/web", reason: not here}]`);
    const { manifest, lock, discovered } = await collect(request, quietRun());
    expect(manifest.items).toHaveLength(1);
    expect(lock.waived).toEqual([{ image: 'docker.io/library/web:1', namedBy: [NAMED_BY] }]);
    expect(discovered).toMatchObject([{ outcome: 'waived', reason: 'not here' }]);
  });

  it('is one item with the image that bundle.yaml wants itself', async () => {
    const { request } = setUp(`images: [{ref: "web:1", platforms: []}]\n${APP}}`);
    const { manifest, lock, discovered } = await collect(request, quietRun());
    expect(manifest.items).toHaveLength(2);
    expect(lock.pins[1]).toMatchObject({ platforms: [], namedBy: [NAMED_BY] });
    expect(discovered).toMatchObject([{ outcome: 'wanted' }]);
  });
});

describe('an image that a chart likely needs', () => {
  it('is included where upstream has it, and listed where not', async () => {
    const { request } = setUp(`${APP}}`, [found('web:1', 'likely'), found('gone:1', 'likely', 'b')]);
    const { manifest, discovered } = await collect(request, quietRun());
    expect(manifest.items.map(({ id }) => id)).toContain('docker.io/library/web:1');
    expect(discovered).toMatchObject([
      { image: 'docker.io/library/gone:1', outcome: 'listed', reason: 'upstream has none' },
      { image: 'docker.io/library/web:1', outcome: 'included' },
    ]);
  });

  it('ends the collect when upstream could not be asked', async () => {
    const { request, upstream } = setUp(`${APP}}`, [found('web:1', 'likely')]);
    upstream.fail('docker.io/library/web:1', new GapferryError({ code: 'UNREACHABLE', message: 'no' }));
    await expect(collect(request, quietRun())).rejects.toMatchObject({
      code: 'UNREACHABLE',
      hint: 'if it is no image that is needed, say so under "waivers"',
    });
  });

  it('is listed when upstream does not show it: so registries answer for what they do not have', async () => {
    const { request, upstream } = setUp(`${APP}}`, [found('web:1', 'likely')]);
    upstream.fail('docker.io/library/web:1', new GapferryError({ code: 'UNAUTHORIZED', message: 'no' }));
    const { discovered } = await collect(request, quietRun());
    expect(discovered).toMatchObject([
      { outcome: 'listed', reason: 'upstream has none, or does not show it to us' },
    ]);
  });

  it('is only listed when it is merely possible, and nobody is asked', async () => {
    const { request, upstream } = setUp(`${APP}}`, [found('web:1', 'possible')]);
    const { manifest, discovered } = await collect(request, quietRun());
    expect(manifest.items).toHaveLength(1);
    expect(discovered).toMatchObject([{ outcome: 'listed' }]);
    expect(upstream.calls).not.toContain('resolve docker.io/library/web:1');
  });
});

describe('many findings', () => {
  it('of one image are one item, as sure as the surest, however it is written', async () => {
    const { request } = setUp(`${APP}}`, [
      found('docker.io/library/web:1', 'possible', 'z'),
      found(' web:1 ', 'certain', 'a'),
      found('web:1', 'likely', 'a'),
    ]);
    const { lock, discovered } = await collect(request, quietRun());
    expect(discovered).toMatchObject([{ confidence: 'certain', namedBy: [{ path: 'a' }, { path: 'z' }] }]);
    expect(lock.pins).toHaveLength(2);
  });

  it('with a tag and a digest keep the tag unless another image has it', async () => {
    const one = setUp(`${APP}}`);
    const digest = one.upstream.serveImage('docker.io/library/web:1', 'web').digest;
    const pinned = found(`web:1@${digest}`, 'certain');
    const alone = await collect(setUp(`${APP}}`, [pinned]).request, quietRun());
    expect(alone.lock.pins[1]).toMatchObject({ id: `docker.io/library/web:1@${digest}`, platforms: [] });
    const both = await collect(
      setUp(`${APP}}`, [pinned, found('web:1', 'certain', 'b')]).request,
      quietRun(),
    );
    expect(both.lock.pins.map(({ id }) => id)).toEqual([
      'charts.example/app:1.0.0',
      'docker.io/library/web:1',
      `docker.io/library/web@${digest}`,
    ]);
  });

  it('with a digest are that digest, also where upstream moved the tag beside it', async () => {
    const { digest } = setUp(`${APP}}`).upstream.serveImage('docker.io/library/web:1', 'web');
    const { request } = setUp(`${APP}}`, [found(`web:0@${digest}`, 'certain')]);
    const { image } = request.sources;
    const resolve = async (...[wish, run]: Parameters<typeof image.resolve>) => {
      if (wish.ref.includes(':0@')) throw new GapferryError({ code: 'DIGEST_MISMATCH', message: 'moved' });
      return image.resolve(wish, run);
    };
    const sources = { ...request.sources, image: { ...image, resolve } };
    const { manifest, discovered, lock } = await collect({ ...request, sources }, quietRun());
    const id = `docker.io/library/web@${digest}`;
    expect(manifest.items.at(-1)).toMatchObject({ id, namedBy: [NAMED_BY] });
    expect(discovered).toMatchObject([{ image: `docker.io/library/web:0@${digest}`, item: id }]);
    const again = await collect(
      { ...request, sources, lock, locked: true, numbering: { kind: 'continue' } },
      quietRun(),
    );
    expect(again.kind).toBe('unchanged');
  });

  it('cannot write more than a line of bounded length', async () => {
    const nasty = found('web:1', 'certain', `a\u001b[2K\n${'x'.repeat(5000)}`);
    const { lock } = await collect(setUp(`${APP}}`, [nasty]).request, quietRun());
    const [, pin] = lock.pins;
    const path = pin?.kind === 'image' ? (pin.namedBy?.[0]?.path ?? '') : '';
    expect(path).toHaveLength(1000);
    expect(path).toMatch(/^[\x20-\x7e]+$/);
  });
});

describe('an image that a chart names for other platforms', () => {
  it('ends the collect with the place, and with what can be done', async () => {
    const { request, upstream } = setUp(`${APP}}`);
    const error = new GapferryError({ code: 'PLATFORM_NOT_FOUND', message: 'only windows/amd64' });
    upstream.fail('docker.io/library/web:1', error, 'fetch');
    await expect(collect(request, quietRun())).rejects.toMatchObject({
      code: 'PLATFORM_NOT_FOUND',
      message: expect.stringContaining('named in app/templates/pod.yaml: Pod/app'),
      hint: expect.stringContaining('name it under "images"'),
    });
  });
});

describe('a chart', () => {
  it('that cannot be rendered ends the collect with all that failed', async () => {
    const { request, upstream } = setUp(`${APP}}`);
    upstream.serveChart('charts.example/app', '1.0.0', 'broken');
    await expect(collect(request, quietRun())).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('templates/x.yaml:3: it fails'),
    });
  });

  it('is not looked into where bundle.yaml says so', async () => {
    const { request, images } = setUp(`${APP}, images: none}`);
    const { lock, discovered } = await collect(request, quietRun());
    expect([images.seen, discovered]).toEqual([[], []]);
    expect(lock.pins[0]).not.toHaveProperty('rendered');
  });

  it('is rendered with its values in their order', async () => {
    const { request, images } = setUp(`${APP}, values: [v.yaml, {b: 2}]}`);
    await collect(request, quietRun());
    expect(images.seen).toEqual(['charts.example/app:1.0.0 a: 1+{"b":2}']);
  });
});

describe('a collect by its lock', () => {
  async function locked(body: string, change: (config: string) => string, values = 'a: 1') {
    const first = setUp(body);
    const { lock, manifestDigest } = await collect(first.request, quietRun());
    const second = setUp(change(body));
    const discovery = { ...second.discovery, values: new Map([['v.yaml', values]]) };
    const again = collect({ ...second.request, discovery, lock, locked: true }, quietRun());
    return { again, manifestDigest, second };
  }
  const same = (config: string): string => config;

  it('renders nothing, asks nothing, and gives the same manifest', async () => {
    const { again, manifestDigest, second } = await locked(`${APP}, values: v.yaml}`, same);
    expect((await again).manifestDigest).toBe(manifestDigest);
    expect(second.images.seen).toEqual([]);
    expect(second.upstream.calls.filter((call) => call.startsWith('resolve'))).toEqual([]);
  });

  it.each<[string, string, (body: string) => string, string]>([
    ['a values file that changed', `${APP}, values: v.yaml}`, same, 'a: 2'],
    ['a wish with other values', `${APP}}`, (body) => body.replace('}', ', values: {a: 1}}'), 'a: 1'],
    [
      'a waiver that came',
      `${APP}}`,
      (body) => `${body}\nwaivers: [{image: "docker.io/library/web:1", reason: r}]`,
      'a: 1',
    ],
    [
      'a waiver that went',
      `${APP}}\nwaivers: [{image: "docker.io/library/web:1", reason: r}]`,
      (body) => body.replace(/\nwaivers.*/, ''),
      'a: 1',
    ],
  ])('is refused when it does not fit any more: %s', async (_, body, change, values) => {
    const { again, second } = await locked(body, change, values);
    await expect(again).rejects.toMatchObject({ code: 'LOCK_STALE' });
    expect(second.upstream.calls).toEqual([]);
  });

  it('is refused when the bundle has other platforms now', async () => {
    const { request, config } = setUp(`${APP}}`);
    const { lock } = await collect(request, quietRun());
    const other: BundleConfig = { ...config, platforms: ['linux/arm64'] };
    const again = collect({ ...setUp(`${APP}}`).request, config: other, lock, locked: true }, quietRun());
    await expect(again).rejects.toMatchObject({ code: 'LOCK_STALE' });
  });

  it('is refused when the lock was made without looking into charts', async () => {
    const { request } = setUp(`${APP}}`);
    const { discovery, ...blind } = request;
    const { lock } = await collect(blind, quietRun());
    const again = collect({ ...setUp(`${APP}}`).request, lock, locked: true }, quietRun());
    await expect(again).rejects.toMatchObject({
      code: 'LOCK_STALE',
      message: expect.stringContaining('without looking for the images'),
    });
    expect(discovery).toBeDefined();
  });

  it('does not take an image whose chart the lock does not have', async () => {
    const { request } = setUp(`${APP}}`);
    const { lock } = await collect(request, quietRun());
    const [chart, image] = lock.pins as [Lock['pins'][number], Lock['pins'][number]];
    const forged = { ...image, namedBy: [{ ...NAMED_BY, item: 'chart elsewhere:1' }] } as never;
    const edited = { ...lock, pins: [chart, forged] };
    const again = collect(
      { ...setUp(`${APP}}`).request, lock: { ...edited, found: foundDigest(edited) }, locked: true },
      quietRun(),
    );
    await expect(again).rejects.toMatchObject({ code: 'LOCK_STALE' });
  });

  const waivers = '\nwaivers: [{image: "docker.io/library/side:1", reason: r}]';
  it.each<[string, (lock: Lock) => Lock]>([
    ['an image that the chart needs is gone', (lock) => ({ ...lock, pins: lock.pins.slice(0, 1) })],
    [
      'what names an image is another place',
      (lock) => ({
        ...lock,
        pins: lock.pins.map((pin) =>
          pin.kind === 'image'
            ? ({ ...pin, namedBy: [{ ...NAMED_BY, file: 'app/templates/x.yaml' }] } as ImagePin)
            : pin,
        ),
      }),
    ],
    ['nobody knows what was waived', ({ waived: _, ...lock }) => lock],
    [
      'nobody knows what was found',
      ({ waived: _, found: __, ...lock }) => ({ ...lock, pins: lock.pins.slice(0, 1) }),
    ],
  ])('is refused when %s', async (_, edit) => {
    const body = `${APP}}${waivers}`;
    const images = [CERTAIN, found('side:1', 'certain')];
    const { lock } = await collect(setUp(body, images).request, quietRun());
    expect(lock.pins).toHaveLength(2);
    const again = collect({ ...setUp(body).request, lock: edit(lock), locked: true }, quietRun());
    await expect(again).rejects.toMatchObject({
      code: 'LOCK_STALE',
      message: expect.stringMatching(/are gone or were changed since it was made|was made without looking/),
    });
  });
});

describe('without collecting', () => {
  it('a survey tells of all, also of what would end a collect', async () => {
    const { config, upstream, discovery } = setUp(`${APP}}`, [CERTAIN, found('gone:1', 'certain', 'b')]);
    const survey = await surveyBundle({ config, sources: upstream.sources, discovery }, quietRun());
    expect(survey.images.map(({ image, outcome }) => `${image} ${outcome}`)).toEqual([
      'docker.io/library/gone:1 failed',
      'docker.io/library/web:1 included',
    ]);
    expect(survey.failures).toHaveLength(1);
    expect(upstream.calls).not.toContain('fetch docker.io/library/web:1');
  });

  it('a survey asks for charts and images alone', async () => {
    const git = 'git: [{url: "https://git.example/gone.git", refs: [main]}]';
    const { config, upstream, discovery } = setUp(`${APP}}\n${git}`);
    const { images } = await surveyBundle({ config, sources: upstream.sources, discovery }, quietRun());
    expect(images).toHaveLength(1);
    expect(upstream.calls.join()).not.toContain('git.example');
  });

  it('a preview and a drift know of the images, and the depot stays empty', async () => {
    const { request, depot, config, upstream, discovery } = setUp(`${APP}}`);
    const preview = await previewCollect(request, quietRun());
    expect(preview.items.map(({ id }) => id)).toContain('docker.io/library/web:1');
    expect(depot.blobs.size).toBe(0);
    const now = await driftOf(config, preview.lock, upstream.sources, quietRun(), discovery);
    expect(now.drift).toEqual([]);
  });
});

describe('warnings', () => {
  const warnings = async (request: CollectRequest): Promise<string[]> => {
    const events: RunEvent[] = [];
    await collect(request, { ...quietRun(), emit: (event) => events.push(event) });
    return events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
  };

  it('tell of a waiver that covers nothing', async () => {
    const { request } = setUp(`${APP}}\nwaivers: [{image: "quay.io/x", reason: r}]`);
    expect(await warnings(request)).toEqual([
      'the waiver for quay.io/x covers no image that a chart or a repository names',
    ]);
  });

  it('tell of a digest that nothing inside will answer to', async () => {
    const { upstream } = setUp(`${APP}}`);
    const root = upstream.serveImage('docker.io/library/web:1', 'web');
    const ref = `docker.io/library/web@${root.digest}`;
    const { request } = setUp(`images: [{ref: "${ref}", platforms: [linux/amd64]}]\n${APP}}`, [
      found(ref, 'certain'),
    ]);
    const { image } = request.sources;
    const filtering = {
      ...image,
      fetch: async (...[pin, into, run]: Parameters<typeof image.fetch>) => {
        const holding = await image.fetch(pin, into, run);
        const smaller = await into.add(
          'application/vnd.oci.image.index.v1+json',
          Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [] })),
          run,
        );
        return { ...holding, root: smaller, blobs: [...holding.blobs, smaller], upstreamIndex: pin.root };
      },
    };
    const [warning] = await warnings({ ...request, sources: { ...request.sources, image: filtering } });
    expect(warning).toContain(`a chart pins image ${ref} by its digest`);
    expect(warning).toContain('leave "platforms" of this image out');
  });
});
