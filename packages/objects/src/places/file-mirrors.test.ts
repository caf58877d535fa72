import { createHash } from 'node:crypto';
import {
  digestOf,
  type FileVerifier,
  GapferryError,
  hexOf,
  type ListedFileWish,
  quietRun,
  type RunEvent,
  type UrlFilePin,
  type UrlFileWish,
} from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type Fault,
  memoryBlobStore,
  type ServedFile,
  seededBuffer,
  startFileServer,
  type TestFileServer,
  type TestRequest,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileSourceOptions, fileSource } from '../file-source.ts';
import { seenKey } from '../resolve-url.ts';

const SIZE = 2_500_000;
const tool = seededBuffer(SIZE, 'tool');
const other = seededBuffer(SIZE, 'other');
const sums = (bytes: Uint8Array, algorithm = 'sha256') =>
  `${createHash(algorithm).update(bytes).digest('hex')}  tool\n`;
const http = createHttpClient({
  wait: async () => {},
  random: () => 0,
  credentials: async (host) => ({ username: host, password: 'secret' }),
});

let upstream: TestFileServer;
let mirror: TestFileServer;
beforeEach(async () => {
  upstream = await startFileServer(new Map());
  mirror = await startFileServer(new Map());
});
afterEach(async () => {
  await upstream.close();
  await mirror.close();
});

const serve = (files: Readonly<Record<string, ServedFile>>, ...servers: TestFileServer[]): void => {
  for (const server of servers)
    for (const [name, bytes] of Object.entries(files))
      server.files.set(server === mirror ? `/raw/Hub${name}` : name, bytes);
};

const wishOf = (more: Partial<UrlFileWish>): UrlFileWish => ({
  kind: 'file',
  url: `${upstream.url}/dist/tool?v=1`,
  as: 'tools/tool',
  ...more,
});

async function take(wish: UrlFileWish | ListedFileWish, options: FileSourceOptions = {}) {
  const mirrors = new Map([[upstream.host, [`${mirror.host}/raw/Hub`]]]);
  const source = fileSource(http, { wishes: [wish], mirrors, ...options });
  const events: RunEvent[] = [];
  const run = { ...quietRun(), emit: (event: RunEvent) => void events.push(event) };
  const warnings = () => events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
  try {
    const pins = (await source.resolve(wish, run)) as readonly UrlFilePin[];
    const store = memoryBlobStore();
    const holdings = [];
    for (const pin of pins) holdings.push(await source.fetch(pin, store, run));
    return { pins, pin: pins[0] as UrlFilePin, holding: holdings[0], holdings, events, warnings: warnings() };
  } catch (error) {
    throw Object.assign(error as object, { warnings: warnings() });
  }
}

const told = (events: readonly RunEvent[]) =>
  events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0);
const isGet: Fault['match'] = ({ method }) => method === 'GET';
const given = { sha256: digestOf(tool) };

describe('mirrors of a host of files', () => {
  it('are asked first, below their prefix, with credentials of their own, and the file stays that of upstream', async () => {
    serve({ '/dist/tool': tool }, mirror);
    const { pin, holding, warnings, events } = await take(wishOf(given));
    expect(pin.url).toBe(`${upstream.url}/dist/tool?v=1`);
    expect(pin).not.toHaveProperty('mirror');
    expect(holding).toMatchObject({ root: { digest: digestOf(tool) }, checked: ['given-sha256'] });
    expect([upstream.requests, warnings, told(events)]).toEqual([[], [], SIZE]);
    expect(new Set(mirror.requests.map(({ url }) => url))).toEqual(new Set(['/raw/Hub/dist/tool?v=1']));
    const user = (request: TestRequest) => request.headers.authorization ?? '';
    const sent: string[] = [];
    mirror.addFault({ match: (request) => sent.push(user(request)) < 0, do: { kind: 'lostAnswer' } });
    await take(wishOf(given));
    const ofMirror = `Basic ${Buffer.from(`${mirror.host}:secret`).toString('base64')}`;
    expect(new Set(sent)).toEqual(new Set([ofMirror]));
  });

  it('that have not got it are passed over silently', async () => {
    serve({ '/dist/tool': tool }, upstream);
    const { warnings, holding } = await take(wishOf(given));
    expect(holding).toMatchObject({ root: { size: SIZE } });
    expect([warnings, mirror.requests.length > 0]).toEqual([[], true]);
  });

  it.each<[string, Fault['do']]>([
    ['refuse it', { kind: 'status', status: 403 }],
    ['are broken', { kind: 'status', status: 500 }],
    ['send other bytes', { kind: 'corrupt', atByte: 7 }],
    ['send too few', { kind: 'short' }],
    ['send without end', { kind: 'endless' }],
  ])('that %s are passed over with a warning that names them', async (_, action) => {
    serve({ '/dist/tool': tool }, upstream, mirror);
    mirror.addFault({ match: isGet, do: action });
    const { warnings, holding } = await take(wishOf(given));
    expect(holding).toMatchObject({ root: { digest: digestOf(tool) } });
    expect(warnings[0]).toContain(`the mirror ${mirror.host}/raw/Hub is passed over for tools/tool`);
  });

  it('that lie about the size of a file do not count for the next place', async () => {
    serve({ '/dist/tool': tool }, upstream);
    serve({ '/dist/tool': Buffer.concat([tool, tool]) }, mirror);
    expect((await take(wishOf(given))).holding).toMatchObject({ root: { size: SIZE } });
  });

  it('end in the middle of a file, and upstream goes on there', async () => {
    serve({ '/dist/tool': tool }, upstream, mirror);
    mirror.addFault({ match: isGet, times: 1, do: { kind: 'cut', afterBytes: 1_500_000 } });
    mirror.addFault({ match: isGet, do: { kind: 'status', status: 503 } });
    const { events } = await take(wishOf(given));
    const asked = upstream.requests.filter(({ method }) => method === 'GET');
    expect(asked.map(({ headers }) => headers['range'])).toEqual(['bytes=1500000-']);
    expect(told(events)).toBe(SIZE);
  });

  it('at which nobody answers are asked once in a run', async () => {
    serve({ '/dist/tool': tool, '/dist/SUMS': sums(tool) }, upstream);
    await mirror.close();
    const { warnings } = await take(wishOf({ checksums: { url: `${upstream.url}/dist/SUMS` } }));
    expect(warnings).toHaveLength(1);
  });

  it('that have wrong bytes are what is told of where upstream cannot be asked', async () => {
    serve({ '/dist/tool': other }, mirror);
    await upstream.close();
    await expect(take(wishOf(given))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(`from the mirror ${mirror.host}/raw/Hub`),
    });
  });

  it('are not what upstream is when it says that there is none', async () => {
    serve({ '/dist/tool': other }, mirror);
    await expect(take(wishOf(given))).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  it('may take the place of upstream', async () => {
    serve({ '/dist/tool': tool }, mirror);
    await upstream.close();
    expect((await take(wishOf(given))).holding).toMatchObject({ root: { size: SIZE } });
  });
});

describe('what a mirror says of a file', () => {
  const at = () => `${mirror.host}/raw/Hub`;

  it('counts where nothing else does, and it is recorded who said it', async () => {
    serve({ '/dist/tool': tool }, mirror);
    const seen = await take(wishOf({ check: 'first-seen' }));
    expect(seen.pin).toMatchObject({ sha256: digestOf(tool), mirror: at() });
    expect(seen.holding).toMatchObject({ checked: [{ by: 'first-seen', at: at() }] });
    serve({ '/dist/SUMS': sums(tool) }, mirror);
    const listed = await take(wishOf({ checksums: { url: `${upstream.url}/dist/SUMS` } }));
    expect(listed.pin.mirror).toBe(at());
    expect(listed.holding).toMatchObject({ checked: [{ by: 'checksums', at: at() }] });
  });

  it('stays where it was seen when upstream says the same later', async () => {
    serve({ '/dist/tool': tool }, mirror);
    const wish = wishOf({ check: 'first-seen' });
    const { pin } = await take(wish);
    serve({ '/dist/tool': tool }, upstream);
    mirror.files.clear();
    const lock = { seen: new Map([[seenKey(pin), pin.sha256]]), locked: new Map([[seenKey(pin), pin]]) };
    const again = await take(wish, lock);
    expect(again.pin).toEqual(pin);
    const { mirror: _, ...own } = pin;
    expect((await take(wish)).pin).toEqual(own);
  });

  it('is left when it is another than when it was first seen: upstream decides', async () => {
    serve({ '/dist/tool': tool }, upstream);
    serve({ '/dist/tool': other }, mirror);
    const wish = wishOf({ check: 'first-seen' });
    const { pin } = await take(wish, { mirrors: new Map() });
    const seen = new Map([[seenKey(pin), pin.sha256]]);
    const { warnings, pin: found } = await take(wish, { seen });
    expect(found.sha256).toBe(digestOf(tool));
    expect(warnings[0]).toMatch(/the mirror .* is passed over.*when it was first seen/);
    serve({ '/dist/tool': other }, upstream);
    await expect(take(wish, { seen })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('is not recorded where a digest or a signature says more', async () => {
    await using directory = await temporaryDirectory();
    const good: FileVerifier = {
      async verify(file, signature) {
        const hash = createHash('sha256');
        for await (const chunk of file.open(quietRun())) hash.update(chunk);
        if (Buffer.from(signature).toString() === `sha256:${hash.digest('hex')}`)
          return { by: 'minisign', key: '0123456789ABCDEF' };
        throw new GapferryError({ code: 'SIGNATURE_INVALID', message: 'has a signature that is not good' });
      },
    };
    const verifiers = new Map([['minisign key RWx', good]]);
    const options = { verifiers, workDirectory: directory.join('work') };
    const wish = wishOf({ signature: { url: `${upstream.url}/dist/tool.minisig`, minisign: 'RWx' } });
    serve({ '/dist/tool': tool, '/dist/tool.minisig': digestOf(tool) }, mirror);
    expect((await take(wish, options)).pin).not.toHaveProperty('mirror');
    const sha512 = createHash('sha512').update(tool).digest('hex');
    expect((await take(wishOf({ sha512 }), options)).pin).not.toHaveProperty('mirror');
    // One that has another file, or another signature, is passed over.
    serve({ '/dist/tool': tool, '/dist/tool.minisig': digestOf(tool) }, upstream);
    for (const wrong of [{ '/dist/tool': other }, { '/dist/tool': tool, '/dist/tool.minisig': 'old' }]) {
      serve(wrong, mirror);
      const { pin, warnings } = await take(wish, options);
      expect([pin.sha256, warnings.length > 0]).toEqual([digestOf(tool), true]);
    }
  });

  it('of a file in a list of old is left for upstream, which has a newer list', async () => {
    serve({ '/dist/tool': tool, '/dist/SUMS': sums(tool, 'sha512') }, upstream);
    serve({ '/dist/tool': tool, '/dist/SUMS': 'nothing of it\n' }, mirror);
    const wish = wishOf({ checksums: { url: `${upstream.url}/dist/SUMS` } });
    const { pin, warnings } = await take(wish);
    expect(pin).not.toHaveProperty('mirror');
    expect(warnings[0]).toContain('no SHA-256 or SHA-512 checksum for tool');
    // The lock says what it is: a list that says otherwise is left as well.
    serve({ '/dist/SUMS': sums(other, 'sha512') }, mirror);
    const source = fileSource(http, { wishes: [wish], mirrors: new Map([[upstream.host, [at()]]]) });
    const holding = await source.fetch(pin, memoryBlobStore(), quietRun());
    expect(holding).toMatchObject({ checked: ['checksums'] });
  });

  it('of a database counts for its listing too', async () => {
    const path = 'vulnerability-db_v6.0.2_2025-03-14T01:31:06Z_1741925227.tar.zst';
    const listing = JSON.stringify({
      built: '2025-03-14T04:07:07Z',
      path,
      checksum: `sha256:${hexOf(digestOf('db'))}`,
    });
    serve({ '/v6/latest.json': listing, [`/v6/${path}`]: 'db' }, mirror);
    const { pins, holdings } = await take({
      kind: 'file',
      listing: `${upstream.url}/v6/latest.json`,
      as: 'db/grype',
      content: { kind: 'grype-db' },
    });
    expect(pins.map((pin) => pin.mirror)).toEqual([at(), at()]);
    expect(holdings[1]).toMatchObject({ checked: [{ by: 'checksums', at: at() }] });
  });
});
