import { digestOf, type FileContent, quietRun, type RunEvent } from '@gapferry/core';
import { makeFile, memoryMedium, type TestFile } from '@gapferry/core/testing';
import type { PendingContent } from '@gapferry/targets';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryUploads } from '../testing/s3-place.ts';
import { importFiles, NEXT, S3Story } from '../testing/s3-story.ts';

const MIB = 1 << 20;
const run = quietRun();
const story = new S3Story();
const serve = story.serve.bind(story);
const open = story.open.bind(story);
afterEach(() => story.close());

/** A file of several parts; each byte is its part's number. */
function largeFile(size: number): TestFile {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += MIB) bytes.fill(at / MIB + 1, at, at + MIB);
  const root = { mediaType: 'application/octet-stream', digest: digestOf(bytes), size };
  const base = {
    item: 'images/large.tar',
    path: 'images/large.tar',
    files: [{ path: 'images/large.tar', root }],
  };
  const content: FileContent = { phase: 'content', kind: 'file', ...base };
  return { content, name: { phase: 'name', kind: 'file', ...base }, medium: memoryMedium([bytes]) };
}

describe('a large file in a bucket', () => {
  const partSize = 5 * MIB;
  const large = largeFile(22 * MIB);
  const isPart =
    (number: number) =>
    ({ method, url }: { method: string; url: string }) =>
      method === 'PUT' && url.includes(`partNumber=${number}&`);

  it('goes in parts and is one object', async () => {
    const server = await serve();
    const source = 'https://dl.example/large.tar';
    await importFiles(open(server, { partSize }), { ...large, content: { ...large.content, source } });
    const object = server.object('plant', 'line-a/1.0.0/images/large.tar');
    expect(object?.metadata['x-amz-meta-gapferry-source']).toBe(source);
    expect(digestOf(object?.bytes ?? Buffer.alloc(0))).toBe(large.content.files[0]?.root.digest);
    expect(object?.etag).toMatch(/-5"$/);
    expect(server.uploads('plant')).toEqual([]);
  });

  it('of the release before is copied in ranges by a store that copies less at once, also under a key that stays', async () => {
    const mostCopied = 6 * MIB;
    const server = await serve({ buckets: { plant: { mostCopied } } });
    const options = { partSize, mostCopied, policy: { latest: '{channel}/latest/{path}' } };
    await importFiles(open(server, options), large);
    const before = server.requests.length;
    const journal = memoryUploads();
    const next = open(server, { ...options, release: NEXT, journal });
    await importFiles(next, { ...large, medium: memoryMedium([]) });
    for (const key of ['line-a/1.1.0/images/large.tar', 'line-a/latest/images/large.tar']) {
      const object = server.object('plant', key);
      expect(digestOf(object?.bytes ?? Buffer.alloc(0))).toBe(large.content.files[0]?.root.digest);
      expect(object?.metadata['x-amz-meta-gapferry-sequence']).toBe(key.includes('1.1.0') ? '2' : '1');
    }
    const ranges = server.requests
      .slice(before)
      .map(({ headers }) => headers['x-amz-copy-source-range'])
      .filter((range) => range !== undefined);
    expect(ranges).toHaveLength(4);
    expect(ranges).toContain(`bytes=${18 * MIB}-${22 * MIB - 1}`);
    expect(server.uploads('plant')).toEqual([]);
    expect(await journal.read()).toEqual([]);
  });

  it('is sent where what the store could copy is not what the index says, and no copy that fails stays', async () => {
    const server = await serve();
    const options = { partSize, mostCopied: 6 * MIB };
    await importFiles(open(server, options), large);
    const key = 'line-a/1.0.0/images/large.tar';
    server.place('plant', key, Buffer.from('other'));
    const index = Buffer.from(server.object('plant', 'line-a/index.json')?.bytes ?? '').toString();
    const etag = JSON.stringify(server.object('plant', key)?.etag ?? '');
    server.place(
      'plant',
      'line-a/index.json',
      Buffer.from(index.replace(/"etag":"(?:\\"|[^"])*"/, `"etag":${etag}`)),
    );
    await importFiles(open(server, { ...options, release: NEXT }), large);
    const arrived = server.object('plant', 'line-a/1.1.0/images/large.tar')?.bytes ?? Buffer.alloc(0);
    expect(digestOf(arrived)).toBe(large.content.files[0]?.root.digest);
    const third = { ...NEXT, version: '1.2.0', sequence: 3 };
    server.addFault({ match: isPart(3), do: { kind: 'status', status: 403 } });
    await expect(importFiles(open(server, { ...options, release: third }), large)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(server.uploads('plant')).toEqual([]);
  });

  it('is gone on with: parts that are there are not sent again', async () => {
    const server = await serve();
    const journal = memoryUploads();
    server.addFault({ match: isPart(4), do: { kind: 'status', status: 403 } });
    await expect(importFiles(open(server, { partSize, journal }), large)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const [left] = server.uploads('plant');
    expect(left?.parts).toEqual(expect.arrayContaining([1, 2, 3]));
    server.clearFaults();
    const before = server.requests.length;
    await importFiles(open(server, { partSize, journal }), large);
    const sent = server.requests.slice(before).filter(({ url }) => url.includes('partNumber'));
    expect(sent).toHaveLength(5 - (left?.parts.length ?? 0));
    expect(await journal.read()).toEqual([]);
    expect(server.uploads('plant')).toEqual([]);
  });

  it('is begun anew when its upload is gone, and sent anew where parts are others', async () => {
    const server = await serve();
    const journal = memoryUploads();
    const key = 'line-a/1.0.0/images/large.tar';
    const breakOff = async (): Promise<PendingContent> => {
      server.addFault({ match: isPart(5), times: 1, do: { kind: 'status', status: 400 } });
      await expect(importFiles(open(server, { partSize, journal }), large)).rejects.toThrow();
      const [pending] = await journal.read();
      if (pending?.digest === undefined) throw new Error('nothing was begun');
      return pending;
    };
    await journal.write([{ ...(await breakOff()), upload: 'gone' }]);
    await importFiles(open(server, { partSize, journal }), large);
    server.take('plant', key);
    const { upload, digest } = await breakOff();
    const bytes = Buffer.alloc(partSize, 9);
    const sha256 = Buffer.from(digestOf(bytes).slice(7), 'hex').toString('base64');
    await open(server).bucket.putPart({ key, item: 'x' }, upload, { number: 1, bytes, sha256 }, run);
    const before = server.requests.length;
    await importFiles(open(server, { partSize, journal }), large);
    const sent = server.requests.slice(before).filter(({ url }) => url.includes(`uploadId=${upload}`));
    expect(sent.some(isPart(1)) && !sent.some(isPart(2))).toBe(true);
    expect(digestOf(server.object('plant', key)?.bytes ?? Buffer.alloc(0))).toBe(digest);
  });

  it('is given up when the medium is damaged, and nothing of it stays', async () => {
    const server = await serve();
    const { target, journal } = open(server, { partSize });
    const [file] = large.content.files;
    const medium = memoryMedium([Buffer.alloc(22 * MIB)]);
    const wrong: typeof medium = {
      ...medium,
      open: (_blob, inner) => {
        const bytes = Buffer.alloc(22 * MIB, 1);
        const root = { digest: digestOf(bytes), size: bytes.byteLength };
        return memoryMedium([bytes], root.digest).open(root, inner);
      },
    };
    await expect(target.load(large.content, wrong, run)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect([server.uploads('plant'), await journal.read(), server.keys('plant')]).toEqual([[], [], []]);
    expect(file?.root.size).toBe(22 * MIB);
  });

  it('counts as there when only the last answer was lost', async () => {
    const server = await serve();
    const match = ({ method, url }: { method: string; url: string }): boolean =>
      method === 'POST' && url.includes('uploadId=');
    server.addFault({ match, times: 1, do: { kind: 'lostAnswer' } });
    await importFiles(open(server, { partSize }), large);
    expect(server.object('plant', 'line-a/1.0.0/images/large.tar')?.bytes.byteLength).toBe(22 * MIB);
  });

  it('does not leave behind what another release began', async () => {
    const server = await serve();
    const journal = memoryUploads();
    server.addFault({ match: isPart(2), do: { kind: 'status', status: 403 } });
    await importFiles(open(server, { partSize, journal }), large).catch(() => {});
    expect(server.uploads('plant')).toHaveLength(1);
    await importFiles(open(server, { partSize, journal, release: NEXT }), makeFile('v1'));
    expect([server.uploads('plant'), await journal.read()]).toEqual([[], []]);
  });

  it('tells how far it is', async () => {
    const server = await serve();
    const { target } = open(server, { partSize });
    let told = 0;
    const emit = (event: RunEvent): void => {
      if (event.kind === 'bytes') told += event.bytes;
    };
    await target.load(large.content, large.medium, { signal: run.signal, emit });
    expect(told).toBeGreaterThanOrEqual(22 * MIB);
  });
});
