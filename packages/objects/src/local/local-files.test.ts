import { execFile } from 'node:child_process';
import { appendFileSync, renameSync, symlinkSync } from 'node:fs';
import { appendFile, chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { canonicalBytes, digestOf, type FileHolding, hexOf, quietRun, type Run } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { memoryBlobStore, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileSource } from '../file-source.ts';
import { walkDirectory } from './walk-directory.ts';

const run = quietRun();
const http = createHttpClient();
let directory: TemporaryDirectory;
const source = () => fileSource(http, { directory: directory.path });
const wish = (path: string) => ({ kind: 'file', path, as: 'tools/kit' }) as const;

beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

async function put(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(directory.join(path)), { recursive: true });
  await writeFile(directory.join(path), text, { mode });
}

async function resolved(path: string, from = source()) {
  const [pin] = await from.resolve(wish(path), run);
  if (pin === undefined) throw new Error('no pin');
  return pin;
}

async function taken(path: string, store = memoryBlobStore()): Promise<FileHolding> {
  const from = source();
  return await from.fetch(await resolved(path, from), store, run);
}

describe('a file on this machine', () => {
  it('is one item with the sha256 that sha256sum finds, whatever its mode', async () => {
    await put('tool', 'v1', 0o755);
    const store = memoryBlobStore();
    const holding = await taken('tool', store);
    const { stdout } = await promisify(execFile)('sha256sum', [directory.join('tool')]);
    const sha256 = `sha256:${stdout.slice(0, 64)}`;
    expect(holding.pin).toMatchObject({ id: 'tools/kit', path: 'tool', sha256 });
    expect(holding).toMatchObject({ root: { digest: sha256, size: 2 } });
    expect(store.blobs.get(digestOf('v1'))).toEqual(Buffer.from('v1'));
  });

  it('that grows while it is read is refused, and not read for ever', async () => {
    await put('log', 'line');
    const grows: Run = {
      ...quietRun(),
      get signal() {
        appendFileSync(directory.join('log'), 'line');
        return new AbortController().signal;
      },
    };
    await expect(source().resolve(wish('log'), grows)).rejects.toThrow('was written to while it was read');
  });

  it('may be empty', async () => {
    await put('nothing', '');
    expect(await taken('nothing')).toMatchObject({ root: { digest: digestOf(''), size: 0 } });
  });

  it('may be a link where bundle.yaml names it', async () => {
    await put('real', 'v1');
    await symlink('real', directory.join('link'));
    expect(await taken('link')).toMatchObject({ root: { digest: digestOf('v1') } });
  });

  it('that changed since it was locked is a DIGEST_MISMATCH with both digests', async () => {
    await put('tool', 'v1');
    const pin = await resolved('tool');
    await put('tool', 'v2');
    await expect(source().fetch(pin, memoryBlobStore(), run)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringMatching(new RegExp(`${digestOf('v2')}.*${digestOf('v1')}`)),
      hint: expect.stringContaining('gapferry resolve'),
    });
  });

  it.each(['pipe', 'socket'])('is not a %s', async (kind) => {
    const path = directory.join(kind);
    if (kind === 'pipe') await promisify(execFile)('mkfifo', [path]);
    const server = createServer();
    if (kind === 'socket') await new Promise<void>((done) => server.listen(path, done));
    await expect(resolved(kind)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('no regular file'),
    });
    server.close();
  });

  it('that is not there is SOURCE_NOT_FOUND', async () => {
    await expect(resolved('gone')).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND', origin: 'source' });
  });
});

describe('a directory on this machine', () => {
  it('is one item with its files, their bytes once, and who may run them', async () => {
    await put('kit/bin/run', 'run', 0o755);
    await put('kit/doc/b', 'doc', 0o600);
    await put('kit/doc/a', 'doc', 0o640);
    await mkdir(directory.join('kit/empty'));
    const store = memoryBlobStore();
    const holding = await taken('kit', store);
    const [doc, tool] = [
      { digest: digestOf('doc'), size: 3 },
      { digest: digestOf('run'), size: 3 },
    ];
    const files = [
      { path: 'bin/run', ...tool, executable: true },
      { path: 'doc/a', ...doc },
      { path: 'doc/b', ...doc },
    ];
    expect(holding).toMatchObject({ files });
    expect(holding.pin).toMatchObject({ id: 'tools/kit/', files: digestOf(canonicalBytes(files)) });
    expect([...store.blobs.keys()].sort()).toEqual([doc.digest, tool.digest].sort());
  });

  it.each([1, 2, 3])(
    'gives nothing from elsewhere where a directory in it becomes a link (%i)',
    async (when) => {
      await put('kit/sub/f', 'mine');
      await put('elsewhere/f', 'not mine');
      let looks = 0;
      const swapping: Run = {
        ...quietRun(),
        get signal() {
          looks += 1;
          if (looks === when) {
            renameSync(directory.join('kit/sub'), directory.join('kit/moved'));
            symlinkSync('../elsewhere', directory.join('kit/sub'));
          }
          return new AbortController().signal;
        },
      };
      await expect(source().resolve(wish('kit'), swapping)).rejects.toMatchObject({
        code: 'CONTENT_INVALID',
      });
      expect(looks).toBeGreaterThanOrEqual(when);
    },
  );

  it('may be reached by a link', async () => {
    await put('deep/kit/sub/f', 'mine');
    await symlink('deep', directory.join('short'));
    expect(await taken('short/kit')).toMatchObject({ files: [{ path: 'sub/f', digest: digestOf('mine') }] });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['another byte', () => put('kit/a', 'other')],
    ['another mode', () => chmod(directory.join('kit/a'), 0o755)],
    ['another name', () => rename(directory.join('kit/a'), directory.join('kit/b'))],
    ['one file more', () => put('kit/c/d', 'new')],
    ['one file less', () => rm(directory.join('kit/z'))],
  ])('has another identity by %s', async (_what, change) => {
    await put('kit/a', 'same');
    await put('kit/z', 'same');
    const pin = await resolved('kit');
    expect(await resolved('kit')).toEqual(pin);
    await change();
    await expect(source().fetch(pin, memoryBlobStore(), run)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('that changes between looking and taking is not taken', async () => {
    await put('kit/a', 'v1');
    const from = source();
    const pin = await resolved('kit', from);
    await appendFile(directory.join('kit/a'), ' and more');
    const store = memoryBlobStore();
    await expect(from.fetch(pin, store, run)).rejects.toMatchObject({ category: 'integrity' });
    expect(store.blobs.size).toBe(0);
  });

  it('without files is refused', async () => {
    await mkdir(directory.join('kit/empty'), { recursive: true });
    await expect(resolved('kit')).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a link', () => symlink('a', directory.join('kit/b'))],
    ['a link', () => symlink('/etc', directory.join('kit/b'))],
    ['a pipe', () => promisify(execFile)('mkfifo', [directory.join('kit/b')])],
  ])('with %s in it is refused, naming it', async (what, make) => {
    await put('kit/a', 'a');
    await make();
    await expect(resolved('kit')).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringMatching(new RegExp(`kit/b.*${what}`)),
    });
  });

  it.each([
    'con',
    'aux.txt',
    'a.',
    'a ',
    ' a',
    'a:b',
    'a\\b',
    'u\u0308',
    'nul/x',
    'a\nb',
    `${'x'.repeat(254)}é`,
  ])('with the name %j in it is refused', async (name) => {
    try {
      await put(`kit/${name}`, 'a');
    } catch {
      return;
    }
    await expect(resolved('kit')).rejects.toMatchObject({ code: 'NAME_UNSAFE' });
  });

  it('with a name that is not UTF-8 is refused', async () => {
    await put('kit/a', 'a');
    await writeFile(Buffer.concat([Buffer.from(directory.join('kit/')), Buffer.from([0x66, 0xff])]), 'x');
    await expect(resolved('kit')).rejects.toMatchObject({
      code: 'NAME_UNSAFE',
      message: expect.stringContaining('not UTF-8'),
    });
  });

  it.each([
    ['Readme', 'README'],
    ['Bin/a', 'bin/b'],
    ['a', 'A/b'],
  ])('with %s and %s is refused: one name on some file systems', async (one, other) => {
    await put(`kit/${one}`, 'a');
    await put(`kit/${other}`, 'b');
    await expect(resolved('kit')).rejects.toMatchObject({ code: 'NAME_UNSAFE' });
  });

  it('stops at its limits', async () => {
    await put('kit/a', 'a');
    await put('kit/b/c/d', 'd');
    const walk = (limits: { files: number; depth: number }) =>
      walkDirectory(directory.join('kit'), 'kit', run, limits);
    expect(await walk({ files: 2, depth: 3 })).toEqual(['a', 'b/c/d']);
    await expect(walk({ files: 1, depth: 3 })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await expect(walk({ files: 2, depth: 2 })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('has the same names and digests as find and sha256sum say', async () => {
    for (let i = 0; i < 50; i++) await put(`kit/d${i % 7}/f${i}`, `text ${i}`);
    const holding = await taken('kit');
    if (!('files' in holding)) throw new Error('no directory');
    const { stdout } = await promisify(execFile)('sh', ['-c', 'find . -type f | xargs sha256sum'], {
      cwd: directory.join('kit'),
    });
    const lines = holding.files.map(({ path, digest }) => `${hexOf(digest)}  ./${path}`);
    expect(lines.sort()).toEqual(stdout.trim().split('\n').sort());
  });
});
