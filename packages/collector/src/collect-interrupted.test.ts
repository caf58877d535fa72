import type { BundleConfig } from '@gapferry/bundle';
import { type Ledger, quietRun, type ReleaseFiles, type RunEvent } from '@gapferry/core';
import { fixedClock, memoryDepot, memoryLedger, memorySigner, memoryUpstream } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import { previewCollect } from './preview-collect.ts';
import type { CollectRequest } from './request.ts';

const CONFIG: BundleConfig = {
  name: 'line-a',
  channel: 'line-a',
  platforms: [],
  wishes: [
    { kind: 'image', ref: 'docker.io/library/app:1', platforms: [] },
    { kind: 'git', url: 'https://git.example/ops/app.git', refs: [] },
  ],
  insecure: [],
  hosts: new Map(),
};

function setUp() {
  const upstream = memoryUpstream();
  upstream.serveImage('docker.io/library/app:1', 'app layer');
  upstream.serveGit('https://git.example/ops/app.git', { 'refs/heads/main': 'a'.repeat(40) });
  const clock = fixedClock('2026-05-01T08:00:00Z');
  const ledger = memoryLedger(clock);
  const depot = memoryDepot();
  const base = {
    config: CONFIG,
    locked: false,
    sources: upstream.sources,
    depot,
    clock,
    signer: memorySigner(),
  };
  const first: CollectRequest = { ...base, ledger, numbering: { kind: 'first' } };
  const next: CollectRequest = { ...base, ledger, numbering: { kind: 'continue' } };
  return { upstream, clock, ledger, depot, first, next };
}

/** The process dies when the entry would be written. */
function dyingAt(ledger: Ledger, kind: string): Ledger {
  return {
    head: () => ledger.head(),
    history: (kinds) => ledger.history(kinds),
    append: (entry, data) => {
      if (entry === kind) throw new Error('killed');
      return ledger.append(entry, data);
    },
  };
}

/** Leaves a release that was written and never recorded. */
async function killedAfterWriting(): Promise<ReturnType<typeof setUp>> {
  const world = setUp();
  const request = { ...world.first, ledger: dyingAt(world.ledger, 'release.sealed') };
  await expect(collect(request, quietRun())).rejects.toThrow('killed');
  expect(world.depot.releases.size).toBe(1);
  return world;
}

describe('a collect that was killed between writing and recording', () => {
  it('is recognised: the next one records exactly the announced release and seals no second one', async () => {
    const { clock, depot, ledger, next } = await killedAfterWriting();
    clock.advance(3600);
    const events: RunEvent[] = [];
    const collected = await collect(next, { ...quietRun(), emit: (event) => events.push(event) });
    expect(collected).toMatchObject({
      kind: 'unchanged',
      address: { sequence: 1 },
      release: { issuedAt: '2026-05-01T08:00:00Z' },
    });
    expect(depot.releases.size).toBe(1);
    expect(ledger.entries.map(({ kind }) => kind)).toEqual(['release.sealing', 'release.sealed']);
    expect(ledger.entries[1]?.data['statement']).toBe(collected.statement);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'warning' }));
  });

  it('is recognised by the same command line too: the number 1 asked for is given', async () => {
    const { first } = await killedAfterWriting();
    expect(await collect(first, quietRun())).toMatchObject({ kind: 'unchanged', address: { sequence: 1 } });
  });

  it('is followed by number 2 when upstream has moved on', async () => {
    const { ledger, upstream, next } = await killedAfterWriting();
    upstream.serveImage('docker.io/library/app:1', 'a new layer');
    const collected = await collect(next, quietRun());
    expect(collected).toMatchObject({
      kind: 'sealed',
      address: { sequence: 2 },
      release: { previous: ledger.entries[0]?.data['statement'] },
    });
  });

  it.each<[string, (files: ReleaseFiles) => ReleaseFiles]>([
    ['manifest.json', (files) => ({ ...files, manifest: Buffer.from('{}') })],
    ['packs.json', ({ packs: _, ...files }) => files],
    ['release.sigstore.json', (files) => ({ ...files, statement: Buffer.from('{}') })],
  ])('is refused when %s is not the announced one', async (name, change) => {
    const { depot, ledger, upstream, next } = await killedAfterWriting();
    depot.releases.set('line-a/1', change(depot.releases.get('line-a/1') as ReleaseFiles));
    const asked = upstream.calls.length;
    await expect(collect(next, quietRun())).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      data: { differing: [name] },
    });
    expect(upstream.calls).toHaveLength(asked);
    expect(ledger.entries).toHaveLength(1);
  });
});

describe('a collect that was killed before writing', () => {
  it('leaves only an announcement, and its number is given again', async () => {
    const { depot, ledger, first } = setUp();
    const writeRelease = (): Promise<void> => Promise.reject(new Error('killed'));
    await expect(collect({ ...first, depot: { ...depot, writeRelease } }, quietRun())).rejects.toThrow(
      'killed',
    );
    expect(ledger.entries.map(({ kind }) => kind)).toEqual(['release.sealing']);
    expect(await collect(first, quietRun())).toMatchObject({ kind: 'sealed', address: { sequence: 1 } });
  });

  it('writes nothing when the ledger takes no announcement', async () => {
    const { depot, ledger, first } = setUp();
    ledger.refuseWrites();
    await expect(collect(first, quietRun())).rejects.toMatchObject({ code: 'LEDGER_UNWRITABLE' });
    expect(depot.releases.size).toBe(0);
  });

  it('keeps what was fetched for the next one', async () => {
    const { upstream, first } = setUp();
    const stop = new AbortController();
    upstream.before('docker.io/library/app:1', () => {
      if (upstream.calls.at(-1)?.startsWith('fetch')) stop.abort();
    });
    const serial = { ...first, concurrency: { items: 1 } };
    await expect(collect(serial, quietRun(stop.signal))).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const { totals, packs } = await collect(serial, quietRun());
    expect(totals.reusedBytes).toBe(packs?.items[0]?.packs[0]?.size);
    expect(totals.fetchedBytes).toBe(totals.bytes - totals.reusedBytes);
  });
});

describe('a depot whose ledger does not know its releases', () => {
  it('refuses to give a number away twice', async () => {
    const { depot, upstream, first } = setUp();
    await collect(first, quietRun());
    const lost = { ...first, ledger: memoryLedger() };
    const asked = upstream.calls.length;
    await expect(collect(lost, quietRun())).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      hint: expect.stringContaining('--after line-a/1'),
    });
    expect([depot.releases.size, upstream.calls.length]).toEqual([1, asked]);
  });

  it('goes on after the release it is told', async () => {
    const { first } = setUp();
    const { statement } = await collect(first, quietRun());
    const release = { sequence: 1, statement };
    const told = { ...first, ledger: memoryLedger(), numbering: { kind: 'after', release } as const };
    expect(await collect(told, quietRun())).toMatchObject({
      kind: 'sealed',
      release: { sequence: 2, previous: statement },
    });
  });

  it('refuses to build on a sealed release that was changed behind its back', async () => {
    const { depot, first, next } = setUp();
    await collect(first, quietRun());
    const files = depot.releases.get('line-a/1') as ReleaseFiles;
    depot.releases.set('line-a/1', { ...files, packs: Buffer.from('{}') });
    await expect(collect(next, quietRun())).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });

  it('seals anew when the newest release was taken away', async () => {
    const { depot, first, next } = setUp();
    await collect(first, quietRun());
    depot.releases.clear();
    expect(await collect(next, quietRun())).toMatchObject({ kind: 'sealed', address: { sequence: 2 } });
  });
});

describe('a signer that signs something else', () => {
  it('is noticed before anything is announced', async () => {
    const { depot, ledger, first } = setUp();
    const signer = {
      sign: (_: unknown, run: Parameters<CollectRequest['signer']['sign']>[1]) =>
        memorySigner().sign({ type: 'application/vnd.in-toto+json', bytes: Buffer.from('{}') }, run),
    };
    await expect(collect({ ...first, signer }, quietRun())).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
    expect([depot.releases.size, ledger.entries.length]).toEqual([0, 0]);
  });
});

describe('a dry run', () => {
  it('says what would come, and writes and fetches nothing', async () => {
    const { depot, ledger, upstream, first, next } = setUp();
    expect(await previewCollect(first, quietRun())).toMatchObject({
      address: { channel: 'line-a', sequence: 1 },
      items: [
        { kind: 'git', id: 'git.example/ops/app', state: 'new' },
        { kind: 'image', id: 'docker.io/library/app:1', state: 'new' },
      ],
      removed: [],
    });
    expect([depot.blobs.size, depot.releases.size, ledger.entries.length]).toEqual([0, 0, 0]);
    const { manifest } = await collect(first, quietRun());
    upstream.serveImage('docker.io/library/app:1', 'a new layer');
    const preview = await previewCollect(next, quietRun());
    expect(preview.items.map(({ state }) => state)).toEqual(['same', 'changed']);
    expect(preview.address.sequence).toBe(2);
    expect(preview.version).not.toBe(manifest.version);
    const [, git] = CONFIG.wishes;
    const smaller = { ...next, config: { ...CONFIG, wishes: git === undefined ? [] : [git] } };
    expect((await previewCollect(smaller, quietRun())).removed).toEqual([
      { kind: 'image', id: 'docker.io/library/app:1' },
    ]);
  });

  it('sees that other platforms are wanted although the tag stands still', async () => {
    const { first, next } = setUp();
    await collect(first, quietRun());
    const stateFor = async (platform: string): Promise<string | undefined> => {
      const wishes = [{ kind: 'image', ref: 'docker.io/library/app:1', platforms: [platform] }] as const;
      return (await previewCollect({ ...next, config: { ...CONFIG, wishes } }, quietRun())).items[0]?.state;
    };
    expect(await stateFor('linux/amd64')).toBe('same');
    expect(await stateFor('linux/arm64')).toBe('changed');
  });

  it('foresees that an unrecorded release will be recorded, and leaves that to the collect', async () => {
    const { ledger, first } = await killedAfterWriting();
    const preview = await previewCollect(first, quietRun());
    expect(preview.address.sequence).toBe(2);
    expect(preview.items.map(({ state }) => state)).toEqual(['same', 'same']);
    expect(ledger.entries).toHaveLength(1);
  });
});
