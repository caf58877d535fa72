import { createHttpClient, type HttpClient } from '@gapferry/http';
import {
  type BatchAnswer,
  type BatchObject,
  createRepository,
  type LfsServerOptions,
  lfsPointer,
  memoryBlobStore,
  rangeReply,
  startHttpServer,
  toContent,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ATTRIBUTES,
  digestOf,
  type LfsWorld,
  MODEL,
  makeLfsWorld,
  SMALL,
  wishOf,
} from '../testing/lfs-world.ts';

let world: LfsWorld;
beforeAll(async () => {
  world = await makeLfsWorld();
});
afterAll(() => world.home.remove());

const hexOf = (bytes: Uint8Array): string => digestOf(bytes).slice(7);
const wait = async (): Promise<void> => {};
const CREDENTIALS = { username: 'reader', password: 'Sesam-4711' };
const clientWith = (host: string): HttpClient =>
  createHttpClient({
    wait,
    random: () => 0,
    credentials: async (at) => (at === host ? CREDENTIALS : undefined),
  });
const firstOf = ({ objects }: BatchAnswer): BatchObject => objects[0] as BatchObject;

describe('a Git LFS object that cannot be had', () => {
  it.each([404, 410])('is SOURCE_NOT_FOUND for %d, naming file and commit', async (code) => {
    const distort: LfsServerOptions['distort'] = (answer) => {
      for (const object of answer.objects)
        if (object.oid === hexOf(MODEL)) {
          delete object.actions;
          object.error = { code, message: 'Object removed by the owner' };
        }
      return answer;
    };
    await using server = await world.serve({ distort });
    const commit = (await world.upstream.refs())['refs/heads/main'];
    await expect(world.collect(wishOf(server))).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringMatching(
        new RegExp(`models/a\\.bin in commit ${commit}, is gone upstream \\(${code}\\)`),
      ),
      hint: expect.stringContaining('lfs: none'),
    });
  });

  it('of history is named with the commit that has it', async () => {
    await using server = await world.serve();
    server.objects.delete([...server.objects.keys()][1] ?? '');
    const commit = await world.upstream.git('rev-parse', 'main~1');
    await expect(world.collect(wishOf(server, { lfs: 'all' }))).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining(`models/a.bin in commit ${commit}`),
    });
  });

  it.each([
    [422, 'PROTOCOL_VIOLATION'],
    [403, 'FORBIDDEN'],
    [500, 'SERVER_ERROR'],
  ])('is refused with the words of the server for %d', async (code, expected) => {
    const distort: LfsServerOptions['distort'] = (answer) => {
      firstOf(answer).error = { code, message: 'no \u001b[31mway' };
      return answer;
    };
    await using server = await world.serve({ distort });
    await expect(world.collect(wishOf(server))).rejects.toMatchObject({
      code: expected,
      message: expect.stringMatching(/\(\d+\): no [^\p{Cc}]*way/u),
    });
  });

  it('of a server without Git LFS names the way out', async () => {
    await using server = await world.serve();
    server.addFault({ match: ({ path }) => path.includes('/info/lfs'), do: { kind: 'status', status: 404 } });
    await expect(world.collect(wishOf(server))).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('no Git LFS server'),
    });
  });

  it.each(['corrupt', 'short'] as const)('is not taken with other content (%s)', async (kind) => {
    await using server = await world.serve();
    const match = ({ path }: { readonly path: string }): boolean => path === `/storage/${hexOf(MODEL)}`;
    server.addFault({ match, do: kind === 'corrupt' ? { kind, atByte: 77 } : { kind } });
    const store = memoryBlobStore();
    await expect(world.collect(wishOf(server), {}, store)).rejects.toMatchObject({
      code: kind === 'corrupt' ? 'DIGEST_MISMATCH' : 'SIZE_MISMATCH',
      message: expect.stringContaining('models/a.bin in commit'),
    });
    expect(store.blobs.has(digestOf(MODEL))).toBe(false);
  });
});

describe('an answer of a Git LFS server', () => {
  it.each<[string, (answer: BatchAnswer) => unknown, RegExp]>([
    ['lacks an object', ({ objects }) => ({ objects: objects.slice(1) }), /says nothing of sha256:/],
    [
      'has one too many',
      ({ objects }) => ({ objects: [...objects, { oid: 'ab'.repeat(32), size: 1 }] }),
      /answers for abab.*nobody asked for/,
    ],
    ['has one twice', ({ objects }) => ({ objects: [...objects, objects[0]] }), /answers twice/],
    [
      'has another size',
      ({ objects }) => ({ objects: objects.map((one) => ({ ...one, size: one.size + 1 })) }),
      /bytes as sha256:.* instead of/,
    ],
    ['transfers otherwise', (answer) => ({ ...answer, transfer: 'tus' }), /"tus", which was not offered/],
    ['hashes otherwise', (answer) => ({ ...answer, hash_algo: 'md5' }), /names objects by "md5"/],
    ['is no object', () => [], /breaks the form/],
    [
      'has an upper-case id',
      ({ objects }) => ({ objects: objects.map((one) => ({ ...one, oid: one.oid.toUpperCase() })) }),
      /breaks the form of an answer at objects\.0\.oid/,
    ],
    [
      'sends to a file',
      (answer) => {
        firstOf(answer).actions = { download: { href: 'file:///etc/passwd' } };
        return answer;
      },
      /none of HTTP/,
    ],
    [
      'has a password in an address',
      (answer) => {
        firstOf(answer).actions = { download: { href: 'http://user:secret@127.0.0.1/' } };
        return answer;
      },
      /a password in it/,
    ],
    [
      'has a header that is two',
      (answer) => {
        firstOf(answer).actions = { download: { href: 'http://127.0.0.1/', header: { X: 'a\r\nHost: b' } } };
        return answer;
      },
      /breaks the form/,
    ],
    [
      'says nothing of how an object is had',
      (answer) => {
        delete firstOf(answer).actions;
        return answer;
      },
      /says nothing of how/,
    ],
  ])('that %s is a PROTOCOL_VIOLATION', async (_, distort, message) => {
    await using server = await world.serve({ distort });
    await expect(world.collect(wishOf(server))).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
      message: expect.stringMatching(message),
    });
  });

  it('with members that nobody knows is read', async () => {
    await using server = await world.serve({ distort: (answer) => ({ ...answer, more: { x: 1 } }) });
    await expect(world.collect(wishOf(server))).resolves.toBeDefined();
  });
});

describe('credentials for Git LFS', () => {
  it('are those of the host, and the addresses need their own header', async () => {
    await using server = await world.serve({ auth: CREDENTIALS });
    const http = clientWith(server.host);
    const credentials = async () => CREDENTIALS;
    await expect(world.collect(wishOf(server), { http, credentials })).resolves.toBeDefined();
  });

  it('that are missing are UNAUTHORIZED', async () => {
    await using server = await world.serve({ auth: CREDENTIALS });
    await expect(
      world.collect(wishOf(server), { credentials: async () => CREDENTIALS }),
    ).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    });
  });

  /** Another host that has the objects, and keeps what it was told. */
  async function elsewhere(status = 200) {
    return await startHttpServer((request) => {
      const content = [MODEL, SMALL].find((bytes) => request.path.endsWith(hexOf(bytes)));
      if (status !== 200 || content === undefined)
        return { status, headers: { 'www-authenticate': 'Basic realm="x"' } };
      return rangeReply(request, toContent(content), {});
    });
  }

  it('never go to another host that an address leads to', async () => {
    await using other = await elsewhere();
    await using server = await world.serve({
      auth: CREDENTIALS,
      distort: (answer) => {
        for (const object of answer.objects)
          object.actions = { download: { href: `${other.url}/${object.oid}` } };
        return answer;
      },
    });
    const options = { http: clientWith(server.host), credentials: async () => CREDENTIALS };
    await expect(world.collect(wishOf(server), options)).resolves.toBeDefined();
    expect(other.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined, undefined]);
  });

  it('never follow a redirect to another host, which answers 401', async () => {
    await using other = await elsewhere(401);
    await using server = await world.serve({
      distort: (answer) => {
        for (const { actions } of answer.objects) {
          const { header } = actions?.['download'] ?? {};
          if (header) header['Authorization'] = 'Bearer Sesam-of-the-address';
        }
        return answer;
      },
    });
    server.addFault({
      match: ({ path }) => path.startsWith('/storage/'),
      do: { kind: 'redirect', to: `${other.url}/elsewhere` },
    });
    const failed = world.collect(wishOf(server), { http: clientWith(server.host) });
    await expect(failed).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(failed).rejects.not.toThrow(/Sesam/);
    expect(other.requests.length).toBeGreaterThan(0);
    for (const { headers } of other.requests) {
      expect(headers['authorization']).toBeUndefined();
      // The address came with one more, which is nobody else's.
      expect(headers['lfs-token']).toBeUndefined();
    }
  });
});

describe('an address that expires', () => {
  it('is asked for again, and the rest comes from the new one', async () => {
    let now = Date.now();
    await using server = await world.serve({ expiresIn: 60, now: () => now });
    const path = `/storage/${hexOf(MODEL)}`;
    server.addFault({
      match: (request) => request.path === path,
      times: 1,
      do: { kind: 'cut', afterBytes: 1_500_000 },
    });
    let later = 61_000;
    const passTime = ({
      headers,
    }: {
      readonly headers: { readonly range?: string | undefined };
    }): boolean => {
      if (headers.range !== undefined) now += later;
      if (headers.range !== undefined) later = 0;
      return false;
    };
    server.addFault({ match: passTime, do: { kind: 'status', status: 500 } });
    const { store } = await world.collect(wishOf(server), { now: () => now });
    expect(store.blobs.get(digestOf(MODEL))?.byteLength).toBe(MODEL.byteLength);
    const asked = server.requests.filter(({ url }) => url === path).map(({ headers }) => headers['range']);
    expect(asked).toEqual([undefined, 'bytes=1500000-', 'bytes=1500000-']);
    expect(server.requests.filter(({ url }) => url.endsWith('/batch'))).toHaveLength(2);
  });

  it('every time is given up in the end', async () => {
    await using server = await world.serve({ expiresIn: 60, now: () => Date.now() + 1e9 });
    server.addFault({
      match: ({ path }) => path.startsWith('/storage/'),
      do: { kind: 'status', status: 403 },
    });
    let now = Date.now();
    await expect(world.collect(wishOf(server), { now: () => (now += 40_000) })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});

describe('a file that begins like a pointer and is none', () => {
  it('is told by a warning and left as it is', async () => {
    const oid = 'AB'.repeat(32);
    const files = {
      '.gitattributes': ATTRIBUTES,
      'upper.bin': `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 5\n`,
      'good.bin': lfsPointer(SMALL),
    };
    await createRepository(world.home.join('srv/hostile.git'), [{ message: 'Hostile', files }]);
    await using server = await world.serve();
    const from = world.source();
    const warnings: string[] = [];
    const run = {
      signal: new AbortController().signal,
      emit: (event: { kind: string; message?: string }) =>
        void (event.kind === 'warning' && warnings.push(event.message ?? '')),
    };
    const [pin] = await from.resolve({ ...wishOf(server), url: `${server.url}/hostile.git` }, run);
    expect(pin?.lfs).toEqual([{ oid: digestOf(SMALL), size: SMALL.byteLength }]);
    expect(warnings).toEqual([expect.stringContaining('1 file(s)')]);
  });

  it('with two sizes for one object is refused', async () => {
    const pointer = lfsPointer(SMALL);
    const files = {
      '.gitattributes': ATTRIBUTES,
      'a.bin': pointer,
      'b.bin': pointer.replace(/size \d+/, 'size 7000'),
    };
    await createRepository(world.home.join('srv/sizes.git'), [{ message: 'Sizes', files }]);
    await using server = await world.serve();
    const wish = { ...wishOf(server), url: `${server.url}/sizes.git` };
    await expect(world.collect(wish)).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it('of a size that nobody has is refused by the server, and nothing is written', async () => {
    const pointer = lfsPointer(SMALL).replace(/size \d+/, `size ${Number.MAX_SAFE_INTEGER}`);
    const files = { '.gitattributes': ATTRIBUTES, 'huge.bin': pointer };
    await createRepository(world.home.join('srv/huge.git'), [{ message: 'Huge', files }]);
    await using server = await world.serve();
    const wish = { ...wishOf(server), url: `${server.url}/huge.git` };
    await expect(world.collect(wish)).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
      message: expect.stringContaining('huge.bin'),
    });
  });
});

describe('a .lfsconfig', () => {
  const repositoryWith = async (name: string, config: string): Promise<void> => {
    const files = { '.gitattributes': ATTRIBUTES, '.lfsconfig': config, 'a.bin': lfsPointer(SMALL) };
    await createRepository(world.home.join(`srv/${name}.git`), [{ message: 'Begin', files }]);
  };

  it('may name another place at the same host', async () => {
    await using server = await world.serve();
    await repositoryWith('same', `[lfs]\n\turl = ${server.url}/line-a.git/info/lfs/\n`);
    await world.collect({ ...wishOf(server), url: `${server.url}/same.git` });
    expect(server.requests.map(({ url }) => url)).toContain('/line-a.git/info/lfs/objects/batch');
  });

  it('may name another host only where bundle.yaml says so', async () => {
    await using server = await world.serve();
    await using other = await world.serve();
    await repositoryWith('other', `[lfs]\n\turl = ${other.url}/line-a.git/info/lfs\n`);
    const wish = { ...wishOf(server), url: `${server.url}/other.git` };
    await expect(world.collect(wish)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      hint: expect.stringContaining('also'),
    });
    expect(other.requests).toEqual([]);
    await world.collect(wish, { lfsHosts: new Map([[server.host, [other.host]]]) });
    expect(other.requests.length).toBeGreaterThan(0);
  });

  it.each([
    ['a file', 'file:///srv/lfs'],
    ['an option', '--upload-pack=touch'],
    ['ssh', 'ssh://127.0.0.1/x'],
    ['a password', 'http://a:b@127.0.0.1/x'],
  ])('is refused with %s for a URL', async (name, url) => {
    await using server = await world.serve();
    const place = `bad-${name.replace(/\W/g, '')}`;
    await repositoryWith(place, `[lfs]\n\turl = ${url}\n`);
    await expect(
      world.collect({ ...wishOf(server), url: `${server.url}/${place}.git` }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('includes nothing', async () => {
    await using server = await world.serve();
    await repositoryWith('includes', `[include]\n\tpath = /etc/passwd\n`);
    await expect(
      world.collect({ ...wishOf(server), url: `${server.url}/includes.git` }),
    ).resolves.toBeDefined();
  });
});
