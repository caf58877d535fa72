import { digestOf } from '@gapferry/core';
import { makeFile } from '@gapferry/core/testing';
import type { S3Server } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { importFiles, NEXT, S3Story } from '../testing/s3-story.ts';

const story = new S3Story();
const serve = story.serve.bind(story);
const open = story.open.bind(story);
afterEach(() => story.close());

function textOf(server: S3Server, key: string): string {
  return Buffer.from(server.object('plant', key)?.bytes ?? '').toString();
}

describe('the index object', () => {
  it('counts as written when the answer was lost', async () => {
    const server = await serve();
    const match = ({ method, path }: { method: string; path: string }): boolean =>
      method === 'PUT' && path.endsWith('index.json');
    server.addFault({ match, times: 1, do: { kind: 'lostAnswer' } });
    await importFiles(open(server), makeFile('v1'));
    expect(JSON.parse(textOf(server, 'line-a/index.json')).version).toBe('1.0.0');
  });

  it('of two imports at once is that of one of them, and the other one says so', async () => {
    const server = await serve();
    const file = makeFile('v1');
    const results = await Promise.allSettled([
      importFiles(open(server), file),
      importFiles(open(server, { release: NEXT }), makeFile('v2')),
    ]);
    const done = results.filter(({ status }) => status === 'fulfilled');
    const { files } = JSON.parse(textOf(server, 'line-a/index.json'));
    for (const { key, sha256 } of files)
      expect(digestOf(server.object('plant', key)?.bytes ?? Buffer.alloc(0))).toBe(`sha256:${sha256}`);
    expect(done.length).toBeGreaterThan(0);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'TARGET_CONFLICT' });
  });
});
