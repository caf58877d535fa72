import { type Digest, type PruneRequest, type PruneStep, type PruneTarget, quietRun } from '@gapferry/core';
import { makeFile } from '@gapferry/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { startHarborFixture } from '../testing/harbor-fixture.ts';
import { imageOf, loadInto, surveyHost } from '../testing/host-survey.ts';
import { RELEASE, type S3FixtureOptions } from '../testing/s3-place.ts';
import { importFiles, NEXT, S3Story } from '../testing/s3-story.ts';

const run = quietRun();
const story = new S3Story();
afterEach(() => story.close());

/** Release 1 goes, release 2 stays. */
function request(more: Partial<PruneRequest> = {}): PruneRequest {
  return {
    channel: 'line-a',
    manifests: [],
    tags: [],
    files: [],
    needed: new Set(),
    staying: new Map([[2, NEXT.version]]),
    going: new Set([1]),
    refs: [],
    unnamed: new Map(),
    contents: [],
    ...more,
  };
}

async function pruneAll(target: PruneTarget, asked = request()): Promise<[PruneStep[], string[]]> {
  const steps = [...(await target.prunable(asked, run))];
  const done: string[] = [];
  for (const step of steps) {
    const outcome = await target.prune(step, asked, run);
    done.push(outcome.state === 'stays' ? outcome.why : outcome.state);
  }
  return [steps, done];
}

describe('a bucket', () => {
  const policy = { latest: '{channel}/latest/{path}' };
  type Server = Awaited<ReturnType<typeof story.serve>>;
  const textAt = (server: Server, key: string): string =>
    Buffer.from(server.object('plant', key)?.bytes ?? '').toString();
  const versionOf = (server: Server): unknown => JSON.parse(textAt(server, 'line-a/index.json')).version;
  const LATEST = 'line-a/latest/tools/setup.txt';

  it('goes back: the index and the copies that stay are those of the older release, and nothing is deleted', async () => {
    const server = await story.serve();
    await importFiles(story.open(server, { policy }), makeFile('v1'));
    await importFiles(story.open(server, { policy, release: NEXT }), makeFile('v2'));
    expect([versionOf(server), textAt(server, LATEST)]).toEqual(['1.1.0', 'v2']);
    const { parts: _, ...file } = { ...makeFile('v1'), parts: [] };
    await importFiles(story.open(server, { policy }), { ...file });
    expect([versionOf(server), textAt(server, LATEST)]).toEqual(['1.0.0', 'v1']);
    expect(server.keys('plant')).toContain('line-a/1.1.0/tools/setup.txt');
    await importFiles(story.open(server, { policy, release: NEXT }), makeFile('v2'));
    expect([versionOf(server), textAt(server, LATEST)]).toEqual(['1.1.0', 'v2']);
  });

  it('lets the objects of a release go, and its name in the index; what stays and what is not ours is untouched', async () => {
    const server = await story.serve();
    await importFiles(story.open(server), makeFile('v1'));
    const { target } = story.open(server, { release: NEXT });
    await importFiles({ target } as never, makeFile('v2'));
    const [steps, done] = await pruneAll(target);
    expect(steps).toEqual([{ place: 's3://plant/line-a/1.0.0/', what: 'objects', count: 1, bytes: 2 }]);
    expect(done).toEqual(['removed']);
    expect(server.keys('plant')).toEqual(['line-a/1.1.0/tools/setup.txt', 'line-a/index.json']);
    expect(JSON.parse(textAt(server, 'line-a/index.json'))).not.toHaveProperty('earlier');
    expect(await target.prunable(request(), run)).toEqual([]);
  });

  it('keeps what is locked, says so, and keeps its name in the index for the next time', async () => {
    const server = await story.serve({ buckets: { plant: { worm: true } } });
    const locking: S3FixtureOptions = { policy: { lock: { mode: 'governance', days: 1 } } };
    await importFiles(story.open(server, locking), makeFile('v1'));
    const fixture = story.open(server, { ...locking, release: NEXT });
    await importFiles(fixture, makeFile('v2'));
    const [, done] = await pruneAll(fixture.target);
    expect(done).toEqual([expect.stringContaining('locked')]);
    expect(server.keys('plant')).toContain('line-a/1.0.0/tools/setup.txt');
    expect(await fixture.target.prunable(request(), run)).toHaveLength(1);
  });

  it('keeps the keys that a staged release shares with one that goes, though no index names it yet', async () => {
    const server = await story.serve();
    await importFiles(story.open(server), makeFile('v1'));
    const { target } = story.open(server, { release: NEXT });
    await importFiles({ target } as never, makeFile('v2'));
    const staged = request({ staying: new Map([...request().staying, [3, RELEASE.version]]) });
    expect(await pruneAll(target, staged)).toEqual([[], []]);
  });

  it('lets the objects of a release go that came and that no index ever named', async () => {
    const server = await story.serve();
    const staged = story.open(server);
    await staged.target.preflight([makeFile('v1').content], run);
    await staged.target.load(makeFile('v1').content, makeFile('v1').medium, run);
    const { target } = story.open(server, { release: NEXT });
    await importFiles({ target } as never, makeFile('v2'));
    server.place('plant', 'line-a/1.0.0/theirs.txt', Buffer.from('theirs'), {});
    const unnamed = new Map([[1, RELEASE.version]]);
    const [steps, done] = await pruneAll(target, request({ going: new Set(), unnamed }));
    expect(steps).toMatchObject([{ place: 's3://plant/line-a/1.0.0/', what: 'objects' }]);
    expect(done).toEqual(['removed']);
    expect(server.keys('plant')).toEqual([
      'line-a/1.0.0/theirs.txt',
      'line-a/1.1.0/tools/setup.txt',
      'line-a/index.json',
    ]);
    const shared = request({ going: new Set(), unnamed: new Map([[1, NEXT.version]]) });
    expect(await target.prunable(shared, run)).toEqual([]);
  });

  it('never lets the release go that the index names, whatever is asked', async () => {
    const server = await story.serve();
    await importFiles(story.open(server), makeFile('v1'));
    const { target } = story.open(server);
    expect(await target.prunable(request({ staying: new Map() }), run)).toEqual([]);
    expect(RELEASE.sequence).toBe(1);
  });
});

describe('a Harbor', () => {
  const [old, newer] = [
    imageOf('docker.io/library/nginx', 'old'),
    imageOf('docker.io/library/nginx', 'new', '2.0'),
  ];
  const asked = request({
    manifests: [{ item: old.tag.item, repository: 'docker.io/library/nginx', digest: old.tag.root.digest }],
    tags: [
      {
        item: old.tag.item,
        repository: 'docker.io/library/nginx',
        tag: '1.0',
        digest: old.tag.root.digest,
      },
    ],
    needed: new Set<Digest>(newer.content.blobs.map(({ digest }) => digest)),
  });

  it('lets an artifact go, and keeps one whose tag a rule makes immutable', async () => {
    const fixture = await startHarborFixture({ projects: [{ name: 'docker.io' }] });
    try {
      const target = fixture.open();
      await loadInto(target, [old, newer]);
      fixture.harbor.keepTags('docker.io', '**', '1.0');
      const [steps, refused] = await pruneAll(target, asked);
      expect(steps.map(({ what }) => what)).toEqual(['manifest', 'manifest']);
      expect(refused).toEqual([expect.stringContaining('immutable'), 'an index that stays names it']);
      expect(fixture.harbor.tagged('docker.io/library/nginx', '1.0')).toBe(old.tag.root.digest);
    } finally {
      await fixture.close();
    }
    const free = await startHarborFixture({ projects: [{ name: 'docker.io' }] });
    try {
      const target = free.open();
      await loadInto(target, [old, newer]);
      expect((await pruneAll(target, asked))[1]).toEqual(['removed', 'removed']);
      expect(free.harbor.tagged('docker.io/library/nginx', '1.0')).toBeUndefined();
      const { presences } = await surveyHost(target, [newer]);
      expect(presences.map(({ state }) => state)).toEqual(['same', 'same']);
    } finally {
      await free.close();
    }
  });
});
