import {
  digestOf,
  isGapferryError,
  quietRun,
  type Run,
  type RunEvent,
  type SizedDigest,
} from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type Fault,
  makeTlsIdentity,
  memoryBlobStore,
  type RegistryOptions,
  seededBuffer,
  startRegistry,
  type TestRegistry,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createRegistryWriter, type RegistryWriter } from './registry-writer.ts';
import { memoryUploadJournal } from './upload-journal.ts';

const CHUNK = 1000;
const http = createHttpClient({ wait: async () => {}, idleTimeoutMs: 5000 });
const item = 'docker.io/library/app:1';

interface Push {
  readonly writer: RegistryWriter;
  readonly repository: string;
  readonly store: ReturnType<typeof memoryBlobStore>;
  readonly blob: SizedDigest;
  readonly journal: ReturnType<typeof memoryUploadJournal>;
  readonly events: RunEvent[];
  readonly run: Run;
  push(options?: { absent?: boolean }): Promise<{ readonly sent: number }>;
}

function pushTo(registry: TestRegistry, size: number, run: Run = quietRun()): Push {
  const bytes = seededBuffer(size, `blob of ${size}`);
  const blob = { digest: digestOf(bytes), size };
  const store = memoryBlobStore();
  store.blobs.set(blob.digest, bytes);
  const journal = memoryUploadJournal();
  const writer = createRegistryWriter(http, { journal, chunkSize: CHUNK, wait: async () => {} });
  const repository = `${registry.host}/team/app`;
  const events: RunEvent[] = [];
  const told = { signal: run.signal, emit: (event: RunEvent) => void events.push(event) };
  const push: Push['push'] = (options = {}) =>
    writer.pushBlob(repository, blob, store, { item, ...options }, told);
  return { writer, repository, store, blob, journal, events, run: told, push };
}

const methods = (registry: TestRegistry): string[] => registry.requests.map(({ method }) => method);
const ranges = (registry: TestRegistry): Array<string | undefined> =>
  registry.requests.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['content-range']);
const moved = (events: readonly RunEvent[], reused: boolean): number =>
  events.reduce(
    (sum, event) => sum + (event.kind === 'bytes' && (event.reused ?? false) === reused ? event.bytes : 0),
    0,
  );
const patch: Fault['match'] = ({ method }) => method === 'PATCH';
const finish: Fault['match'] = ({ method }) => method === 'PUT';
const registryWith = (options: RegistryOptions = {}): Promise<TestRegistry> => startRegistry(options);

describe('pushing a blob', () => {
  it.each([0, 1, CHUNK - 1, CHUNK])('sends %d bytes in one piece', async (size) => {
    await using registry = await registryWith({ quirks: { octetsOnly: true } });
    const { push, blob, events } = pushTo(registry, size);
    expect(await push()).toEqual({ sent: size });
    expect(registry.hasBlob('team/app', blob.digest)).toBe(true);
    expect(methods(registry)).toEqual(['HEAD', 'POST', 'PUT']);
    expect([moved(events, false), registry.openUploads]).toEqual([size, 0]);
  });

  it.each([CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1])('sends %d bytes in chunks', async (size) => {
    await using registry = await registryWith({ quirks: { octetsOnly: true, absoluteLocations: true } });
    const { push, blob, events } = pushTo(registry, size);
    expect(await push({ absent: true })).toEqual({ sent: size });
    expect(registry.hasBlob('team/app', blob.digest)).toBe(true);
    const starts = Array.from({ length: Math.ceil(size / CHUNK) }, (_, at) => at * CHUNK);
    expect(ranges(registry)).toEqual(starts.map((from) => `${from}-${Math.min(from + CHUNK, size) - 1}`));
    expect(methods(registry)).toEqual(['POST', ...starts.map(() => 'PATCH'), 'PUT']);
    expect([moved(events, false), moved(events, true), registry.openUploads]).toEqual([size, 0, 0]);
  });

  it('sends nothing that is there', async () => {
    await using registry = await registryWith();
    const { push } = pushTo(registry, 10);
    await push();
    expect(await push()).toEqual({ sent: 0 });
    expect(methods(registry)).toEqual(['HEAD', 'POST', 'PUT', 'HEAD']);
  });

  it('sends a blob once that two items want at the same time', async () => {
    await using registry = await registryWith();
    const { push } = pushTo(registry, 2500);
    const outcomes = await Promise.all([push({ absent: true }), push({ absent: true })]);
    expect(outcomes).toEqual([{ sent: 2500 }, { sent: 0 }]);
  });

  it('sends chunks as long as the registry wants them', async () => {
    await using registry = await registryWith({ quirks: { minChunk: 1500 } });
    const { push } = pushTo(registry, 4000);
    await push();
    expect(ranges(registry)).toEqual(['0-1499', '1500-2999', '3000-3999']);
  });

  it('sends in one piece what is shorter than the chunks that the registry wants', async () => {
    await using registry = await registryWith({ quirks: { minChunk: 65 << 20 } });
    const { push, blob } = pushTo(registry, 4000);
    await push();
    expect([methods(registry).at(-1), registry.hasBlob('team/app', blob.digest)]).toEqual(['PUT', true]);
    expect(ranges(registry)).toEqual([]);
  });

  it('stays with https where the registry believes that it is asked over plain HTTP', async () => {
    const tls = await makeTlsIdentity(['127.0.0.1']);
    await using registry = await registryWith({ tls, quirks: { absoluteLocations: true } });
    const secure = createHttpClient({ ca: tls.ca });
    const writer = createRegistryWriter(secure, { chunkSize: CHUNK });
    const { store, blob, repository } = pushTo(registry, 2500);
    expect(await writer.pushBlob(repository, blob, store, { item }, quietRun())).toEqual({ sent: 2500 });
    secure.close();
  });

  it('pushes with a token for one repository, also when it expires on the way', async () => {
    const auth = { kind: 'bearer', username: 'u', password: 'p' } as const;
    await using registry = await registryWith({ auth });
    const known = createHttpClient({ credentials: async () => auth, wait: async () => {} });
    const writer = createRegistryWriter(known, { chunkSize: CHUNK });
    const { store, blob, repository } = pushTo(registry, 5000);
    let expired = false;
    registry.addFault({
      match: (request) => {
        if (request.headers['content-range'] === '2000-2999' && !expired) {
          expired = true;
          registry.expireTokens();
        }
        return false;
      },
      do: { kind: 'status', status: 500 },
    });
    expect(await writer.pushBlob(repository, blob, store, { item }, quietRun())).toEqual({ sent: 5000 });
    expect([expired, registry.hasBlob('team/app', blob.digest)]).toEqual([true, true]);
    known.close();
  });
});

describe('a push that is cut', () => {
  it.each([0, 1, 999, 1000])(
    'begins again where the registry forgets: %d bytes of the second chunk came',
    async (afterBytes) => {
      await using registry = await registryWith();
      const { push, blob, events } = pushTo(registry, 3500);
      registry.addFault({
        match: ({ headers }) => headers['content-range'] === '1000-1999',
        times: 1,
        do: { kind: 'cutUpload', afterBytes },
      });
      const { sent } = await push();
      expect(sent).toBeGreaterThanOrEqual(4500);
      expect(registry.hasBlob('team/app', blob.digest)).toBe(true);
      expect([moved(events, false), moved(events, true), registry.openUploads]).toEqual([3500, 0, 0]);
      expect(events.filter(({ kind }) => kind === 'retry')).toHaveLength(1);
    },
  );

  it.each([0, 1, 500, 999, 1000])(
    'goes on where the registry says it is: %d bytes of the second chunk came',
    async (afterBytes) => {
      await using registry = await registryWith({ quirks: { cutChunk: 'kept' } });
      const { push, blob } = pushTo(registry, 3500);
      registry.addFault({
        match: ({ headers }) => headers['content-range'] === '1000-1999',
        times: 1,
        do: { kind: 'cutUpload', afterBytes },
      });
      await push();
      const from = 1000 + afterBytes;
      expect(ranges(registry)).toEqual([
        '0-999',
        '1000-1999',
        `${from}-${Math.min(from + 999, 3499)}`,
        ...(from + 1000 < 3500 ? [`${from + 1000}-${Math.min(from + 1999, 3499)}`] : []),
        ...(from + 2000 < 3500 ? [`${from + 2000}-3499`] : []),
      ]);
      expect([registry.hasBlob('team/app', blob.digest), registry.openUploads]).toEqual([true, 0]);
    },
  );

  it.each(['0-999', '1000-1999', '3000-3499'])(
    'loses no byte when the answer to %s is lost',
    async (range) => {
      await using registry = await registryWith({ quirks: { cutChunk: 'kept' } });
      const { push, blob } = pushTo(registry, 3500);
      registry.addFault({
        match: ({ headers }) => headers['content-range'] === range,
        times: 1,
        do: { kind: 'lostAnswer' },
      });
      expect(await push()).toEqual({ sent: 3500 });
      expect([registry.hasBlob('team/app', blob.digest), registry.openUploads]).toEqual([true, 0]);
    },
  );

  it.each([500, 3500])('finds %d bytes there when only the last answer was lost', async (size) => {
    await using registry = await registryWith();
    const { push } = pushTo(registry, size);
    registry.addFault({ match: finish, times: 1, do: { kind: 'lostAnswer' } });
    expect(await push()).toEqual({ sent: size });
    expect([methods(registry).filter((method) => method === 'PUT'), registry.openUploads]).toEqual([
      ['PUT'],
      0,
    ]);
  });

  it('waits as long as it is asked to, and goes on', async () => {
    await using registry = await registryWith();
    const { push, events } = pushTo(registry, 2500);
    registry.addFault({
      match: patch,
      times: 2,
      do: { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
    });
    await push();
    const waits = events.flatMap((event) => (event.kind === 'retry' ? [event.waitMs] : []));
    expect(waits).toHaveLength(2);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(7000);
  });

  it('gives up after some tries, and keeps the upload for the next run', async () => {
    await using registry = await registryWith({ quirks: { cutChunk: 'kept' } });
    const { push, blob, repository, journal } = pushTo(registry, 3500);
    registry.addFault({
      match: ({ headers }) => String(headers['content-range']).startsWith('2000-'),
      do: { kind: 'status', status: 503 },
    });
    await expect(push()).rejects.toMatchObject({ code: 'SERVER_ERROR', origin: 'target' });
    expect(await journal.get({ repository, digest: blob.digest })).toMatchObject({ offset: 2000 });
    expect(registry.openUploads).toBe(1);
    registry.clearFaults();
    const before = ranges(registry).length;
    expect(await push()).toEqual({ sent: 1500 });
    expect(ranges(registry).slice(before)).toEqual(['2000-2999', '3000-3499']);
    expect(await journal.get({ repository, digest: blob.digest })).toBeUndefined();
  });

  it('gives up when the registry loses every upload', async () => {
    await using registry = await registryWith();
    const { push } = pushTo(registry, 3500);
    registry.addFault({
      match: ({ headers }) => headers['content-range'] === '1000-1999',
      do: { kind: 'cutUpload', afterBytes: 5 },
    });
    await expect(push()).rejects.toMatchObject({ code: 'CONNECTION_CUT', origin: 'target' });
    expect(methods(registry).filter((method) => method === 'POST')).toHaveLength(4);
  });
});

describe('a push that is stopped', () => {
  it('finishes the chunk under way and goes on with the next run', async () => {
    await using registry = await registryWith();
    const stop = new AbortController();
    const { push, store, blob, repository, writer, journal } = pushTo(registry, 3500, quietRun(stop.signal));
    registry.addFault({
      match: ({ headers }) => {
        if (headers['content-range'] === '1000-1999') stop.abort();
        return false;
      },
      do: { kind: 'status', status: 500 },
    });
    await expect(push()).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await journal.get({ repository, digest: blob.digest })).toMatchObject({ offset: 2000 });
    const events: RunEvent[] = [];
    const run = { ...quietRun(), emit: (event: RunEvent) => void events.push(event) };
    expect(await writer.pushBlob(repository, blob, store, { item }, run)).toEqual({ sent: 1500 });
    expect([moved(events, false), moved(events, true)]).toEqual([1500, 0]);
    expect(ranges(registry)).toEqual(['0-999', '1000-1999', '2000-2999', '3000-3499']);
  });

  it('begins again when the upload has gone meanwhile', async () => {
    await using registry = await registryWith();
    const { push, blob, repository, journal } = pushTo(registry, 2500);
    const location = `${registry.url}/v2/team/app/blobs/uploads/gone?_state=1`;
    await journal.put({ repository, digest: blob.digest }, { location, offset: 2000 });
    expect(await push()).toEqual({ sent: 2500 });
  });

  it('ends an upload that has everything without reading anything', async () => {
    await using registry = await registryWith();
    const { push, blob, store, repository, journal } = pushTo(registry, 2500);
    registry.addFault({ match: finish, times: 4, do: { kind: 'status', status: 500 } });
    await expect(push()).rejects.toMatchObject({ code: 'SERVER_ERROR' });
    expect(await journal.get({ repository, digest: blob.digest })).toMatchObject({ offset: 2500 });
    store.blobs.clear();
    expect(await push()).toEqual({ sent: 0 });
    expect(registry.hasBlob('team/app', blob.digest)).toBe(true);
  });

  it('trusts no upload that has more bytes than the blob', async () => {
    await using registry = await registryWith();
    const { push, blob, repository, journal } = pushTo(registry, 2500);
    const other = pushTo(registry, 5500);
    registry.addFault({ match: finish, times: 4, do: { kind: 'status', status: 500 } });
    await expect(other.push()).rejects.toMatchObject({ code: 'SERVER_ERROR' });
    const entry = await other.journal.get({ repository, digest: other.blob.digest });
    if (entry === undefined) throw new Error('nothing was kept');
    await journal.put({ repository, digest: blob.digest }, entry);
    expect(await push()).toEqual({ sent: 2500 });
    expect(registry.openUploads).toBe(0);
  });
});

describe('wrong bytes', () => {
  it.each([500, 3500])(
    'of the depot end a push of %d bytes, and nothing is left at the registry',
    async (size) => {
      await using registry = await registryWith();
      const { push, blob, store, repository, journal } = pushTo(registry, size);
      store.blobs.set(blob.digest, seededBuffer(size, 'damaged'));
      await expect(push()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(registry.hasBlob('team/app', blob.digest)).toBe(false);
      expect(registry.openUploads).toBe(0);
      expect(await journal.get({ repository, digest: blob.digest })).toBeUndefined();
    },
  );

  it('are cancelled with a token that may delete', async () => {
    const auth = { kind: 'bearer', username: 'u', password: 'p' } as const;
    await using registry = await registryWith({ auth });
    const known = createHttpClient({ credentials: async () => auth });
    const writer = createRegistryWriter(known, { chunkSize: CHUNK });
    const { store, blob, repository } = pushTo(registry, 3500);
    store.blobs.set(blob.digest, seededBuffer(3500, 'damaged'));
    const pushing = writer.pushBlob(repository, blob, store, { item }, quietRun());
    await expect(pushing).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(registry.openUploads).toBe(0);
    known.close();
  });

  it('at a registry that appended twice are given up and sent again', async () => {
    await using registry = await registryWith({ quirks: { ignoresContentRange: true, cutChunk: 'kept' } });
    const { push, blob } = pushTo(registry, 3500);
    let sneaked = false;
    registry.addFault({
      match: (request) => {
        // Somebody else appends to the same upload.
        if (request.headers['content-range'] === '1000-1999' && !sneaked) {
          sneaked = true;
          Object.assign(request, { body: twice(request.body) });
        }
        return false;
      },
      do: { kind: 'status', status: 500 },
    });
    await push();
    expect([sneaked, registry.hasBlob('team/app', blob.digest), registry.openUploads]).toEqual([
      true,
      true,
      0,
    ]);
    expect(ranges(registry)).toEqual(['0-999', '1000-1999', '0-999', '1000-1999', '2000-2999', '3000-3499']);
  });

  it('at the registry are sent once more, and then it is to blame', async () => {
    await using registry = await registryWith({ quirks: { cutChunk: 'kept' } });
    const { push, blob, repository, journal } = pushTo(registry, 1500);
    registry.addFault({
      match: (request) => {
        if (request.method === 'PATCH') Object.assign(request, { body: spoilt(request.body) });
        return false;
      },
      do: { kind: 'status', status: 500 },
    });
    await expect(push()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'target' });
    expect(methods(registry).filter((method) => method === 'POST')).toHaveLength(2);
    expect(await journal.get({ repository, digest: blob.digest })).toBeUndefined();
  });
});

describe('a registry that refuses', () => {
  async function refusal(
    options: RegistryOptions,
    size = 2500,
  ): Promise<{ error: unknown; registry: TestRegistry }> {
    const registry = await registryWith(options);
    const error: unknown = await pushTo(registry, size)
      .push({ absent: true })
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    await registry.close();
    return { error, registry };
  }

  it.each([403, 413, 500] as const)(
    'for its quota (%d) says so in its own words, and keeps nothing',
    async (quotaStatus) => {
      const { error, registry } = await refusal({ quirks: { quota: 100, quotaStatus } });
      expect(error).toMatchObject({
        code: 'NO_SPACE',
        origin: 'target',
        retryable: false,
        message: expect.stringContaining('configured upper limit of 100 B'),
      });
      expect(registry.openUploads).toBe(0);
    },
  );

  it('because there is no such project names it', async () => {
    const { error } = await refusal({ quirks: { projects: ['library'] } });
    expect(error).toMatchObject({
      code: 'UNAUTHORIZED',
      origin: 'target',
      message: expect.stringContaining('project team not found'),
      hint: expect.stringContaining('"team"'),
    });
  });

  it.each([
    [403, 'FORBIDDEN'],
    [404, 'PROTOCOL_VIOLATION'],
    [413, 'PROTOCOL_VIOLATION'],
    [507, 'NO_SPACE'],
  ])('with %d is asked once', async (status, code) => {
    const faults: Fault[] = [{ match: ({ method }) => method === 'POST', do: { kind: 'status', status } }];
    const { error, registry } = await refusal({ faults });
    expect(isGapferryError(error) && error.code).toBe(code);
    expect(methods(registry)).toEqual(['POST']);
  });

  it('that sends the upload to plain HTTP or nowhere is not followed', async () => {
    for (const location of ['', 'ftp://127.0.0.1/x']) {
      const headers = { location, range: '0-0' };
      const faults: Fault[] = [
        { match: ({ method }) => method === 'POST', do: { kind: 'status', status: 202, headers } },
      ];
      expect((await refusal({ faults })).error).toMatchObject({
        code: 'PROTOCOL_VIOLATION',
        origin: 'target',
      });
    }
  });

  it('never sees the secret of a Location in an error', async () => {
    const faults: Fault[] = [{ match: patch, do: { kind: 'status', status: 403 } }];
    const { error } = await refusal({ faults });
    expect(JSON.stringify([error, (error as Error).message])).not.toContain('_state');
  });
});

async function* twice(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const piece of bytes) {
    yield piece;
    yield piece;
  }
}

async function* spoilt(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const piece of bytes) yield Uint8Array.from(piece, (byte) => byte ^ 1);
}
