import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TemporaryDirectory, temporaryDirectory } from '../temporary-directory.ts';
import type { BatchAnswer } from './lfs-batch.ts';
import { type LfsServer, startLfsServer } from './lfs-server.ts';

const TYPE = 'application/vnd.git-lfs+json';
const CONTENT = Buffer.from('a model');
let home: TemporaryDirectory;
let server: LfsServer;
let now = Date.now();
let oid: string;
beforeAll(async () => {
  home = await temporaryDirectory();
  server = await startLfsServer(home.path, { expiresIn: 60, now: () => now });
  oid = server.add(CONTENT);
});
afterAll(async () => {
  await server.close();
  await home.remove();
});

const ask = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url}/ops/models.git/info/lfs/objects/batch`, {
    method: 'POST',
    headers: { accept: TYPE, 'content-type': TYPE, ...headers },
    body: JSON.stringify(body),
  });
const answerTo = async (body: unknown): Promise<BatchAnswer> =>
  (await (await ask(body)).json()) as BatchAnswer;
const download = { operation: 'download', objects: [{ oid: '', size: CONTENT.byteLength }] };

describe('the fake of a Git LFS server', () => {
  it.each<[string, unknown, Record<string, string>, number]>([
    ['another media type', download, { accept: 'application/json' }, 406],
    ['a body of another type', download, { 'content-type': 'application/json' }, 415],
    ['another operation', { ...download, operation: 'delete' }, {}, 422],
    ['a transfer that it has not', { ...download, transfers: ['tus'] }, {}, 422],
    ['another hash', { ...download, hash_algo: 'sha512' }, {}, 409],
    ['nothing', { ...download, objects: [] }, {}, 422],
    ['too much', { ...download, objects: Array(101).fill(download.objects[0]) }, {}, 413],
  ])('refuses a question with %s', async (_, body, headers, status) => {
    expect((await ask(body, headers)).status).toBe(status);
  });

  it('judges each object by itself', async () => {
    const { objects } = await answerTo({
      operation: 'download',
      objects: [
        { oid, size: CONTENT.byteLength },
        { oid, size: 1 },
        { oid: 'ab'.repeat(32), size: 1 },
        { oid: oid.toUpperCase(), size: 1 },
      ],
    });
    expect(objects.map(({ error }) => error?.code)).toEqual([undefined, 422, 404, 422]);
  });

  it('gives an object to who has the header, until it expires', async () => {
    const { objects } = await answerTo({
      operation: 'download',
      objects: [{ oid, size: CONTENT.byteLength }],
    });
    const { href = '', header = {} } = objects[0]?.actions?.['download'] ?? {};
    expect((await fetch(href)).status).toBe(401);
    expect(Buffer.from(await (await fetch(href, { headers: header })).arrayBuffer())).toEqual(CONTENT);
    now += 61_000;
    expect((await fetch(href, { headers: header })).status).toBe(403);
  });

  it('takes what has its sha256 alone, and only what it lacks', async () => {
    const other = Buffer.from('another model');
    const asked = { oid: createHash('sha256').update(other).digest('hex'), size: other.byteLength };
    const upload = { operation: 'upload', objects: [asked, { oid, size: CONTENT.byteLength }] };
    const { objects } = await answerTo(upload);
    expect(objects[1]?.actions).toBeUndefined();
    const { href = '', header = {} } = objects[0]?.actions?.['upload'] ?? {};
    const put = (body: Buffer, type = 'application/octet-stream'): Promise<Response> =>
      fetch(href, {
        method: 'PUT',
        headers: { ...header, 'content-type': type },
        body: new Uint8Array(body),
      });
    expect((await put(other, 'text/plain')).status).toBe(415);
    expect((await put(CONTENT)).status).toBe(422);
    expect(server.objects.has(asked.oid)).toBe(false);
    expect((await put(other)).status).toBe(200);
    expect((await answerTo(upload)).objects[0]?.actions).toBeUndefined();
  });
});
