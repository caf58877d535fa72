import { digestOf, quietRun, type RunEvent, type SizedDigest } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type Fault,
  memoryBlobStore,
  type Reply,
  seededBuffer,
  startHttpServer,
  startRegistry,
  type TestRegistry,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createRegistryWriter } from './registry-writer.ts';
import { memoryUploadJournal, type UploadEntry } from './upload-journal.ts';

const CHUNK = 1000;
const item = 'docker.io/library/app:1';
const bytes = seededBuffer(2500, 'blob');
const blob: SizedDigest = { digest: digestOf(bytes), size: bytes.byteLength };

interface Outcome {
  readonly error: unknown;
  readonly sent: number | undefined;
  readonly left: UploadEntry | undefined;
  readonly events: readonly RunEvent[];
}

/** Pushes to `team/app` at the only host that may be spoken to. */
async function push(registry: Pick<TestRegistry, 'host'>, earlier?: UploadEntry): Promise<Outcome> {
  const repository = `${registry.host}/team/app`;
  const journal = memoryUploadJournal();
  if (earlier) await journal.put({ repository, digest: blob.digest }, earlier);
  const http = createHttpClient({ wait: async () => {}, onlyHosts: [registry.host] });
  const writer = createRegistryWriter(http, { journal, chunkSize: CHUNK, wait: async () => {} });
  const store = memoryBlobStore();
  store.blobs.set(blob.digest, bytes);
  const events: RunEvent[] = [];
  const run = { ...quietRun(), emit: (event: RunEvent) => void events.push(event) };
  const [sent, error] = await writer
    .pushBlob(repository, blob, store, { item }, run)
    .then((done) => [done.sent, undefined] as const)
    .catch((thrown: unknown) => [undefined, thrown] as const);
  http.close();
  return { error, sent, events, left: await journal.get({ repository, digest: blob.digest }) };
}

const earlierAt = (base: string): UploadEntry => ({
  location: `${base}/v2/team/app/blobs/uploads/earlier?_state=s`,
  offset: 1000,
});
const invalid = JSON.stringify({ errors: [{ code: 'BLOB_UPLOAD_INVALID', message: 'blob upload invalid' }] });
const posts = ({ requests }: TestRegistry): number =>
  requests.filter(({ method }) => method === 'POST').length;

describe('an upload of an earlier run', () => {
  it.each([
    [400, invalid],
    [400, 'no'],
    [403, 'expired'],
    [405, 'unsupported'],
  ])('that the registry refuses to tell of (%d) is begun again', async (status, body) => {
    const stale: Fault = {
      match: ({ method, url }) => method !== 'POST' && url.includes('/uploads/earlier'),
      do: { kind: 'status', status, body },
    };
    await using registry = await startRegistry({ faults: [stale] });
    const { error, sent, left } = await push(registry, earlierAt(registry.url));
    expect([error, sent, left]).toEqual([undefined, 2500, undefined]);
  });

  it('at a host that may not be spoken to is begun again, and that host is not asked', async () => {
    await using elsewhere = await startRegistry();
    await using registry = await startRegistry();
    const { error, sent } = await push(registry, earlierAt(elsewhere.url));
    expect([error, sent]).toEqual([undefined, 2500]);
    expect(elsewhere.requests).toEqual([]);
  });

  it('of which nobody knows how far it came is kept while the registry has trouble', async () => {
    const trouble: Fault = {
      match: ({ url }) => url.includes('/uploads/earlier'),
      do: { kind: 'status', status: 503 },
    };
    await using registry = await startRegistry({ faults: [trouble] });
    const { error, left } = await push(registry, earlierAt(registry.url));
    expect(error).toMatchObject({ code: 'SERVER_ERROR' });
    expect(left).toMatchObject({ offset: 1000 });
    expect(posts(registry)).toBe(0);
  });
});

describe('an upload that takes nothing more', () => {
  it('is given up for another one, and is not left for the next run', async () => {
    let refused: string | undefined;
    const broken: Fault = {
      match: ({ method, url, headers }) => {
        const session = url.replace(/\?.*/, '');
        if (method !== 'PATCH' || headers['content-range'] !== '1000-1999') return false;
        refused ??= session;
        return session === refused;
      },
      do: { kind: 'status', status: 400, body: invalid },
    };
    await using registry = await startRegistry({ faults: [broken] });
    const { error, sent, left } = await push(registry);
    expect([error, sent, left]).toEqual([undefined, 5500, undefined]);
    expect([posts(registry), registry.openUploads]).toEqual([2, 0]);
  });

  it('is no progress when it falls back each time, however much it takes in between', async () => {
    let patches = 0;
    const replies: Record<string, (range: string) => Reply> = {
      HEAD: () => ({ status: 404 }),
      POST: () => ({ status: 202, headers: { location: '/upload' } }),
      GET: () => ({ status: 204, headers: { location: '/upload', range: '0-499' } }),
      PATCH(range) {
        patches += 1;
        if (patches > 30) return { status: 403 };
        return patches % 2 === 1
          ? { status: 202, headers: { location: '/upload', range: `0-${range.split('-')[1]}` } }
          : { status: 503 };
      },
      DELETE: () => ({ status: 204 }),
    };
    await using registry = await startHttpServer(
      ({ method, headers }) => replies[method]?.(String(headers['content-range'])) ?? { status: 500 },
    );
    const { error } = await push(registry);
    expect(error).toMatchObject({ code: 'SERVER_ERROR' });
    expect(patches).toBeLessThan(15);
  });
});
