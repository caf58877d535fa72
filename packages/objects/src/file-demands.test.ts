import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import {
  type Digest,
  digestOf,
  type FileVerifier,
  GapferryError,
  hexOf,
  quietRun,
  type Run,
  type UrlFileWish,
  wishDigest,
} from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  memoryBlobStore,
  rangeReply,
  seededBuffer,
  startHttpServer,
  type TemporaryDirectory,
  type TestRequest,
  temporaryDirectory,
  toContent,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileSourceOptions, fileSource } from './file-source.ts';
import { seenKey } from './resolve-url.ts';

const run = quietRun();
const http = createHttpClient({ wait: async () => {}, random: () => 0 });
const hexes = (bytes: Uint8Array, algorithm: string) => createHash(algorithm).update(bytes).digest('hex');

let directory: TemporaryDirectory;
let files: Map<string, Uint8Array>;
let server: Awaited<ReturnType<typeof startHttpServer>>;
let validators = true;

beforeEach(async () => {
  directory = await temporaryDirectory();
  files = new Map();
  validators = true;
  server = await startHttpServer(answer);
});
afterEach(async () => {
  await server.close();
  await directory.remove();
});

/** Conditional requests as RFC 9110 has them. */
function answer(request: TestRequest) {
  const bytes = files.get(request.path);
  if (bytes === undefined) return { status: 404 };
  const etag = `"${hexes(bytes, 'md5')}"`;
  if (validators && request.headers['if-none-match'] === etag) return { status: 304 };
  return rangeReply(request, toContent(Buffer.from(bytes)), validators ? { etag } : {});
}

const tool = seededBuffer(300_000, 'tool');
const put = (path: string, bytes: Uint8Array | string) => files.set(path, Buffer.from(bytes));
const wishOf = (more: Omit<UrlFileWish, 'kind' | 'url' | 'as'>): UrlFileWish => ({
  kind: 'file',
  url: `${server.url}/dist/tool`,
  as: 'tools/tool',
  ...more,
});

/** Remembers what a depot would. */
function memory() {
  const values = new Map<string, unknown>();
  return {
    get: async (name: string) => values.get(name),
    put: async (name: string, value: unknown) => void values.set(name, value),
  };
}

async function take(wish: UrlFileWish, options: FileSourceOptions = {}, store = memoryBlobStore()) {
  const source = fileSource(http, { directory: directory.path, wishes: [wish], ...options });
  const [pin] = await source.resolve(wish, run);
  if (pin === undefined || !('url' in pin)) throw new Error('no pin');
  const holding = await source.fetch(pin, store, run);
  return { pin, store, checked: 'checked' in holding ? holding.checked : undefined };
}

const asked = () => server.requests.map(({ method, url, status }) => `${method} ${url} ${status}`);

describe('a file with a sha512', () => {
  it('is found by reading it once, and pinned by its sha256 and size', async () => {
    put('/dist/tool', tool);
    const { pin, checked, store } = await take(wishOf({ sha512: hexes(tool, 'sha512') }), {
      workDirectory: directory.join('work'),
    });
    expect(pin).toMatchObject({ sha256: digestOf(tool), size: 300_000 });
    expect(checked).toEqual(['given-sha512']);
    expect(Buffer.compare(store.blobs.get(digestOf(tool)) ?? Buffer.alloc(0), tool)).toBe(0);
    expect(asked()).toEqual(['HEAD /dist/tool 200', 'GET /dist/tool 200']);
    expect(await readdir(directory.join('work'))).toEqual([]);
  });

  it('of other bytes is a DIGEST_MISMATCH with both', async () => {
    put('/dist/tool', tool);
    const wanted = 'ab'.repeat(64);
    await expect(take(wishOf({ sha512: wanted }))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringMatching(new RegExp(`tools/tool.*${hexes(tool, 'sha512')}.*${wanted}`)),
    });
    const both = wishOf({ sha256: digestOf(tool), sha512: wanted });
    await expect(take(both)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('is held against both where both are given', async () => {
    put('/dist/tool', tool);
    const both = wishOf({ sha256: digestOf(tool), sha512: hexes(tool, 'sha512') });
    expect((await take(both)).checked).toEqual(['given-sha256', 'given-sha512']);
  });
});

describe('a file in a list of checksums', () => {
  const sums = () => `${'0'.repeat(64)}  other\n${hexes(tool, 'sha256')}  tool\n`;

  it('is pinned without being read', async () => {
    put('/dist/tool', tool);
    put('/dist/SHA256SUMS', sums());
    const { pin, checked } = await take(wishOf({ checksums: { url: `${server.url}/dist/SHA256SUMS` } }));
    expect(pin).toMatchObject({ sha256: digestOf(tool) });
    expect(checked).toEqual(['checksums']);
    expect(asked()).toEqual(['GET /dist/SHA256SUMS 200', 'HEAD /dist/tool 200', 'GET /dist/tool 200']);
  });

  it('may be called otherwise there, and the list may lie beside bundle.yaml', async () => {
    put('/dist/tool', tool);
    await writeFile(directory.join('sums'), `SHA512 (tool-1.0) = ${hexes(tool, 'sha512')}\n`);
    const wish = wishOf({ checksums: { path: 'sums', name: 'tool-1.0' } });
    expect((await take(wish)).pin).toMatchObject({ sha256: digestOf(tool), size: 300_000 });
  });

  it('with other bytes is a DIGEST_MISMATCH with both', async () => {
    put('/dist/tool', Buffer.concat([tool, Buffer.from('!')]));
    put('/dist/SHA256SUMS', sums());
    await expect(take(wishOf({ checksums: { url: `${server.url}/dist/SHA256SUMS` } }))).rejects.toMatchObject(
      {
        code: 'DIGEST_MISMATCH',
        message: expect.stringContaining(digestOf(tool)),
      },
    );
    const other = wishOf({ sha256: digestOf(tool), checksums: { url: `${server.url}/dist/SHA256SUMS` } });
    put('/dist/tool', tool);
    put('/dist/SHA256SUMS', `${'1'.repeat(64)}  tool\n`);
    await expect(take(other)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringMatching(new RegExp(`${hexOf(digestOf(tool))}.*SHA256SUMS says 1111`)),
    });
  });

  it('that is not in it, or whose list is gone, says so', async () => {
    put('/dist/tool', tool);
    const wish = wishOf({ checksums: { url: `${server.url}/dist/SHA256SUMS` } });
    await expect(take(wish)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('SHA256SUMS of tools/tool'),
    });
    put('/dist/SHA256SUMS', 'nothing');
    await expect(take(wish)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      hint: expect.stringContaining('name'),
    });
  });
});

describe('a signed file', () => {
  /** Signed by whoever writes the sha256 of the bytes. */
  const verifier: FileVerifier = {
    async verify(file, signature, inner) {
      const parts: Buffer[] = [];
      for await (const chunk of file.open(inner)) parts.push(Buffer.from(chunk));
      const whole = Buffer.concat(parts);
      if (whole.byteLength !== file.size || digestOf(whole) !== Buffer.from(signature).toString())
        throw new GapferryError({ code: 'SIGNATURE_INVALID', message: 'has a signature over other bytes' });
      return { by: 'minisign', key: 'C09F23ED92F77218' };
    },
  };
  const verifiers = new Map([['minisign key RWQ', verifier]]);
  const signature = () => ({ url: `${server.url}/dist/tool.sig`, minisign: 'RWQ' });

  it('is held against its signature, and the manifest learns whose it is', async () => {
    put('/dist/tool', tool);
    put('/dist/tool.sig', digestOf(tool));
    const { checked } = await take(wishOf({ signature: signature() }), { verifiers });
    expect(checked).toEqual([{ by: 'minisign', key: 'C09F23ED92F77218' }]);
  });

  it('with a wrong signature is refused, naming file and signature', async () => {
    put('/dist/tool', tool);
    put('/dist/tool.sig', digestOf('other'));
    await expect(
      take(wishOf({ sha256: digestOf(tool), signature: signature() }), { verifiers }),
    ).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringMatching(/tools\/tool has a signature over other bytes.*tool\.sig/),
    });
  });

  it('may be signed by its list of checksums', async () => {
    const list = `${hexes(tool, 'sha256')}  tool\n`;
    put('/dist/tool', tool);
    put('/dist/SUMS', list);
    put('/dist/SUMS.sig', digestOf(list));
    const checksums = {
      url: `${server.url}/dist/SUMS`,
      signature: { url: `${server.url}/dist/SUMS.sig`, minisign: 'RWQ' },
    };
    const { checked } = await take(wishOf({ checksums }), { verifiers });
    expect(checked).toEqual(['checksums', { by: 'minisign', key: 'C09F23ED92F77218', of: 'checksums' }]);
    put('/dist/SUMS', `${list}# changed\n`);
    await expect(take(wishOf({ checksums }), { verifiers })).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
    expect(asked().filter((line) => line.startsWith('GET /dist/tool'))).toHaveLength(1);
  });
});

describe('a file that is taken as it was first seen', () => {
  const wish = () => wishOf({ check: 'first-seen' });
  const seen = (digest: Digest) =>
    new Map([[seenKey({ wish: wishDigest(wish()), url: wish().url }), digest]]);

  it('is found by reading it, and its bytes are kept until they are fetched', async () => {
    put('/dist/tool', tool);
    const work = { workDirectory: directory.join('work'), lookups: memory() };
    const source = fileSource(http, { wishes: [wish()], ...work });
    const [pin] = await source.resolve(wish(), run);
    if (pin === undefined) throw new Error('no pin');
    expect(await readdir(directory.join('work'))).toHaveLength(1);
    const store = memoryBlobStore();
    // Another run, on another day.
    const holding = await fileSource(http, { wishes: [wish()], ...work }).fetch(pin, store, run);
    expect(holding).toMatchObject({ checked: ['first-seen'] });
    expect(asked()).toEqual(['HEAD /dist/tool 200', 'GET /dist/tool 200']);
    expect(await readdir(directory.join('work'))).toEqual([]);
  });

  it('is not read again while it is what it was', async () => {
    put('/dist/tool', tool);
    const lookups = memory();
    const store = memoryBlobStore();
    await take(wish(), { lookups, workDirectory: directory.join('work') }, store);
    const before = asked().length;
    const again = await take(
      wish(),
      { lookups, workDirectory: directory.join('work'), seen: seen(digestOf(tool)) },
      store,
    );
    expect(again.pin).toMatchObject({ sha256: digestOf(tool), size: 300_000 });
    expect(asked().slice(before)).toEqual(['HEAD /dist/tool 304']);
  });

  it('is read again where the server cannot say whether it is', async () => {
    validators = false;
    put('/dist/tool', tool);
    const lookups = memory();
    await take(wish(), { lookups });
    put('/dist/tool', 'v2');
    await expect(take(wish(), { lookups, seen: seen(digestOf(tool)) })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('and then changed is a DIGEST_MISMATCH with both, and how to accept it', async () => {
    put('/dist/tool', tool);
    const lookups = memory();
    await take(wish(), { lookups });
    put('/dist/tool', 'v2');
    await expect(take(wish(), { lookups, seen: seen(digestOf(tool)) })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringMatching(new RegExp(`tools/tool is now ${digestOf('v2')}.*${digestOf(tool)}`)),
      hint: expect.stringContaining('gapferry resolve BUNDLE --accept tools/tool'),
    });
    expect((await take(wish(), { lookups })).pin).toMatchObject({ sha256: digestOf('v2') });
  });

  it('may be read by several processes at once', async () => {
    put('/dist/tool', seededBuffer(5 << 20, 'long'));
    const lookups = memory();
    const process = async () => {
      const source = fileSource(http, {
        wishes: [wish()],
        lookups,
        workDirectory: directory.join('work'),
      });
      const [pin] = await source.resolve(wish(), run);
      return pin && (await source.fetch(pin, memoryBlobStore(), run));
    };
    const all = await Promise.all([process(), process(), process()]);
    expect(new Set(all.map((holding) => holding && 'root' in holding && holding.root.digest)).size).toBe(1);
    expect(await readdir(directory.join('work'))).toEqual([]);
  });

  it('has a hint that does nothing else where its name is copied to a shell', async () => {
    const name = "it's $(touch hurt) `touch hurt`; -a";
    put('/dist/tool', tool);
    const named = { ...wish(), as: name };
    const before = new Map([[seenKey({ wish: wishDigest(named), url: named.url }), digestOf('v1')]]);
    const error = await take(named, { seen: before }).catch((thrown: GapferryError) => thrown);
    const word = /--accept (.*)"$/s.exec(error instanceof GapferryError ? (error.hint ?? '') : '')?.[1];
    const { stdout } = await promisify(execFile)('sh', ['-c', `printf %s ${word}`], { cwd: directory.path });
    expect(stdout).toBe(name);
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('without end stops at the limit, and leaves nothing', async () => {
    put('/dist/tool', seededBuffer(100_000, 'long'));
    const options = { workDirectory: directory.join('work'), unknownSizeLimit: 50_000 };
    await expect(take(wish(), options)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(await readdir(directory.join('work'))).toEqual([]);
  });

  it('has the name that bundle.yaml gives it, whatever the server calls it', async () => {
    await using other = await startHttpServer(() => ({
      status: 200,
      headers: { 'content-disposition': 'attachment; filename="../../etc/passwd"' },
      body: Buffer.from('x'),
    }));
    const { pin } = await take({ ...wish(), url: `${other.url}/dist/tool` });
    expect(pin.id).toBe('tools/tool');
  });

  it('is nothing where a redirect leads to this machine', async () => {
    await using other = await startHttpServer(() => ({
      status: 302,
      headers: { location: 'file:///etc/passwd' },
    }));
    await expect(take({ ...wish(), url: `${other.url}/dist/tool` })).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
      message: expect.stringContaining('no http address'),
    });
  });

  it('is what the server sends, also where that is packed unasked, and a warning says so', async () => {
    const packed = gzipSync(tool);
    await using other = await startHttpServer((request) =>
      request.headers['accept-encoding'] === 'identity'
        ? { status: 200, headers: { 'content-encoding': 'gzip' }, body: packed }
        : { status: 500 },
    );
    const warnings: string[] = [];
    const told: Run = {
      ...run,
      emit: (event) => void (event.kind === 'warning' && warnings.push(event.message)),
    };
    const at = { ...wish(), url: `${other.url}/dist/tool` };
    const source = fileSource(http, { wishes: [at] });
    const [pin] = await source.resolve(at, told);
    expect(pin).toMatchObject({ sha256: digestOf(packed), size: packed.byteLength });
    expect(warnings).toEqual([expect.stringContaining('Content-Encoding: gzip')]);
    const given = { ...wish(), url: at.url, sha256: digestOf(tool) };
    await expect(take(given)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(digestOf(packed)),
    });
  });

  it('may be empty', async () => {
    put('/dist/tool', '');
    const { pin, store } = await take(wish(), { workDirectory: directory.join('work') });
    expect(pin).toMatchObject({ sha256: digestOf(''), size: 0 });
    expect(store.blobs.get(digestOf(''))).toHaveLength(0);
    expect(await readdir(directory.join('work'))).toEqual([]);
  });

  it('says so when the link has expired', async () => {
    await using other = await startHttpServer(() => ({
      status: 403,
      body: Buffer.from('Request has expired'),
    }));
    await expect(take({ ...wish(), url: `${other.url}/dist/tool` })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('Request has expired'),
    });
  });
});
