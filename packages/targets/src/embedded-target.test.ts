import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import {
  type BlobReader,
  type Descriptor,
  digestOf,
  type FileContent,
  type FileName,
  fileState,
  hexOf,
  type OciContent,
  type OciTag,
  quietRun,
  type RunEvent,
} from '@gapferry/core';
import { makeDirectory } from '@gapferry/core/testing';
import {
  type MemoryBlobStore,
  makeImage,
  memoryBlobStore,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmbeddedStore, NamedRoot } from './embedded-store.ts';
import { type EmbeddedTarget, embeddedTarget } from './embedded-target.ts';
import type { GitRepositories } from './git-repositories.ts';
import { FILE_TIME } from './tree-write.ts';

const run = quietRun();
let directory: TemporaryDirectory;
let store: EmbeddedStore & { writes: number; blobs: MemoryBlobStore['blobs'] };
let target: EmbeddedTarget;

beforeEach(async () => {
  directory = await temporaryDirectory();
  store = countingStore();
  const repositories = {} as GitRepositories;
  target = embeddedTarget({ name: 'plant', store, repositories, tree: directory.path });
});
afterEach(() => directory.remove());

describe('embeddedTarget with files', () => {
  it('writes a file that sha256sum agrees with, under a fixed time, and nothing else', async () => {
    const { name } = await held('tools/setup.txt', 'v1');
    await target.load(name, store, run);
    const path = directory.join('files/tools/setup.txt');
    const { stdout } = await promisify(execFile)('sha256sum', [path]);
    expect(stdout.split(' ')[0]).toBe(hexOf(digestOf('v1')));
    expect((await lstat(path)).mtime).toEqual(FILE_TIME);
    expect(await readdir(directory.join('incoming'))).toEqual([]);
  });

  it('gives the files of a directory their executable bit, and takes it away again', async () => {
    const { content, name, medium } = makeDirectory('v1');
    await target.load(content, medium, run);
    await target.load(name, store, run);
    const [tool, doc] = ['files/tools/kit/bin/run', 'files/tools/kit/doc/a'].map((path) =>
      directory.join(path),
    ) as [string, string];
    const modes = async () =>
      await Promise.all([tool, doc].map(async (at) => (await lstat(at)).mode & 0o111));
    expect(await modes()).toEqual([0o111, 0]);
    await chmod(tool, 0o644);
    await chmod(doc, 0o755);
    const found = await target.inspect(name, run);
    expect(found).toEqual({ state: 'different', there: fileState(name), missingBytes: 0 });
    expect(await target.load(name, store, run)).toMatchObject({ state: 'loaded' });
    expect([await modes(), await target.inspect(name, run)]).toEqual([[0o111, 0], { state: 'same' }]);
  });

  it('refuses a directory where a file of it has another spelling', async () => {
    const { content, name } = makeDirectory('v1');
    await mkdir(directory.join('files/tools/Kit'), { recursive: true });
    await expect(target.preflight([content, name], run)).rejects.toMatchObject({
      code: 'NAME_UNSAFE',
      message: expect.stringContaining('tools/Kit'),
    });
  });

  it('keeps the blob whole when somebody edits the visible file in place', async () => {
    const { content, name } = await held('a.txt', 'v1');
    await target.load(name, store, run);
    await writeFile(directory.join('files/a.txt'), 'edited');
    await target.readBack(content, run);
    expect(await target.inspect(name, run)).toMatchObject({
      state: 'different',
      there: { digest: digestOf('edited') },
    });
  });

  it('makes nothing visible when the blob turns out to be damaged', async () => {
    const { name } = await held('a.txt', 'right bytes');
    store.blobs.set(digestOf('right bytes'), Buffer.from('wrong bytes'));
    await expect(target.load(name, store, run)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await target.inspect(name, run)).toMatchObject({ state: 'absent' });
    expect(await readdir(directory.join('incoming'))).toEqual([]);
  });

  it('keeps what somebody put there while it was writing', async () => {
    const { name } = await held('a.txt', 'from the release');
    const slow: EmbeddedStore = { ...store, open: (blob, during) => putAside(store.open(blob, during)) };
    const hasty = embeddedTarget({
      name: 'plant',
      store: slow,
      repositories: {} as GitRepositories,
      tree: directory.path,
    });
    await expect(hasty.load(name, store, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(await readFile(directory.join('files/a.txt'), 'utf8')).toBe('mine');
  });

  it.each([
    ['a link in place of the file', async () => symlink('/etc/hostname', directory.join('files/dir/a.txt'))],
    ['a directory in place of the file', async () => mkdir(directory.join('files/dir/a.txt'))],
  ])('does not follow or replace %s', async (_what, put) => {
    const { name } = await held('dir/a.txt', 'v1');
    await mkdir(directory.join('files/dir'), { recursive: true });
    await put();
    await expect(target.inspect(name, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    await expect(target.load(name, store, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
  });

  it('does not write through a directory that is a link', async () => {
    const { name } = await held('dir/a.txt', 'v1');
    await mkdir(directory.join('files'));
    await mkdir(directory.join('elsewhere'));
    await symlink(directory.join('elsewhere'), directory.join('files/dir'));
    await expect(target.load(name, store, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(await readdir(directory.join('elsewhere'))).toEqual([]);
    await writeFile(directory.join('elsewhere/a.txt'), 'v1');
    await expect(target.inspect(name, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
  });

  it('removes what a killed import left behind, and nothing that is being written', async () => {
    await mkdir(directory.join('incoming'));
    for (const name of ['old.part', 'new.part', 'foreign'])
      await writeFile(directory.join('incoming', name), '');
    const longAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
    for (const name of ['old.part', 'foreign'])
      await utimes(directory.join('incoming', name), longAgo, longAgo);
    await target.preflight([], run);
    expect((await readdir(directory.join('incoming'))).sort()).toEqual(['foreign', 'new.part']);
  });

  it('finds a file of another spelling that is there already', async () => {
    const { name } = await held('docs/Readme', 'v1');
    await mkdir(directory.join('files/docs'), { recursive: true });
    await writeFile(directory.join('files/docs/README'), '');
    await expect(target.preflight([name], run)).rejects.toMatchObject({ code: 'NAME_UNSAFE' });
  });
});

describe('embeddedTarget with what belongs to images', () => {
  it('names what has no tag under its digest in the repository, with the content, and knows whether it is there', async () => {
    const [image, sbom, signature] = await Promise.all(
      ['image', 'sbom', 'signature'].map((text) =>
        store.add('application/vnd.oci.image.manifest.v1+json', Buffer.from(text), run),
      ),
    );
    if (!image || !sbom || !signature) throw new Error('nothing was made');
    const { repository, item } = tagOf(image, '1');
    const content: OciContent = {
      phase: 'content',
      kind: 'oci',
      item,
      repository,
      root: image,
      blobs: [image, sbom, signature],
      attachments: [
        { subject: image.digest, root: sbom },
        { subject: image.digest, root: signature, tag: `${image.digest.replace(':', '-')}.sig` },
      ],
    };
    expect(await target.inspect(content, run)).toEqual({ state: 'absent', missingBytes: 0 });
    expect(await target.load(content, store, run)).toEqual({ state: 'loaded', bytes: 0 });
    expect(await store.names()).toEqual([{ name: `host/app@${sbom.digest}`, root: sbom }]);
    expect(await target.inspect(content, run)).toEqual({ state: 'same' });
    expect(await target.load(content, store, run)).toEqual({ state: 'same', bytes: 0 });
    expect(store.writes).toBe(1);
  });
});

describe('embeddedTarget with images', () => {
  it('writes the index once for 500 tags, and not at all for the same 500 again', async () => {
    const { root } = await imageIn(store);
    const tags = Array.from({ length: 500 }, (_, i): OciTag => tagOf(root, `1.${i}`));
    const outcomes = await target.loadNames(tags, store, run);
    expect(outcomes.filter(({ state }) => state === 'loaded')).toHaveLength(500);
    expect(store.writes).toBe(1);
    await target.loadNames(tags, store, run);
    expect(store.writes).toBe(1);
  });

  it('names a tagless item by its digest and a port with a dash', async () => {
    const { root } = await imageIn(store);
    const { tag: _, ...tagless } = tagOf(root, '');
    await target.load({ ...tagless, repository: 'host:5000/app' }, store, run);
    expect((await store.names()).map(({ name }) => name)).toEqual([`host-5000/app@${root.digest}`]);
  });

  it('tells of every byte that it copies, and of no other', async () => {
    const medium = memoryBlobStore();
    const { root, blobs } = await imageIn(medium);
    const events: RunEvent[] = [];
    const load = { phase: 'content', kind: 'oci', item: 'app', repository: 'host/app', root, blobs } as const;
    const telling = { ...run, emit: (event: RunEvent) => void events.push(event) };
    const { bytes } = await target.load(load, medium, telling);
    const told = events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0);
    expect(told).toBe(bytes);
    await target.load(load, medium, telling);
    expect(events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0)).toBe(bytes);
  });

  it('copies no more blobs at a time than it is told, and four times as many small ones', async () => {
    const medium = memoryBlobStore();
    const { root, blobs } = await imageIn(medium, 16);
    let [open, most] = [0, 0];
    const watched: BlobReader = {
      has: medium.has,
      async *open(blob, during) {
        most = Math.max(most, ++open);
        yield* medium.open(blob, during);
        open--;
      },
    };
    const narrow = embeddedTarget({
      name: 'p',
      store,
      repositories: {} as GitRepositories,
      tree: directory.path,
      concurrency: 3,
    });
    await narrow.load(
      { phase: 'content', kind: 'oci', item: 'app', repository: 'h/app', root, blobs },
      watched,
      run,
    );
    expect(most).toBe(12);
  });
});

function countingStore(): typeof store {
  const memory = memoryBlobStore();
  const names = new Map<string, Descriptor>();
  const counting = {
    ...memory,
    writes: 0,
    nameItems: async (entries: readonly NamedRoot[]) => {
      counting.writes++;
      for (const { name, root } of entries) names.set(name, root);
    },
    names: async () => [...names].map(([name, root]): NamedRoot => ({ name, root })),
  };
  return counting;
}

async function held(path: string, text: string): Promise<{ content: FileContent; name: FileName }> {
  const root = await store.add('application/octet-stream', Buffer.from(text), run);
  const base = { kind: 'file', item: path, path, files: [{ path, root }] } as const;
  return { content: { phase: 'content', ...base }, name: { phase: 'name', ...base } };
}

async function* putAside(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* bytes;
  await mkdir(directory.join('files'), { recursive: true });
  await writeFile(directory.join('files/a.txt'), 'mine');
}

function tagOf(root: Descriptor, tag: string): OciTag {
  return {
    phase: 'name',
    kind: 'oci',
    of: 'image',
    item: `host/app:${tag}`,
    repository: 'host/app',
    tag,
    root,
  };
}

async function imageIn(
  into: MemoryBlobStore | EmbeddedStore,
  layers = 2,
): Promise<{ root: Descriptor; blobs: Descriptor[] }> {
  const image = await makeImage({
    layers: Array.from({ length: layers }, (_, i) => ({ size: 2000, seed: i })),
  });
  const blobs = [await into.add(image.root.mediaType, image.manifest, run)];
  for (const { mediaType, digest, size, content } of image.blobs) {
    await into.put({ digest, size }, (from) => content.open(from), run);
    blobs.push({ mediaType, digest, size });
  }
  return { root: image.root, blobs };
}
