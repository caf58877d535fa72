import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { createRepository, type LfsServer, lfsPointer, memoryBlobStore } from '@gapferry/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ATTRIBUTES,
  digestOf,
  type LfsWorld,
  MODEL,
  makeLfsWorld,
  OLD,
  objectOf,
  SMALL,
  sorted,
  wishOf,
} from '../testing/lfs-world.ts';

const run = quietRun();
let world: LfsWorld;
let server: LfsServer;
const source: LfsWorld['source'] = (...more) => world.source(...more);
const pinOf: LfsWorld['pinOf'] = (...args) => world.pinOf(...args);
const collect: LfsWorld['collect'] = (...args) => world.collect(...args);

beforeAll(async () => {
  world = await makeLfsWorld();
});
afterAll(() => world.home.remove());

describe('the Git LFS files of a repository', () => {
  beforeEach(async () => {
    server = await world.serve();
    return () => server.close();
  });

  it('are pinned for the commits that the refs name, each once, and brought under their sha256', async () => {
    const { pin, store } = await collect(wishOf(server));
    expect(pin.lfs).toEqual(sorted(MODEL, SMALL));
    expect(pin).not.toHaveProperty('lfsOf');
    for (const content of [MODEL, SMALL])
      expect(Buffer.compare(store.blobs.get(digestOf(content)) ?? Buffer.alloc(0), content)).toBe(0);
    expect(store.blobs.has(digestOf(OLD))).toBe(false);
  });

  it('are those of all history when all are wished', async () => {
    const { pin, store } = await collect(wishOf(server, { lfs: 'all' }));
    expect(pin).toMatchObject({ lfs: sorted(MODEL, SMALL, OLD), lfsOf: 'all' });
    expect(store.blobs.has(digestOf(OLD))).toBe(true);
  });

  it('are those of commits besides the refs as well, which the refs may lead past', async () => {
    const old = await world.upstream.git('rev-parse', 'main~1');
    const from = source();
    const plain = await pinOf(from, wishOf(server, { refs: ['plain'] }));
    expect(plain).not.toHaveProperty('lfs');
    const pin = await from.pinCommits(plain, [old, old], run);
    expect(pin).toEqual({ ...plain, commits: [old], lfs: sorted(OLD) });
    const wished = await pinOf(source(), wishOf(server, { refs: ['plain'], commits: [old] }));
    expect(wished).toMatchObject({ commits: [old], lfs: sorted(OLD) });
    const store = memoryBlobStore();
    await source().fetch(pin, store, run);
    expect(store.blobs.has(digestOf(OLD))).toBe(true);
    const { lfs: _, ...without } = pin;
    await expect(source().fetch(without, memoryBlobStore(), run)).rejects.toMatchObject({
      code: 'LOCK_STALE',
    });
    for (const commit of ['0'.repeat(40), '--all', old.slice(0, 12)])
      await expect(
        source().fetch({ ...pin, commits: [commit] }, memoryBlobStore(), run),
      ).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  it('stay where they are when none are wished, and nothing of content is asked for to resolve', async () => {
    const from = source();
    const pin = await pinOf(from, wishOf(server, { lfs: 'none' }));
    expect(pin).not.toHaveProperty('lfs');
    expect(pin.lfsOf).toBe('none');
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    const store = memoryBlobStore();
    const holding = await from.fetch(pin, store, run);
    expect(store.blobs.size).toBe(holding.packs.length);
  });

  it('leave no trace in the pin of a repository that has none, which is not brought to resolve', async () => {
    const from = source();
    const pin = await pinOf(from, wishOf(server, { refs: ['plain'] }));
    expect(pin).not.toHaveProperty('lfs');
    expect(pin).not.toHaveProperty('lfsOf');
    const sent = server.requests.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
    expect(sent).toBeLessThan(5000);
  });

  it('are looked for once in what is brought anyway, and not again in what had none', async () => {
    const same = { bringsAtOnce: true, workDirectory: world.home.join('same') };
    const from = source(same);
    const pin = await pinOf(from, wishOf(server, { refs: ['plain'] }));
    expect(pin).not.toHaveProperty('lfs');
    const asked = server.requests.filter(({ method }) => method === 'POST').length;
    await from.fetch(pin, memoryBlobStore(), run);
    await pinOf(source(same), wishOf(server, { refs: ['plain'] }));
    // The refs again, and nothing of content.
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(asked + 1);
    expect((await pinOf(source(same), wishOf(server))).lfs).toEqual(sorted(MODEL, SMALL));
  });

  it('make the repository come to be resolved, but not what a server can leave out of a look', async () => {
    await world.upstream.git('config', 'uploadpack.allowFilter', 'true');
    const from = source();
    await pinOf(from, wishOf(server, { refs: ['plain'] }));
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
    const before = server.requests.length;
    expect((await pinOf(source(), wishOf(server))).lfs).toEqual(sorted(MODEL, SMALL));
    // The refs, the trees, the attributes, and then everything.
    const sent = server.requests.slice(before).filter(({ url }) => url.endsWith('/git-upload-pack'));
    expect(sent.map(({ bytesSent }) => bytesSent > 1000)).toEqual([false, false, false, true]);
    await world.upstream.git('config', '--unset', 'uploadpack.allowFilter');
  });

  it('are asked for once: what the store has stays', async () => {
    const { store } = await collect(wishOf(server));
    const before = server.requests.length;
    await collect(wishOf(server), {}, store);
    expect(
      server.requests.slice(before).filter(({ url }) => url.includes('lfs') || url.includes('storage')),
    ).toEqual([]);
  });

  it('come over many questions when there are many', async () => {
    const contents = Array.from({ length: 205 }, (_, i) => Buffer.from(`file ${i}\n`));
    const files = Object.fromEntries(contents.map((content, i) => [`f/${i}.bin`, lfsPointer(content)]));
    await createRepository(world.home.join('srv/many.git'), [
      { message: 'Many', files: { ...files, '.gitattributes': ATTRIBUTES } },
    ]);
    for (const content of contents) server.add(content);
    const { pin, store } = await collect({ ...wishOf(server), url: `${server.url}/many` });
    expect(pin.lfs).toHaveLength(205);
    expect(contents.every((content) => store.blobs.has(digestOf(content)))).toBe(true);
    expect(server.requests.filter(({ url }) => url.endsWith('/objects/batch'))).toHaveLength(3);
  });

  it('go on by Range after a cut', async () => {
    const path = `/storage/${digestOf(MODEL).slice(7)}`;
    server.addFault({
      match: (request) => request.path === path,
      times: 1,
      do: { kind: 'cut', afterBytes: 1_500_000 },
    });
    const { store } = await collect(wishOf(server));
    expect(store.blobs.get(digestOf(MODEL))?.byteLength).toBe(MODEL.byteLength);
    expect(server.requests.filter(({ url }) => url === path).map(({ headers }) => headers['range'])).toEqual([
      undefined,
      'bytes=1500000-',
    ]);
  });

  it('go on after a server that hangs in the middle', async () => {
    const path = `/storage/${digestOf(MODEL).slice(7)}`;
    server.addFault({
      match: (request) => request.path === path,
      times: 1,
      do: { kind: 'stall', afterBytes: 1_500_000 },
    });
    const http = createHttpClient({ wait: async () => {}, random: () => 0, idleTimeoutMs: 300 });
    const { store, events } = await collect(wishOf(server), { http });
    expect(store.blobs.get(digestOf(MODEL))?.byteLength).toBe(MODEL.byteLength);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'retry', item: expect.stringContaining('line-a') }),
    );
  });

  it('are told as bytes of the repository', async () => {
    const { pin, events } = await collect(wishOf(server));
    expect(new Set(events.map((event) => ('item' in event ? event.item : pin.id)))).toEqual(
      new Set([pin.id]),
    );
    const moved = events.flatMap((event) => (event.kind === 'bytes' ? [event.bytes] : []));
    expect(moved.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThanOrEqual(
      MODEL.byteLength + SMALL.byteLength,
    );
  });

  it('must be what the pin says: a lock without them is stale', async () => {
    const from = source();
    const { lfs, ...pin } = await pinOf(from, wishOf(server));
    expect(lfs).toBeDefined();
    await expect(from.fetch(pin, memoryBlobStore(), run)).rejects.toMatchObject({ code: 'LOCK_STALE' });
    await expect(
      source().fetch({ ...pin, lfs: [objectOf(OLD)] }, memoryBlobStore(), run),
    ).rejects.toMatchObject({
      code: 'LOCK_STALE',
    });
  });

  it('of a repository on this machine come from its own store', async () => {
    const store = memoryBlobStore();
    const hex = digestOf(MODEL).slice(7);
    for (const content of [MODEL, SMALL]) {
      const id = digestOf(content).slice(7);
      const path = world.home.join(
        `srv/line-a.git/.git/lfs/objects/${id.slice(0, 2)}/${id.slice(2, 4)}/${id}`,
      );
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
    await collect({ ...wishOf(server), url: `file://${world.upstream.path}` }, {}, store);
    expect(
      createHash('sha256')
        .update(store.blobs.get(digestOf(MODEL)) ?? '')
        .digest('hex'),
    ).toBe(hex);
  });
});
