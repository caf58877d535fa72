import {
  type BundleConfig,
  encodeRefList,
  type Lock,
  MAX_INLINE_REFS,
  parseManifest,
} from '@gapferry/bundle';
import { type Digest, digestOf, GapferryError, quietRun, type RunEvent, type Wish } from '@gapferry/core';
import {
  fixedClock,
  type MemoryDepot,
  memoryDepot,
  memoryLedger,
  memorySigner,
  memoryUpstream,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { collect } from './collect.ts';
import type { CollectRequest } from './request.ts';

const IMAGE: Wish = { kind: 'image', ref: 'docker.io/library/app:1', platforms: [] };
const OTHER: Wish = { kind: 'image', ref: 'docker.io/library/other:1', platforms: [] };
const CHART: Wish = { kind: 'chart', from: 'oci', ref: 'charts.example/app', version: '1.0.0' };
const GIT: Wish = { kind: 'git', url: 'https://git.example/ops/app.git', refs: [] };
const FILE: Wish = {
  kind: 'file',
  url: 'https://files.example/tool',
  sha256: digestOf('tool'),
  as: 'tools/tool',
};
const ALL = [IMAGE, OTHER, CHART, GIT, FILE];

/** An upstream with everything, and one staging host. */
function setUp(wishes: readonly Wish[] = ALL) {
  const upstream = memoryUpstream();
  upstream.serveImage('docker.io/library/app:1', 'app layer');
  upstream.serveImage('docker.io/library/other:1', 'other layer');
  upstream.serveChart('charts.example/app', '1.0.0', 'archive');
  upstream.serveGit('https://git.example/ops/app.git', { 'refs/heads/main': 'a'.repeat(40) });
  upstream.serveFile('https://files.example/tool', 'tool');
  const depot = memoryDepot();
  const clock = fixedClock('2026-05-01T08:00:00Z');
  const ledger = memoryLedger(clock);
  const config: BundleConfig = {
    name: 'line-a',
    channel: 'line-a',
    platforms: ['linux/amd64'],
    wishes,
    insecure: [],
    hosts: new Map(),
  };
  const base = {
    config,
    locked: false,
    sources: upstream.sources,
    depot,
    ledger,
    clock,
    signer: memorySigner(),
  };
  const request: CollectRequest = { ...base, numbering: { kind: 'first' } };
  const next: CollectRequest = { ...base, numbering: { kind: 'continue' } };
  return { upstream, depot, clock, ledger, config, request, next };
}

describe('a first collect', () => {
  it('seals release number 1 with everything the bundle wants', async () => {
    const { depot, ledger, request } = setUp();
    const collected = await collect(request, quietRun());
    expect(collected).toMatchObject({
      kind: 'sealed',
      address: { channel: 'line-a', sequence: 1 },
      release: {
        bundle: 'line-a',
        channel: 'line-a',
        sequence: 1,
        previous: null,
        issuedAt: '2026-05-01T08:00:00Z',
      },
      totals: { items: 5 },
    });
    const files = await depot.readRelease(collected.address);
    expect(parseManifest(files.manifest)).toEqual(collected.manifest);
    expect(digestOf(files.manifest)).toBe(collected.manifestDigest);
    expect([...depot.named.keys()].sort()).toEqual([
      'charts.example/app:1.0.0',
      'docker.io/library/app:1',
      'docker.io/library/other:1',
    ]);
    expect(ledger.entries.map(({ kind }) => kind)).toEqual(['release.sealing', 'release.sealed']);
    expect(ledger.entries[1]?.data).toEqual({
      channel: 'line-a',
      sequence: 1,
      statement: collected.statement,
      manifest: collected.manifestDigest,
      version: collected.release.version,
      bundle: 'line-a',
    });
  });

  it('counts what came and what was there', async () => {
    const { depot, request } = setUp([IMAGE, FILE]);
    await depot.add('application/octet-stream', Buffer.from('tool'), quietRun());
    const { totals, manifest } = await collect(request, quietRun());
    expect(totals.blobs).toBe(manifest.blobs.length);
    expect(totals.bytes).toBe(manifest.blobs.reduce((sum, { size }) => sum + size, 0));
    expect(totals.reusedBytes).toBe('tool'.length);
    expect(totals.fetchedBytes).toBe(totals.bytes - 'tool'.length);
  });

  it('tells of its stages in order', async () => {
    const { request } = setUp();
    const events: RunEvent[] = [];
    await collect(request, { ...quietRun(), emit: (event) => events.push(event) });
    const stages = events.flatMap((event) => (event.kind === 'stage' ? [event.stage] : []));
    expect(stages).toEqual(['resolve', 'fetch', 'assemble', 'seal']);
  });
});

describe('the same lock on two staging hosts', () => {
  it('gives byte-identical manifests, whatever git packed and whatever the clock says', async () => {
    const one = setUp();
    const first = await collect(one.request, quietRun());
    const two = setUp(ALL.toReversed());
    two.clock.advance(86_400);
    two.upstream.useGit('2');
    const second = await collect({ ...two.request, lock: first.lock, locked: true }, quietRun());
    const [a, b] = [await filesOf(one.depot), await filesOf(two.depot)];
    expect(Buffer.compare(a.manifest, b.manifest)).toBe(0);
    expect(a.packs).not.toEqual(b.packs);
    expect(second.statement).not.toBe(first.statement);
  });

  it('asks upstream nothing but content when locked', async () => {
    const { upstream, request } = setUp();
    const { lock } = await collect(request, quietRun());
    const other = setUp();
    upstream.serveImage('docker.io/library/app:1', 'moved since');
    await collect({ ...other.request, sources: upstream.sources, lock, locked: true }, quietRun());
    expect(upstream.calls.filter((call) => call.startsWith('resolve'))).toHaveLength(5);
  });
});

async function filesOf(depot: MemoryDepot) {
  return depot.readRelease({ channel: 'line-a', sequence: 1 });
}

describe('a second collect', () => {
  it('seals nothing when nothing changed, and describes the release that says it already', async () => {
    const { clock, depot, ledger, upstream, request, next } = setUp();
    const first = await collect(request, quietRun());
    clock.advance(3600);
    upstream.useGit('2');
    const second = await collect(next, quietRun());
    expect(second).toEqual({
      ...first,
      kind: 'unchanged',
      items: first.items.map((item) => ({
        ...item,
        outcome: 'reused',
        fetchedBytes: 0,
        reusedBytes: item.fetchedBytes + item.reusedBytes,
      })),
      totals: { ...first.totals, fetchedBytes: 0, reusedBytes: first.totals.bytes },
    });
    expect(depot.releases.size).toBe(1);
    expect(ledger.entries).toHaveLength(2);
  });

  it('takes a version that nobody chose as no reason to seal, and one that somebody chose as one', async () => {
    const { request, next } = setUp();
    const first = await collect({ ...request, version: '1.0.0' }, quietRun());
    expect(await collect(next, quietRun())).toMatchObject({
      kind: 'unchanged',
      statement: first.statement,
    });
    const renamed = await collect({ ...next, version: '1.0.1' }, quietRun());
    expect(renamed).toMatchObject({ kind: 'sealed', address: { sequence: 2 } });
  });

  it('seals the next number after a tag moved, chained to the one before', async () => {
    const { upstream, request, next } = setUp();
    const first = await collect(request, quietRun());
    const root = upstream.serveImage('docker.io/library/app:1', 'a new layer');
    const second = await collect(next, quietRun());
    expect(second).toMatchObject({
      kind: 'sealed',
      address: { sequence: 2 },
      release: { sequence: 2, previous: first.statement },
    });
    expect(second.manifest.items).toContainEqual(
      expect.objectContaining({ id: 'docker.io/library/app:1', root }),
    );
    expect(second.totals.fetchedBytes).toBeLessThan(second.totals.bytes);
  });

  it('uses the packs of the last release again while the refs stand still', async () => {
    const { upstream, request, next } = setUp();
    const first = await collect(request, quietRun());
    upstream.serveImage('docker.io/library/app:1', 'a new layer');
    upstream.useGit('2');
    const second = await collect(next, quietRun());
    expect(second.kind).toBe('sealed');
    expect(second.packs).toEqual(first.packs);
    expect(upstream.calls.filter((call) => call === 'fetch https://git.example/ops/app.git')).toHaveLength(1);
  });

  it('packs again when the refs moved', async () => {
    const { upstream, request, next } = setUp();
    const first = await collect(request, quietRun());
    upstream.serveGit('https://git.example/ops/app.git', { 'refs/heads/main': 'b'.repeat(40) });
    const second = await collect(next, quietRun());
    expect(second.packs).not.toEqual(first.packs);
  });

  it('seals again when packs of the sealed release are lost, because that release cannot be sent any more', async () => {
    const { depot, upstream, request, next } = setUp();
    const first = await collect(request, quietRun());
    const pack = first.packs?.items[0]?.packs[0]?.digest as Digest;
    depot.blobs.delete(pack);
    upstream.useGit('2');
    const second = await collect(next, quietRun());
    expect(second).toMatchObject({ kind: 'sealed', address: { sequence: 2 } });
    expect(second.manifestDigest).toBe(first.manifestDigest);
    expect(await collect(next, quietRun())).toMatchObject({ kind: 'unchanged', address: { sequence: 2 } });
  });

  it('brings back blobs that are lost without sealing anew', async () => {
    const { depot, request, next } = setUp();
    const first = await collect(request, quietRun());
    depot.blobs.delete(digestOf('app layer'));
    expect(await collect(next, quietRun())).toMatchObject({ kind: 'unchanged', statement: first.statement });
    expect(depot.blobs.has(digestOf('app layer'))).toBe(true);
  });

  it('seals anew when the release is to end at another time', async () => {
    const { request, next } = setUp();
    const expiresAt = new Date('2027-01-01T00:00:00Z');
    const first = await collect({ ...request, expiresAt }, quietRun());
    expect(first.release.expiresAt).toBe('2027-01-01T00:00:00Z');
    expect(await collect({ ...next, expiresAt }, quietRun())).toMatchObject({ kind: 'unchanged' });
    expect(await collect(next, quietRun())).toMatchObject({ kind: 'unchanged' });
    const later = { ...next, expiresAt: new Date('2028-01-01T00:00:00Z') };
    expect(await collect(later, quietRun())).toMatchObject({ kind: 'sealed', address: { sequence: 2 } });
  });
});

describe('the version', () => {
  it('is what the operator says, then what bundle.yaml says, then made from the lock', async () => {
    const versions = async (flag: string | undefined, version: string | undefined): Promise<string> => {
      const { config, request } = setUp();
      const asked = { ...request, config: { ...config, ...(version !== undefined && { version }) } };
      const collected = await collect({ ...asked, ...(flag !== undefined && { version: flag }) }, quietRun());
      return collected.manifest.version;
    };
    expect(await versions('1.4.0', '1.3.0')).toBe('1.4.0');
    expect(await versions(undefined, '1.3.0')).toBe('1.3.0');
    const derived = await versions(undefined, undefined);
    expect(derived).toMatch(/^0\.0\.0-[0-9a-f]{12}$/);
    expect(await versions(undefined, undefined)).toBe(derived);
  });

  it('changes with what was found', async () => {
    const { upstream, request, next } = setUp();
    const first = await collect(request, quietRun());
    upstream.serveImage('docker.io/library/app:1', 'a new layer');
    expect((await collect(next, quietRun())).manifest.version).not.toBe(first.manifest.version);
  });
});

describe('many refs', () => {
  it('stand in line up to the limit and in a blob of their own above it', async () => {
    for (const [count, inBlob] of [
      [MAX_INLINE_REFS, false],
      [MAX_INLINE_REFS + 1, true],
    ] as const) {
      const { depot, upstream, request, next } = setUp([GIT]);
      const refs = Array.from({ length: count }, (_, i) => [`refs/heads/b${i}`, 'c'.repeat(40)] as const);
      upstream.serveGit('https://git.example/ops/app.git', Object.fromEntries(refs));
      const { manifest, packs } = await collect(request, quietRun());
      const [item] = manifest.items;
      const sorted = refs.map(([name, oid]) => ({ name, oid })).sort((a, b) => (a.name < b.name ? -1 : 1));
      if (inBlob) expect(item).toMatchObject({ refs: { list: { digest: digestOf(encodeRefList(sorted)) } } });
      else expect(item).toMatchObject({ refs: sorted });
      for (const { digest } of manifest.blobs) expect(depot.blobs.has(digest)).toBe(true);
      upstream.useGit('2');
      expect(await collect(next, quietRun())).toMatchObject({ kind: 'unchanged', packs });
    }
  });
});

describe('what cannot work', () => {
  it('is refused before anything is fetched: numbering', async () => {
    const { upstream, request, next } = setUp();
    await expect(collect(next, quietRun())).rejects.toMatchObject({ code: 'FIRST_RELEASE_UNCLEAR' });
    expect(upstream.calls).toEqual([]);
    await collect(request, quietRun());
    await expect(collect(request, quietRun())).rejects.toMatchObject({ code: 'FIRST_RELEASE_UNCLEAR' });
  });

  it.each([['1.0 final'], [''], ['../1']])(
    'is refused before anything is fetched: the version "%s"',
    async (version) => {
      const { upstream, request } = setUp();
      await expect(collect({ ...request, version }, quietRun())).rejects.toMatchObject({ code: 'USAGE' });
      expect(upstream.calls.filter((call) => call.startsWith('fetch'))).toEqual([]);
    },
  );

  it('is refused before anything is fetched: an end that has passed', async () => {
    const { upstream, request } = setUp();
    const expiresAt = new Date('2026-05-01T07:59:59Z');
    await expect(collect({ ...request, expiresAt }, quietRun())).rejects.toMatchObject({ code: 'USAGE' });
    expect(upstream.calls).toEqual([]);
  });

  it.each<[string, (lock: Lock) => Lock | undefined]>([
    ['no lock', () => undefined],
    ['of another bundle', (lock) => ({ ...lock, bundle: 'line-b' })],
    [
      'with a stale pin',
      (lock) => ({
        ...lock,
        pins: [...lock.pins, { ...lock.pins[0], id: 'x', wish: digestOf('x') } as never],
      }),
    ],
    ['with a pin missing', (lock) => ({ ...lock, pins: lock.pins.slice(1) })],
  ])('is a lock that does not fit: %s', async (_, change) => {
    const { upstream, request } = setUp();
    const { lock } = await collect(setUp().request, quietRun());
    const changed = change(lock);
    const locked = { ...request, locked: true, ...(changed !== undefined && { lock: changed }) };
    await expect(collect(locked, quietRun())).rejects.toMatchObject({ code: 'LOCK_STALE' });
    expect(upstream.calls).toEqual([]);
  });
});

describe('a source that fails', () => {
  it('is named with its item and its wish, and what came before is kept', async () => {
    const { depot, upstream, request } = setUp([IMAGE, FILE]);
    const failure = new GapferryError({
      code: 'UNAUTHORIZED',
      message: 'files.example wants credentials',
      hint: 'log in',
      origin: 'source',
    });
    upstream.fail('docker.io/library/app:1', failure, 'fetch');
    await expect(collect({ ...request, concurrency: { items: 1 } }, quietRun())).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      hint: 'log in',
      message: 'cannot fetch image docker.io/library/app:1: files.example wants credentials',
      data: { item: 'image docker.io/library/app:1', wish: 'image docker.io/library/app:1' },
    });
    expect(depot.blobs.has(digestOf('tool'))).toBe(true);
    expect(depot.releases.size).toBe(0);
    upstream.fail('docker.io/library/app:1', undefined, 'fetch');
    expect((await collect(request, quietRun())).totals.reusedBytes).toBe('tool'.length);
  });

  it('stops the other items', async () => {
    const { upstream, request } = setUp([IMAGE, OTHER]);
    upstream.fail(
      'docker.io/library/app:1',
      new GapferryError({ code: 'DIGEST_MISMATCH', message: 'bad' }),
      'fetch',
    );
    const serial = { ...request, concurrency: { items: 1 } };
    await expect(collect(serial, quietRun())).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(upstream.calls).not.toContain('fetch docker.io/library/other:1');
  });

  it('that says it brought what it did not bring is found before sealing', async () => {
    const { depot, ledger, upstream, request } = setUp([IMAGE, GIT]);
    const lying = {
      ...upstream.sources,
      image: {
        ...upstream.sources.image,
        fetch: (...[pin, , run]: Parameters<typeof upstream.sources.image.fetch>) =>
          upstream.sources.image.fetch(pin, memoryDepot(), run),
      },
    };
    await expect(collect({ ...request, sources: lying }, quietRun())).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      origin: 'depot',
      data: { items: ['image docker.io/library/app:1'] },
    });
    expect([depot.releases.size, ledger.entries.length]).toEqual([0, 0]);
  });
});
