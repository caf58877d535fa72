import { gzipSync } from 'node:zlib';
import { quietRun } from '@gapferry/core';
import { makeChart } from '@gapferry/testkit';
import { type Header, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { readChartArchive } from './chart-archive.ts';

const CHART = 'apiVersion: v2\nname: a\nversion: 1.0.0\n';
type Entry = Partial<Header> & { readonly name: string; readonly body?: string | Buffer };

async function archive(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { body, ...header } of entries) tar.entry(header as Header, body ?? '');
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

const read = (bytes: Uint8Array) => readChartArchive(bytes, 'the test', quietRun());

describe('a chart archive', () => {
  it('tells name and version, also with folders, a byte order mark, and two gzip members', async () => {
    expect(await read((await makeChart({ name: 'demo', version: '1.2.3' })).archive)).toMatchObject({
      name: 'demo',
      version: '1.2.3',
    });
    const bytes = await archive([
      { name: 'a/', type: 'directory' },
      { name: 'a/Chart.yaml', body: `\ufeff${CHART}` },
      { name: 'a/charts/b/Chart.yaml', body: 'name: b' },
    ]);
    expect(await read(bytes)).toMatchObject({ name: 'a', version: '1.0.0' });
  });

  const good = { name: 'a/Chart.yaml', body: CHART };
  const hostile: ReadonlyArray<readonly [string, readonly Entry[]]> = [
    ['an absolute path', [good, { name: '/etc/passwd', body: 'x' }]],
    ['a way up', [good, { name: 'a/../../x', body: 'x' }]],
    ['a way up at the start', [good, { name: '../x', body: 'x' }]],
    ['a backslash', [good, { name: 'a\\..\\x', body: 'x' }]],
    ['a control character', [good, { name: 'a/x\u001b[2J', body: 'x' }]],
    ['an empty part', [good, { name: 'a//x', body: 'x' }]],
    ['a symbolic link', [good, { name: 'a/x', type: 'symlink', linkname: '/etc/passwd' }]],
    ['a hard link', [good, { name: 'a/x', type: 'link', linkname: 'a/Chart.yaml' }]],
    ['a device', [good, { name: 'a/x', type: 'character-device' }]],
    ['a pipe', [good, { name: 'a/x', type: 'fifo' }]],
    ['a name twice', [good, good]],
    ['a second chart', [good, { name: 'b/Chart.yaml', body: CHART }]],
    ['a file beside the chart', [{ name: 'Chart.yaml', body: CHART }]],
    ['no Chart.yaml', [{ name: 'a/values.yaml', body: '' }]],
    ['nothing in it', []],
  ];
  it.each(hostile)('with %s is refused', async (_what, entries) => {
    await expect(read(await archive(entries))).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      origin: 'source',
    });
  });

  it('that unpacks to far more than it has is refused', async () => {
    await expect(
      read(await archive([good, { name: 'a/zeros', body: Buffer.alloc(12_000_000) }])),
    ).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('with a huge Chart.yaml is refused', async () => {
    await expect(
      read(await archive([{ name: 'a/Chart.yaml', body: CHART + '#'.repeat(1_100_000) }])),
    ).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('with too many files is refused', async () => {
    const many = Array.from({ length: 20_001 }, (_, index) => ({ name: `a/${index}`, body: '' }));
    await expect(read(await archive([good, ...many]))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('that is damaged, cut or something else is refused', async () => {
    const bytes = await archive([good]);
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 6] = (flipped[bytes.length - 6] ?? 0) ^ 0xff;
    for (const bad of [
      flipped,
      bytes.subarray(0, -10),
      bytes.subarray(0, 20),
      Buffer.from('<html>'),
      Buffer.alloc(0),
      Buffer.concat([bytes, Buffer.from('more')]),
      Buffer.concat([bytes, Buffer.alloc(5)]),
    ])
      await expect(read(bad)).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });
});
