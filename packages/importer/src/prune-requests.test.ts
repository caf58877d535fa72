import { type Manifest, parseManifest } from '@gapferry/bundle';
import { type Loose, type SimulatedItems, simulatedRelease } from '@gapferry/bundle/testing';
import { type Digest, digestOf, GapferryError, isGapferryError, type PruneRequest } from '@gapferry/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { choosePruned, type PruneChoice } from './choose-pruned.ts';
import { pruneRequests } from './prune-requests.ts';
import { Inside, MAIN, meddledTarget, NEXT } from './testing/inside.ts';

let inside: Inside;
let manifests: Map<Digest, Manifest>;
let last: Digest | null;

beforeEach(() => {
  inside = new Inside();
  manifests = new Map();
  last = null;
});

/** Carries it, and what the site keeps of it. */
async function carry(sequence: number, items: SimulatedItems): Promise<void> {
  const release = simulatedRelease(items, sequence, last);
  last = await inside.carry(release);
  const address = { channel: 'line-a', sequence };
  const { manifest } = await inside.releases.readRelease(address);
  manifests.set(last, parseManifest(manifest));
}

async function load(sequence: number, items: SimulatedItems): Promise<void> {
  await carry(sequence, items);
  await inside.importRelease({ channel: 'line-a', sequence });
}

const choose = (keep: number, channel?: string): readonly PruneChoice[] =>
  choosePruned(inside.ledger, { keep, channel }, (name) => inside.marks.get(name)?.statement);

function numbers(choices: readonly PruneChoice[]): { stays: number[]; goes: number[] } {
  const [one] = choices;
  const of = (releases: PruneChoice['stays'] = []): number[] => releases.map(({ sequence }) => sequence);
  return { stays: of(one?.stays), goes: of(one?.goes) };
}

function request(keep: number): PruneRequest {
  const found = pruneRequests(inside.ledger, choose(keep), 'line-a', manifests).get('depot');
  if (found === undefined) throw new Error('no request');
  return found;
}

const APP = 'docker.io/library/app:1';
const OLD = 'docker.io/library/old:1';

describe('which releases stay', () => {
  it('are the newest, the one at the mark and the one that was loaded last', async () => {
    for (const sequence of [1, 2, 3, 4]) await load(sequence, { images: { [APP]: `${sequence}` } });
    expect(numbers(choose(2))).toEqual({ stays: [3, 4], goes: [1, 2] });
    expect(numbers(choose(9))).toEqual({ stays: [1, 2, 3, 4], goes: [] });
    expect(choose(1, 'line-b')[0]?.goes).toEqual([]);
  });

  it('are those that were begun since, however they ended', async () => {
    for (const sequence of [1, 2]) await load(sequence, { images: { [APP]: `${sequence}` } });
    await carry(3, { images: { [APP]: '3' } });
    const broken = meddledTarget(inside.target, {
      load: async () => {
        throw new Error('power cut');
      },
    });
    const targets = new Map([['depot', broken]]);
    const third = { channel: 'line-a', sequence: 3 };
    await expect(inside.importRelease(third, { targets })).rejects.toThrow('power cut');
    expect(numbers(choose(1))).toEqual({ stays: [2, 3], goes: [1] });
  });

  it('are those whose names stand: what is only partly loaded has not taken the place of the one before', async () => {
    for (const sequence of [1, 2]) await load(sequence, { images: { [APP]: `${sequence}` } });
    await carry(3, { images: { [APP]: '3' } });
    const refusing = meddledTarget(inside.target, {
      load: async ({ phase }) => {
        if (phase === 'name') throw new GapferryError({ code: 'FORBIDDEN', message: 'no', origin: 'target' });
        return { state: 'same', bytes: 0 };
      },
    });
    const third = { channel: 'line-a', sequence: 3 };
    const { kind } = await inside.importRelease(third, { targets: new Map([['depot', refusing]]) });
    expect(kind).toBe('partly-loaded');
    expect(numbers(choose(1))).toEqual({ stays: [2, 3], goes: [1] });
    await inside.importRelease(third);
    expect(numbers(choose(1))).toEqual({ stays: [3], goes: [1, 2] });
  });

  it('go once: what was pruned whole is not looked for again, until it is loaded again', async () => {
    for (const sequence of [1, 2]) await load(sequence, { images: { [APP]: `${sequence}` } });
    const goes = choose(1)[0]?.goes.map(({ statement }) => statement) ?? [];
    const channels = [{ channel: 'line-a', stays: [], goes }];
    inside.ledger.append('prune.began', { channels });
    expect(numbers(choose(1)).goes).toEqual([1]);
    inside.ledger.append('prune.finished', { removed: 1, stayed: 1 });
    expect(numbers(choose(1)).goes).toEqual([1]);
    inside.ledger.append('prune.began', { channels });
    inside.ledger.append('prune.finished', { removed: 1, stayed: 0 });
    expect(numbers(choose(1)).goes).toEqual([]);
    // Nobody asks what it needs, which the site forgot with it.
    manifests.delete(goes[0] as Digest);
    expect(numbers(choose(9))).toEqual({ stays: [2], goes: [] });
    expect(choose(1, 'line-b')[0]?.stays.map(({ sequence }) => sequence)).toEqual([2]);
    await inside.importRelease({ channel: 'line-a', sequence: 2 });
    expect(numbers(choose(9)).stays).toEqual([2]);
  });
});

describe('what may go of a target', () => {
  it('is what releases that go put there and no other needs, by tag, digest and path', async () => {
    await load(1, { images: { [APP]: 'one', [OLD]: 'old' }, files: { 'a/tool': 'tool', 'a/gone': 'gone' } });
    await load(2, { images: { [APP]: 'two' }, files: { 'a/tool': 'tool' } });
    const { manifests: roots, tags, files, staying, needed } = request(1);
    expect(roots.map(({ item, root }) => [item, root?.mediaType])).toEqual([
      [`image ${APP}`, expect.stringContaining('manifest')],
      [`image ${OLD}`, expect.stringContaining('manifest')],
    ]);
    expect(tags.map(({ repository, tag }) => `${repository}:${tag}`)).toEqual([OLD]);
    expect(files).toEqual([
      { item: 'file a/gone', path: 'a/gone', left: { digest: digestOf(Buffer.from('gone')) } },
    ]);
    expect([...staying.keys()]).toEqual([2]);
    for (const { digest } of roots) expect(needed.has(digest)).toBe(false);
  });

  it('is never what a release that stays has as well, also where its import had nothing to say of it', async () => {
    const same = { images: { [APP]: 'same' }, files: { 'a/tool': 'tool' } };
    await load(1, same);
    await load(2, same);
    const { manifests: roots, tags, files } = request(1);
    expect({ roots, tags, files }).toEqual({ roots: [], tags: [], files: [] });
  });

  it('is what several releases had in common as well, when the last of them goes', async () => {
    const both = { images: { [APP]: 'one', [OLD]: 'old' }, files: { 'a/gone': 'gone' } };
    await load(1, both);
    await load(2, both);
    const goes = [choose(1)[0]?.goes[0]?.statement ?? null];
    inside.ledger.append('prune.began', { channels: [{ channel: 'line-a', stays: [], goes }] });
    inside.ledger.append('prune.finished', { removed: 0, stayed: 0 });
    await load(3, { images: { [APP]: 'one' } });
    const { manifests: roots, tags, files } = request(1);
    expect(roots.map(({ item }) => item)).toEqual([`image ${OLD}`]);
    expect(tags.map(({ repository, tag }) => `${repository}:${tag}`)).toEqual([OLD]);
    expect(files.map(({ path }) => path)).toEqual(['a/gone']);
  });

  it('is not what a release that stays has as a single file, and an earlier one in a directory', async () => {
    await load(1, { files: { 'a/old': 'old' } });
    const [tool, rest] = [digestOf('tool'), digestOf('rest')];
    const left = { 'kit/tool': tool, 'kit/rest': rest };
    const first = { channel: 'line-a', sequence: 1, statement: last };
    inside.ledger.append('import.named', {
      ...first,
      target: 'depot',
      place: 'file kit/',
      item: 'directory kit',
      left,
    });
    await load(2, { files: { 'kit/tool': 'tool' } });
    expect(request(1).files.find(({ path }) => path === 'kit/')?.left).toEqual({ 'kit/rest': rest });
  });

  it('is not what a release that stays has in a directory, and an earlier one as a single file', async () => {
    await load(1, { files: { 'kit/tool': 'tool', 'kit/old': 'old' } });
    await load(2, { files: { 'a/other': 'tool' } });
    const manifest = structuredClone(manifests.get(last as Digest)) as Loose;
    manifest.items[0].id = 'kit/';
    manifests.set(last as Digest, manifest);
    expect(request(1).files.map(({ path }) => path)).toEqual(['kit/old']);
  });

  it('is not what stood there before an import came', async () => {
    await load(1, { images: { [OLD]: 'old' } });
    const other = new Inside();
    Object.assign(other, { target: inside.target });
    inside = other;
    last = null;
    await load(1, { images: { [OLD]: 'old', [APP]: 'one' } });
    await load(2, { images: { [APP]: 'two' } });
    const { manifests: roots, tags } = request(1);
    expect(roots.map(({ item }) => item)).toEqual([`image ${APP}`]);
    expect(tags).toEqual([]);
  });

  it('is not what somebody put back by hand after a prune took it away', async () => {
    const both = { images: { [APP]: 'one', [OLD]: 'old' }, files: { 'a/gone': 'gone' } };
    await load(1, both);
    await load(2, { images: { [APP]: 'one' } });
    const goes = [choose(1)[0]?.goes[0]?.statement ?? null];
    inside.ledger.append('prune.began', { channels: [{ channel: 'line-a', stays: [], goes }] });
    const places = [`oci ${OLD}`, 'file a/gone'];
    inside.ledger.append('prune.freed', { target: 'depot', channel: 'line-a', places });
    expect(request(1)).toMatchObject({ tags: [], files: [] });
    inside.ledger.append('prune.finished', { removed: 2, stayed: 0 });
    await load(3, both);
    await load(4, { images: { [APP]: 'one' } });
    expect(request(1)).toMatchObject({ manifests: [], tags: [], files: [] });
  });

  it('is not looked for where the site file said something else of where the target is', async () => {
    await load(1, { images: { [APP]: 'one', [OLD]: 'old' }, files: { 'a/gone': 'gone' } });
    await load(2, { images: { [APP]: 'two' } });
    const at = (here: Digest): PruneRequest | undefined =>
      pruneRequests(inside.ledger, choose(1), 'line-a', manifests, { depot: here }).get('depot');
    const [then, now] = [digestOf('then'), digestOf('now')];
    for (const { kind, data } of inside.ledger.entries)
      if (kind === 'import.began') Object.assign(data, { places: { depot: then } });
    expect(at(then)).toEqual(request(1));
    expect(at(now)).toMatchObject({ manifests: [], tags: [], files: [], going: new Set(), elsewhere: true });
  });

  it('is nothing while it is not known what a release that stays needs', async () => {
    await load(1, { images: { [APP]: 'one' } });
    await load(2, { images: { [APP]: 'two' } });
    manifests.delete(choose(1)[0]?.current.statement as Digest);
    try {
      request(1);
      expect.unreachable();
    } catch (error) {
      expect(isGapferryError(error, 'RELEASE_INCOMPLETE')).toBe(true);
      expect(String(error)).toContain('line-a/2');
    }
  });

  it('may lack the descriptor of what went before the site kept releases', async () => {
    await load(1, { images: { [APP]: 'one' } });
    await load(2, { images: { [APP]: 'two' } });
    manifests.delete(choose(1)[0]?.goes[0]?.statement as Digest);
    expect(request(1).manifests).toMatchObject([{ item: `image ${APP}` }]);
    expect(request(1).manifests[0]?.root).toBeUndefined();
  });
});

describe('what came and never got a name', () => {
  const stage = async (sequence: number, items: SimulatedItems): Promise<void> => {
    await carry(sequence, items);
    await inside.stage(await inside.plan({ channel: 'line-a', sequence }));
  };

  it('may go once a newer release took its place, and stays while it may be activated', async () => {
    await load(1, { images: { [APP]: 'one' } });
    const git = { 'git.example/ops/line-a': { main: MAIN } };
    await stage(2, { images: { [APP]: 'two', [OLD]: 'one' }, git, files: { 'a/tool': 'tool' } });
    expect(request(1).manifests).toEqual([]);
    await load(3, { images: { [APP]: 'three' } });
    const asked = request(1);
    expect(asked.manifests.map(({ item }) => item).sort()).toEqual([`image ${APP}`, `image ${APP}`]);
    expect(asked.refs).toEqual([
      expect.objectContaining({ repository: 'git.example/ops/line-a', statements: [expect.any(String)] }),
    ]);
    expect([...asked.unnamed]).toEqual([[2, expect.any(String)]]);
    expect(asked.contents).toEqual([{ digest: digestOf(Buffer.from('tool')), size: 4 }]);
    expect([...asked.going]).toEqual([1]);
  });

  it('stays while a newer release that never got its names stays, and found the same objects there', async () => {
    const git = { 'git.example/ops/line-a': { main: NEXT } };
    await load(1, { images: { [APP]: 'one' } });
    await stage(2, { images: { [APP]: 'two' }, git });
    await stage(3, { images: { [APP]: 'three' }, git });
    await load(4, { images: { [APP]: 'four' } });
    expect(numbers(choose(2))).toEqual({ stays: [3, 4], goes: [1, 2] });
    expect(request(2).refs).toEqual([]);
    expect(request(1).refs).toMatchObject([{ repository: 'git.example/ops/line-a' }]);
  });

  it('is not what was there when it came', async () => {
    await load(1, { images: { [APP]: 'one' } });
    const before = inside.target;
    inside = new Inside();
    Object.assign(inside, { target: before });
    last = null;
    await stage(1, { images: { [OLD]: 'one' } });
    await load(2, { images: { 'docker.io/library/new:1': 'new' } });
    expect(request(1).manifests).toEqual([]);
  });

  it('is not an image that stood there, of which only something beside it was sent', async () => {
    await load(1, { images: { [OLD]: 'one' } });
    const before = inside.target;
    inside = new Inside();
    Object.assign(inside, { target: before });
    last = null;
    await carry(1, { images: { [OLD]: 'one', [APP]: 'one' } });
    const lacking = meddledTarget(before, {
      inspect: async ({ phase }) =>
        phase === 'content' ? { state: 'absent', missingBytes: 1 } : (undefined as never),
    });
    const swap = { targets: new Map([['depot', lacking]]) };
    await inside.stage(await inside.plan({ channel: 'line-a', sequence: 1 }, swap), swap);
    await load(2, { images: { 'docker.io/library/new:1': 'new' } });
    expect(request(1).manifests.map(({ item }) => item)).toEqual([`image ${APP}`]);
  });
});
