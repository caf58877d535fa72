import { mkdir, writeFile } from 'node:fs/promises';
import { digestOf, hexOf, quietRun } from '@gapferry/core';
import {
  createRepository,
  gitEnvironment,
  type MemoryBlobStore,
  memoryBlobStore,
  mustRun,
  seededBuffer,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Served, serveDepot } from '../serve-depot.ts';

const TYPE = 'application/vnd.git-lfs+json';
const MODEL = seededBuffer(300_000, 'model');
const OID = hexOf(digestOf(MODEL));
let directory: TemporaryDirectory;
let store: MemoryBlobStore;
let stop: AbortController;
let served: Served;
let place: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const upstream = await createRepository(directory.join('upstream'), [
    { message: 'one', files: { a: 'a' } },
  ]);
  await mkdir(directory.join('git/git.example/line'), { recursive: true });
  const to = directory.join('git/git.example/line/infra.git');
  await mustRun('git', ['clone', '--quiet', '--mirror', upstream.path, to], { env: gitEnvironment() });
  await mkdir(`${to}/lfs`);
  await writeFile(`${to}/lfs/gapferry-objects`, `${OID} ${MODEL.byteLength}\n`);
});
afterAll(() => directory.remove());
beforeEach(async () => {
  store = memoryBlobStore();
  await store.add('application/octet-stream', MODEL, quietRun());
  await start();
});
afterEach(async () => {
  stop.abort();
  await served.closed;
});

async function start(basicAuth?: { username: string; password: string }): Promise<void> {
  stop = new AbortController();
  const content = {
    store: { ...store, names: async () => [] },
    gitRoot: directory.join('git'),
    filesRoot: directory.join('files'),
    lfsListing: 'lfs/gapferry-objects',
  };
  const options = { host: '127.0.0.1', port: 0, ...(basicAuth && { basicAuth }) };
  served = await serveDepot(content, options, quietRun(stop.signal));
  place = `${served.url}/git/git.example/line/infra.git/info/lfs`;
}

const ask = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${place}/objects/batch`, {
    method: 'POST',
    headers: { accept: TYPE, 'content-type': TYPE, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const object = { oid: OID, size: MODEL.byteLength };
const question = { operation: 'download', transfers: ['basic'], objects: [object] };

describe('Git LFS that is served', () => {
  it('tells where an object is to be had, and gives it whole and in parts', async () => {
    const answer = await ask(question);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, TYPE]);
    const said = (await answer.json()) as { objects: Array<{ actions: { download: { href: string } } }> };
    expect(said).toMatchObject({ transfer: 'basic', hash_algo: 'sha256', objects: [object] });
    const { href } = said.objects[0]?.actions.download ?? { href: '' };
    expect(href.startsWith(`${place}/`)).toBe(true);
    expect(Buffer.from(await (await fetch(href)).arrayBuffer()).equals(MODEL)).toBe(true);
    const part = await fetch(href, { headers: { range: 'bytes=100000-' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer()).equals(MODEL.subarray(100_000))).toBe(true);
    expect((await fetch(href, { method: 'HEAD' })).headers.get('content-length')).toBe(
      String(MODEL.byteLength),
    );
  });

  it('answers for each object by itself: what is not here, has another size, or is no id', async () => {
    const objects = [
      object,
      { oid: 'ab'.repeat(32), size: 1 },
      { oid: OID, size: 7 },
      { oid: OID.toUpperCase(), size: MODEL.byteLength },
      { oid: OID, size: -1 },
      { oid: '../../../etc/passwd', size: 1 },
    ];
    const { objects: said } = (await (await ask({ ...question, objects })).json()) as {
      objects: Array<{ error?: { code: number } }>;
    };
    expect(said.map(({ error }) => error?.code)).toEqual([undefined, 404, 404, 422, 422, 422]);
  });

  it.each<[string, unknown, number]>([
    ['an upload', { ...question, operation: 'upload' }, 403],
    ['another operation', { ...question, operation: 'delete' }, 422],
    ['another transfer', { ...question, transfers: ['tus'] }, 422],
    ['another hash', { ...question, hash_algo: 'sha512' }, 409],
    ['no objects', { operation: 'download' }, 422],
    ['objects of another form', { ...question, objects: [7] }, 422],
    ['too many objects', { ...question, objects: Array(1001).fill(object) }, 413],
    ['too many bytes', `"${'x'.repeat(1 << 20)}"`, 413],
    ['no JSON', '{', 422],
    ['a special member', '{"__proto__":{}}', 422],
    ['null', 'null', 422],
  ])('refuses %s', async (_, body, status) => {
    const answer = await ask(body);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, TYPE]);
    expect(await answer.json()).toEqual({ message: expect.any(String) });
  });

  it('keeps to methods and media types', async () => {
    expect((await fetch(`${place}/objects/batch`)).status).toBe(405);
    expect((await ask(question, { accept: 'text/html' })).status).toBe(406);
    expect((await ask(question, { accept: `${TYPE}; charset=utf-8, text/plain` })).status).toBe(200);
    expect((await ask(question, { 'content-type': 'application/json' })).status).toBe(415);
    expect(
      (await fetch(`${place}/objects/${OID}/${MODEL.byteLength}`, { method: 'PUT', body: 'x' })).status,
    ).toBe(405);
  });

  it('has nothing besides, and nothing for a repository that is not here', async () => {
    for (const rest of [
      'locks',
      'locks/verify',
      'objects',
      `objects/${OID}`,
      `objects/${OID}/9999999999999999`,
    ])
      expect((await fetch(`${place}/${rest}`)).status).toBe(404);
    const other = place.replace('infra.git', 'other.git');
    expect((await fetch(`${other}/objects/${OID}/${MODEL.byteLength}`)).status).toBe(404);
  });

  it('gives no blob of the depot that is not an object of the repository', async () => {
    const layer = Buffer.from('a layer of an image');
    await store.add('application/octet-stream', layer, quietRun());
    const other = { oid: hexOf(digestOf(layer)), size: layer.byteLength };
    const { objects } = (await (await ask({ ...question, objects: [other] })).json()) as {
      objects: Array<{ error?: { code: number } }>;
    };
    expect(objects[0]?.error?.code).toBe(404);
    expect((await fetch(`${place}/objects/${other.oid}/${other.size}`)).status).toBe(404);
  });

  it('sends no damaged object as a whole one', async () => {
    const damaged = Buffer.from(MODEL);
    damaged[0] = (damaged[0] ?? 0) ^ 1;
    store.blobs.set(digestOf(MODEL), damaged);
    const reading = fetch(`${place}/objects/${OID}/${MODEL.byteLength}`).then((answer) =>
      answer.arrayBuffer(),
    );
    await expect(reading).rejects.toThrow();
  });

  it('asks for credentials like everything else', async () => {
    stop.abort();
    await served.closed;
    await start({ username: 'plant', password: 'Sesam' });
    expect((await ask(question)).status).toBe(401);
    const authorization = `Basic ${Buffer.from('plant:Sesam').toString('base64')}`;
    expect((await ask(question, { authorization })).status).toBe(200);
  });
});
