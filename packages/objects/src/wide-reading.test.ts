import { digestOf, quietRun } from '@gapferry/core';
import type { BodyValidator } from '@gapferry/http';
import { type Reply, rangeReply, startHttpServer, type TestRequest, toContent } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { content, http, NEVER_FAST_ENOUGH, other, SIZE } from './testing/wide-content.ts';
import { type WideReadingOptions, wideReading } from './wide-reading.ts';

const served = (request: TestRequest, bytes = content, etag = '"1"') =>
  rangeReply(request, toContent(bytes), { etag });

async function read(
  answer: (request: TestRequest) => Reply,
  options: Partial<WideReadingOptions> = {},
  { from = 0, by }: { readonly from?: number; readonly by?: BodyValidator } = {},
) {
  await using server = await startHttpServer((request) => answer(request));
  let chunks = [content.subarray(0, from)];
  const held = {
    ...(by && { by }),
    learnt: () => {},
    anew: () => {
      chunks = [];
    },
  };
  const file = { url: `${server.url}/large`, item: 'large' };
  const reading = { limit: 10_000_000, from, held };
  for await (const chunk of wideReading(http, file, reading, quietRun(), {
    ...NEVER_FAST_ENOUGH,
    ...options,
  }))
    chunks.push(Buffer.from(chunk));
  const parts = server.requests.filter(({ headers }) => /-\d+$/.test(headers['range'] ?? ''));
  return { digest: digestOf(Buffer.concat(chunks)), parts: parts.map(({ headers }) => headers), server };
}

describe('a slow file that nobody knows the digest of', () => {
  it('goes on over several ranges at once, under the ETag of what came', async () => {
    const { digest, parts } = await read(served);
    expect(digest).toBe(digestOf(content));
    expect(parts.length).toBeGreaterThan(8);
    expect(parts.every((headers) => headers['if-range'] === '"1"')).toBe(true);
  });

  it('does so from where an earlier run ended, and after it began again', async () => {
    for (const etag of ['"1"', '"0"']) {
      const { digest, parts } = await read(served, {}, { from: 2_000_000, by: { etag } });
      expect([digest, parts.length > 5]).toEqual([digestOf(content), true]);
    }
  });

  it.each<[string, (request: TestRequest) => Reply, Partial<WideReadingOptions>]>([
    ['is fast enough', served, { fastEnough: 0 }],
    ['is not judged yet', served, { sampleMs: 60_000 }],
    ['is nearly done', served, { worth: SIZE }],
    ['has no strong ETag', (request) => served(request, content, 'W/"1"'), {}],
    [
      'says nothing to HEAD',
      (request) => (request.method === 'HEAD' ? { status: 405 } : served(request)),
      {},
    ],
    [
      'is another for HEAD',
      (request) => (request.method === 'HEAD' ? served(request, other, '"2"') : served(request)),
      {},
    ],
  ])('stays with one connection where it %s', async (_, answer, options) => {
    const { digest, parts } = await read(answer, options);
    expect([digest, parts.length]).toEqual([digestOf(content), 0]);
  });

  it('is refused where it changes in between, never mixed', async () => {
    let asked = 0;
    const changing = (request: TestRequest): Reply => {
      const isPart = /-\d+$/.test(request.headers.range ?? '');
      return isPart && ++asked > 2 ? served(request, other, '"2"') : served(request);
    };
    await expect(read(changing)).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
      message: expect.stringContaining('changed while it was being read'),
    });
  });
});
