import {
  GapferryError,
  type GitPin,
  type ImageFinding,
  quietRun,
  type ReferenceFinding,
  type TreeFindings,
} from '@gapferry/core';
import { memoryDepot, memoryUpstream } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import { previewCollect } from './preview-collect.ts';
import { surveyBundle } from './survey-bundle.ts';
import { memoryRequest } from './testing/memory-request.ts';
import { NO_SUBMODULES } from './testing/no-submodules.ts';

const URL = 'https://git.example/ops/line-a.git';
const GIT = `git: [{url: "${URL}", as: ops/line-a, images: discover}]`;
const PLACE = { file: 'apps/web.yaml', object: 'Pod/web', path: 'spec.containers[0].image' };
const NAMED_BY = { item: 'git ops/line-a', method: 'pod-template', ...PLACE };

function found(reference: string, confidence: ImageFinding['confidence'] = 'certain'): ImageFinding {
  return { reference, confidence, method: 'pod-template', place: PLACE };
}

function setUp(body: string, findings: Partial<TreeFindings> | GapferryError) {
  const upstream = memoryUpstream();
  upstream.serveGit(URL, { 'refs/heads/main': 'a'.repeat(40) });
  upstream.serveImage('docker.io/library/web:1', 'web');
  const seen: GitPin[] = [];
  const depot = memoryDepot();
  const discovery = {
    images: { discover: async () => [] },
    trees: {
      discover: async (pin: GitPin) => {
        seen.push(pin);
        if (findings instanceof GapferryError) throw findings;
        return { images: [], references: [], problems: [], ...findings };
      },
      discoverArtifact: async () => ({ images: [], references: [], problems: [] }),
    },
    submodules: NO_SUBMODULES,
    normalizeGitUrl: (url: string) => url,
    values: new Map<string, string>(),
    store: memoryDepot(),
  };
  const request = memoryRequest(body, upstream, { depot, discovery });
  return { upstream, request, discovery, depot, seen };
}

describe('an image that a repository surely names', () => {
  it('is in the release for the platforms of the bundle, with what names it', async () => {
    const { request, seen } = setUp(GIT, { images: [found('web:1')] });
    const { manifest, lock, discovered } = await collect(request, quietRun());
    expect(seen).toMatchObject([{ id: 'ops/line-a', refs: [{ oid: 'a'.repeat(40) }] }]);
    expect(manifest.items).toMatchObject([
      { kind: 'git', id: 'ops/line-a' },
      { kind: 'image', id: 'docker.io/library/web:1', namedBy: [NAMED_BY] },
    ]);
    expect(lock.pins.find(({ kind }) => kind === 'image')).toMatchObject({ platforms: ['linux/amd64'] });
    expect(discovered).toMatchObject([{ outcome: 'included', namedBy: [NAMED_BY] }]);
  });

  it('ends the collect when upstream does not have it, with the chain and the place', async () => {
    const { request, depot } = setUp(GIT, { images: [found('gone:1')] });
    const error = await collect(request, quietRun()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND', category: 'incomplete' });
    expect((error as Error).message).toBe(
      `cannot resolve image docker.io/library/gone:1 ← git ops/line-a ← wish "git ${URL}": there is no docker.io/library/gone:1; named in apps/web.yaml: Pod/web: spec.containers[0].image of git ops/line-a`,
    );
    expect((error as GapferryError).hint).toMatch(/^mend what the repository says.*waivers/);
    expect(depot.releases.size).toBe(0);
  });

  it('is left out where it is waived, with the reason', async () => {
    const { request } = setUp(`${GIT}\nwaivers: [{image: docker.io/library/web, reason: not here}]`, {
      images: [found('web:1')],
    });
    const { manifest, lock, discovered } = await collect(request, quietRun());
    expect(manifest.items).toHaveLength(1);
    expect(lock.waived).toMatchObject([{ namedBy: [NAMED_BY] }]);
    expect(discovered).toMatchObject([{ outcome: 'waived', reason: 'not here' }]);
  });

  it('is listed where it is not sure, and upstream has none', async () => {
    const { request } = setUp(GIT, { images: [found('gone:1', 'likely'), found('web:1', 'possible')] });
    const { discovered } = await collect(request, quietRun());
    expect(discovered?.map(({ outcome }) => outcome)).toEqual(['listed', 'listed']);
  });
});

describe('a repository', () => {
  it('is not looked into unless bundle.yaml says so', async () => {
    for (const images of ['', ', images: none']) {
      const { request, seen } = setUp(`git: [{url: "${URL}"${images}}]`, { images: [found('web:1')] });
      const { manifest, leads } = await collect(request, quietRun());
      expect([manifest.items.length, seen, leads]).toEqual([1, [], []]);
    }
  });

  it('that cannot be read ends the collect, and is named', async () => {
    const error = new GapferryError({ code: 'LIMIT_EXCEEDED', message: 'too much' });
    const { request, depot } = setUp(GIT, error);
    await expect(collect(request, quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining(`git ${URL}: too much`),
    });
    expect(depot.releases.size).toBe(0);
  });

  it('is looked into by a survey and a preview, which collect nothing', async () => {
    const { request, discovery, upstream } = setUp(GIT, { images: [found('web:1')] });
    const survey = await surveyBundle(
      { config: request.config, sources: request.sources, discovery },
      quietRun(),
    );
    expect(survey.images).toMatchObject([{ outcome: 'included' }]);
    const preview = await previewCollect(request, quietRun());
    expect(preview.items.map(({ kind }) => kind)).toEqual(['git', 'image']);
    expect(upstream.calls.filter((call) => call.startsWith('fetch'))).toEqual([]);
  });
});

describe('a lock with images that a repository names', () => {
  it('is collected by without looking again, and gives the same manifest', async () => {
    const first = setUp(GIT, { images: [found('web:1')] });
    const { lock, manifestDigest } = await collect(first.request, quietRun());
    const second = setUp(GIT, {});
    const again = await collect({ ...second.request, lock, locked: true }, quietRun());
    expect(again.manifestDigest).toBe(manifestDigest);
    expect(second.seen).toEqual([]);
  });

  it.each([
    ['images: none', GIT.replace('images: discover', 'images: none')],
    ['a waiver', `${GIT}\nwaivers: [{image: docker.io/library/web, reason: r}]`],
  ])('does not fit any more with %s', async (_, body) => {
    const { lock } = await collect(setUp(GIT, { images: [found('web:1')] }).request, quietRun());
    const { request } = setUp(body, {});
    await expect(collect({ ...request, lock, locked: true }, quietRun())).rejects.toMatchObject({
      code: 'LOCK_STALE',
    });
  });
});

describe('what a repository points to', () => {
  const references: ReferenceFinding[] = [
    {
      kind: 'chart',
      source: { from: 'repository', url: 'https://charts.example/', name: 'redis' },
      version: '1.2.3',
      confidence: 'certain',
      place: { file: 'apps/redis.yaml', object: 'Application/redis', path: 'spec.source' },
    },
    {
      kind: 'chart',
      source: { from: 'oci', ref: 'charts.example/app' },
      confidence: 'likely',
      open: ['values of a Secret\u001b[2K'],
      place: { file: 'app.yaml', path: 'spec' },
    },
    {
      kind: 'git',
      url: 'https://ada@git.example/ops/line-a',
      confidence: 'certain',
      place: { file: 'self.yaml', path: 'spec' },
    },
    { kind: 'chart', source: { from: 'tree', path: 'charts/x' }, confidence: 'certain', place: PLACE },
  ];
  const problems = [{ place: { file: 'set.yaml', path: 'spec.generators[0]' }, message: 'asks a\ncluster' }];

  function withRedis(body: string) {
    const made = setUp(body, { references, problems });
    made.upstream.serveChart('charts.example/redis', '1.2.3', 'redis');
    return made;
  }

  it('is told with what becomes of it, and what could not be followed too', async () => {
    const { request } = withRedis(GIT);
    const { leads } = await collect(request, quietRun());
    expect(leads?.map(({ to, outcome }) => [outcome, to])).toEqual([
      ['included', 'chart redis of https://charts.example/ 1.2.3'],
      ['listed', 'chart oci://charts.example/app'],
      ['wanted', 'git https://***@git.example/ops/line-a'],
      ['here', 'chart charts/x'],
      ['not-followed', undefined],
    ]);
    expect(leads?.[0]).toMatchObject({ item: 'git ops/line-a', place: references[0]?.place });
    expect(JSON.stringify(leads)).not.toMatch(/\\u001b|\\n|ada/);
  });

  it('is the item of bundle.yaml where that is what it means', async () => {
    const { request, upstream } = withRedis(`${GIT}\ncharts: [{oci: charts.example/app, version: 1.0.0}]`);
    upstream.serveChart('charts.example/app', '1.0.0', 'archive');
    const { leads } = await collect(request, quietRun());
    expect(leads?.[1]).toMatchObject({ outcome: 'wanted', open: [expect.stringContaining('Secret')] });
  });
});
