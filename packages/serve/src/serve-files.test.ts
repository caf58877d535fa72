import { mkdir, readFile, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { digestOf, quietRun, type RunEvent } from '@gapferry/core';
import {
  isMissing,
  makeTlsIdentity,
  memoryBlobStore,
  mustRun,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Served, type ServeOptions, serveDepot } from './serve-depot.ts';

const SECRET = 'this must never be served';
const events: RunEvent[] = [];
let directory: TemporaryDirectory;
const started: AbortController[] = [];
let served: Served;

beforeEach(async () => {
  directory = await temporaryDirectory();
  events.length = 0;
  await mkdir(directory.join('files/tools/deep'), { recursive: true });
  await mkdir(directory.join('git'));
  await writeFile(directory.join('secret'), SECRET);
  await writeFile(directory.join('files/tools/setup.sh'), '#!/bin/sh\necho hello\n');
  await writeFile(directory.join('files/tools/deep/empty'), '');
  await writeFile(directory.join('files/big'), Buffer.alloc(3_000_000, 'gapferry '));
  await writeFile(directory.join("files/a & b'.txt"), 'x');
  served = await start({});
});
afterEach(async () => {
  for (const stop of started.splice(0)) stop.abort();
  await served.closed;
  await directory.remove();
});

async function start(options: Partial<ServeOptions>): Promise<Served> {
  const stop = new AbortController();
  started.push(stop);
  const run = { ...quietRun(stop.signal), emit: (event: RunEvent) => void events.push(event) };
  const store = {
    ...memoryBlobStore(),
    names: async () => [
      { name: 'quay.io/a/b:<script>', root: { mediaType: 'x/y', digest: digestOf('x'), size: 1 } },
    ],
  };
  const content = { store, gitRoot: directory.join('git'), filesRoot: directory.join('files') };
  return await serveDepot(content, { host: '127.0.0.1', port: 0, ...options }, run);
}

describe('a file that takes long to read', () => {
  const size = 128 << 20;
  beforeEach(async () => {
    await writeFile(directory.join('files/slow'), '');
    await truncate(directory.join('files/slow'), size);
  });

  it('is served, although nothing moves until it is hashed', async () => {
    const patient = await start({ idleMs: 50 });
    const answer = await fetch(`${patient.url}/files/slow`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, String(size)]);
  });

  it.skipIf(process.platform !== 'linux')('is read once for all who ask meanwhile', async () => {
    const read = async (): Promise<number> =>
      Number(/^rchar: (\d+)$/m.exec(await readFile('/proc/self/io', 'utf8'))?.[1]);
    const before = await read();
    const ask = (): Promise<Response> => fetch(`${served.url}/files/slow`, { method: 'HEAD' });
    const etags = (await Promise.all([ask(), ask(), ask()])).map(({ headers }) => headers.get('etag'));
    expect(new Set(etags).size).toBe(1);
    expect((await read()) - before).toBeLessThan(2 * size);
  });
});

describe('the files of serveDepot', () => {
  it('serves a file with its digest as ETag, and says when a client has it', async () => {
    const answer = await fetch(`${served.url}/files/tools/setup.sh`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(answer.headers.get('etag')).toBe(`"${digestOf(bytes)}"`);
    expect(answer.headers.get('content-type')).toBe('application/x-sh');
    const again = await fetch(answer.url, { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } });
    expect(again.status).toBe(304);
  });

  it.each([
    ['a.json', 'application/json'],
    ['A.HTML', 'text/html; charset=utf-8'],
    ['logo.svg', 'image/svg+xml'],
    ['archive.tar.zst', 'application/zstd'],
    ['no-end', 'application/octet-stream'],
  ])('says what %s is, and keeps what is in it from running', async (name, type) => {
    await writeFile(directory.join('files', name), '<script>alert(1)</script>');
    const answer = await fetch(`${served.url}/files/${name}`);
    expect(answer.headers.get('content-type')).toBe(type);
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'; sandbox/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('answers HEAD as GET without the bytes, for whole files and parts', async () => {
    const url = `${served.url}/files/big`;
    for (const headers of [{}, { range: 'bytes=5-9' }]) {
      const [got, head] = [await fetch(url, { headers }), await fetch(url, { headers, method: 'HEAD' })];
      expect(head.status).toBe(got.status);
      for (const name of ['etag', 'content-length', 'content-range', 'accept-ranges', 'content-type'])
        expect(head.headers.get(name)).toBe(got.headers.get(name));
      expect((await head.arrayBuffer()).byteLength).toBe(0);
      await got.arrayBuffer();
    }
  });

  it('shows directories with sizes and digests of their files, the way up, and a list of checksums of all below', async () => {
    const page = await (await fetch(`${served.url}/files/tools/`)).text();
    expect(page).toContain('<a href="../">up</a>');
    expect(page).toContain('<a href="./deep/">deep/</a>');
    expect(page).toContain('21 B');
    const sums = await (await fetch(`${served.url}/files/tools/SHA256SUMS`)).text();
    expect(sums.match(/^[0-9a-f]{64} {2}(?:deep\/empty|setup\.sh)$/gm)).toHaveLength(2);
  });

  it('serves parts around every boundary, and empty files', async () => {
    const whole = Buffer.alloc(3_000_000, 'gapferry ');
    for (const [first, last] of [
      [0, 0],
      [1, 2_999_999],
      [2_999_999, 2_999_999],
      [1_048_575, 1_048_577],
      [5, 3_000_000],
    ] as const) {
      const answer = await fetch(`${served.url}/files/big`, { headers: { range: `bytes=${first}-${last}` } });
      expect(answer.status).toBe(206);
      expect(Buffer.compare(Buffer.from(await answer.arrayBuffer()), whole.subarray(first, last + 1))).toBe(
        0,
      );
    }
    expect((await fetch(`${served.url}/files/big`, { headers: { range: 'bytes=3000000-' } })).status).toBe(
      416,
    );
    const empty = await fetch(`${served.url}/files/tools/deep/empty`);
    expect([empty.status, await empty.text()]).toEqual([200, '']);
  });

  it('notices a file that was replaced', async () => {
    const before = (await fetch(`${served.url}/files/tools/setup.sh`)).headers.get('etag');
    await writeFile(directory.join('files/tools/setup.sh'), 'other');
    await utimes(directory.join('files/tools/setup.sh'), 0, 0);
    const after = await fetch(`${served.url}/files/tools/setup.sh`);
    expect([await after.text(), after.headers.get('etag')]).toEqual(['other', `"${digestOf('other')}"`]);
    expect(before).not.toBe(after.headers.get('etag'));
  });

  it('makes checksums that sha256sum accepts', async () => {
    const sums = await (await fetch(`${served.url}/files/SHA256SUMS`)).text();
    expect(
      await mustRun('sha256sum', ['--strict', '-c', '-'], { cwd: directory.join('files'), input: sums }),
    ).toContain('tools/deep/empty: OK');
    expect(await (await fetch(`${served.url}/files/tools/deep/SHA256SUMS`)).text()).toMatch(
      /^e3b0c442.{56} {2}empty\n$/,
    );
  });

  it('lists directories with sizes and digests, escaped and without script', async () => {
    const answer = await fetch(`${served.url}/files/`);
    const page = await answer.text();
    expect(page).toContain('<a href="./a%20%26%20b\'.txt">a &#38; b&#39;.txt</a>');
    expect(page).toContain(digestOf('x').slice(7));
    expect(page).not.toMatch(/<script/i);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    const redirect = await fetch(`${served.url}/files/tools`, { redirect: 'manual' });
    expect([redirect.status, redirect.headers.get('location')]).toEqual([301, './tools/']);
  });

  it('shows an escaped index of everything at the root', async () => {
    const page = await (await fetch(`${served.url}/`)).text();
    expect(page).toContain('quay.io/a/b:&#60;script&#62;');
    expect(page).not.toMatch(/<script/i);
  });

  it.each([
    '/files/../secret',
    '/files/%2e%2e/secret',
    '/files/..%2fsecret',
    '/files/%2e%2e%2fsecret',
    '/files/tools/..%5c..%5csecret',
    '/files//etc/passwd',
    '/files/%00',
    '/files/tools/setup.sh/',
    '/files/tools/setup.sh/x',
    '/files/link',
    '/files/linked/secret',
    '/files/%ff',
    '/files/%',
    '/git/../secret',
    '/git/%2e%2e/secret.git/info/refs?service=git-upload-pack',
    '/v2/../secret',
    '/v2/%2e%2e/secret/blobs/x',
    'http://other.example/files/../secret',
    '//secret',
    '*',
  ])('gives nothing away for %s', async (path) => {
    await symlink(directory.join('secret'), directory.join('files/link'));
    await symlink(directory.path, directory.join('files/linked'));
    const { status, text } = await raw('GET', path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain(directory.path);
  });

  it('leaves links out of listings and checksums', async () => {
    await symlink(directory.join('secret'), directory.join('files/link'));
    expect(await (await fetch(`${served.url}/files/`)).text()).not.toContain('link');
    expect(await (await fetch(`${served.url}/files/SHA256SUMS`)).text()).not.toContain('link');
  });

  it.skipIf(isMissing('curl'))('lets curl continue a download', async () => {
    await writeFile(directory.join('part'), Buffer.alloc(3_000_000, 'gapferry ').subarray(0, 1_234_567));
    await mustRun('curl', [
      '-sS',
      '--fail',
      '-C',
      '-',
      '-o',
      directory.join('part'),
      `${served.url}/files/big`,
    ]);
    await mustRun('cmp', [directory.join('part'), directory.join('files/big')]);
  });
});

describe('serveDepot', () => {
  it('tells each request without its query', async () => {
    await fetch(`${served.url}/files/tools/setup.sh?token=abc`);
    await expect
      .poll(() => events)
      .toContainEqual({
        kind: 'request',
        method: 'GET',
        path: '/files/tools/setup.sh',
        status: 200,
        bytes: 21,
      });
  });

  it.each(['PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS'])('refuses %s everywhere', async (method) => {
    for (const path of ['/', '/files/big'])
      expect((await fetch(served.url + path, { method })).status).toBe(405);
  });

  it('asks everybody for the password, in the registry in its own words', async () => {
    const guarded = await start({ basicAuth: { username: 'plant', password: 'geheim' } });
    for (const path of ['/', '/v2/', '/files/big', '/git/x.git/info/refs?service=git-upload-pack']) {
      const answer = await fetch(guarded.url + path);
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
        401,
        'Basic realm="gapferry", charset="UTF-8"',
      ]);
    }
    expect(await (await fetch(`${guarded.url}/v2/`)).json()).toMatchObject({
      errors: [{ code: 'UNAUTHORIZED' }],
    });
    const authorization = `Basic ${Buffer.from('plant:geheim').toString('base64')}`;
    expect((await fetch(`${guarded.url}/v2/`, { headers: { authorization } })).status).toBe(200);
    await guarded.close();
  });

  it.skipIf(isMissing('curl'))('speaks TLS with the key it is given', async () => {
    const { cert, key, ca } = await makeTlsIdentity();
    const secure = await start({ tls: { key, cert } });
    await writeFile(directory.join('ca.pem'), ca);
    expect(
      await mustRun('curl', [
        '-sS',
        '--fail',
        '--cacert',
        directory.join('ca.pem'),
        `${secure.url}/files/tools/setup.sh`,
      ]),
    ).toContain('echo hello');
    await secure.close();
  });

  it('cuts what is under way when the run is stopped, and is closed then', async () => {
    await writeFile(directory.join('files/huge'), Buffer.alloc(64 << 20));
    const answer = await fetch(`${served.url}/files/huge`);
    started[0]?.abort();
    await expect(answer.arrayBuffer()).rejects.toThrow();
    await served.closed;
    await expect(fetch(`${served.url}/`)).rejects.toThrow();
  });

  it('says what is wrong with an address that is taken', async () => {
    await expect(start({ port: served.port })).rejects.toMatchObject({ code: 'USAGE' });
  });
});

/** As it is written: fetch would tidy the path up. */
function raw(method: string, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: served.port, method, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject).end();
  });
}
