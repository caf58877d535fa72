import { quietRun } from '@gapferry/core';
import { rangeReply, seededBuffer, startHttpServer, type TestRequest, toContent } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import type { BodyValidator } from './http-client.ts';

const SIZE = 3_000_000;
const first = seededBuffer(SIZE, 'first');
const second = seededBuffer(SIZE, 'second');
const client = createHttpClient({ wait: async () => {}, random: () => 0 });
const LONG_AGO = 'Mon, 05 Jan 2026 10:00:00 GMT';

interface Served {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Serves one state after the other; a connection ends after so many bytes until it is the last one's turn. */
async function serve(states: readonly Served[], cutAfter = 1_000_000) {
  let at = 0;
  const server = await startHttpServer((request: TestRequest) => {
    const { bytes, headers } = states[Math.min(at, states.length - 1)] as Served;
    at += 1;
    return dated(request, bytes, headers);
  });
  server.addFault({
    match: () => true,
    times: states.length - 1,
    do: { kind: 'cut', afterBytes: cutAfter },
  });
  return server;
}

/** RFC 9110, section 13.1.5: a date in If-Range counts when it is the same. */
function dated(request: TestRequest, bytes: Buffer, headers: Readonly<Record<string, string>>) {
  const isSame = request.headers['if-range'] === headers['last-modified'];
  if (headers['etag'] !== undefined || !isSame) return rangeReply(request, toContent(bytes), headers);
  const { 'if-range': _, ...rest } = request.headers;
  return rangeReply({ ...request, headers: rest }, toContent(bytes), headers);
}

/** What a reader has in the end, and what it was told. */
async function read(url: string, from = 0, by?: BodyValidator) {
  let chunks: Buffer[] = [];
  const told: unknown[] = [];
  const held = {
    ...(by && { by }),
    learnt: (validator: BodyValidator | undefined) => void told.push(validator),
    anew: () => {
      chunks = [];
      told.push('anew');
    },
  };
  for await (const chunk of client.body({ url: `${url}/b`, item: 'b', held }, from, quietRun()))
    chunks.push(Buffer.from(chunk));
  return { bytes: Buffer.concat(chunks), told };
}

const same = (a: Buffer, b: Buffer) => Buffer.compare(a, b) === 0;
const etag = (name: string) => ({ etag: `"${name}"` });
const date = { 'last-modified': LONG_AGO };

describe('a body that is held by its validator', () => {
  it.each([
    ['a strong ETag', etag('1'), { etag: '"1"' }, '"1"'],
    ['a date that is long past', date, { lastModified: LONG_AGO }, LONG_AGO],
    ['a date beside a weak ETag', { ...date, etag: 'W/"1"' }, { lastModified: LONG_AGO }, LONG_AGO],
  ])('goes on under %s', async (_, headers, validator, condition) => {
    const states = [1, 2].map(() => ({ bytes: first, headers: headers as Record<string, string> }));
    await using server = await serve(states);
    const { bytes, told } = await read(server.url);
    expect([same(bytes, first), told]).toEqual([true, [validator]]);
    expect(server.requests[1]?.headers).toMatchObject({ range: 'bytes=1000000-', 'if-range': condition });
  });

  it.each([
    ['an ETag', etag('1'), etag('2')],
    ['a date', date, { 'last-modified': 'Mon, 05 Jan 2026 10:00:01 GMT' }],
  ])('begins again when %s says that it is another, and is never two in one', async (_, one, other) => {
    await using server = await serve([
      { bytes: first, headers: one },
      { bytes: second, headers: other },
      { bytes: second, headers: other },
    ]);
    const { bytes, told } = await read(server.url);
    expect(same(bytes, second)).toBe(true);
    expect(told).toEqual([expect.anything(), 'anew', expect.anything()]);
    expect(server.requests.at(-1)?.headers['range']).toBeUndefined();
  });

  it.each([
    ['nothing', {}],
    ['a weak ETag', { etag: 'W/"1"' }],
    ['a date that is too young to be strong', { 'last-modified': new Date().toUTCString() }],
  ])('begins again after a cut where there is %s to hold it', async (_, headers) => {
    await using server = await serve([
      { bytes: first, headers: headers as Record<string, string> },
      { bytes: second, headers: headers as Record<string, string> },
    ]);
    const { bytes, told } = await read(server.url);
    expect([same(bytes, second), told]).toEqual([true, [undefined, 'anew', undefined]]);
    expect(server.requests.map(({ headers: sent }) => sent['range'])).toEqual([undefined, undefined]);
  });

  it('ends where it is cut again and again with nothing to hold it', async () => {
    await using server = await serve(Array(9).fill({ bytes: first, headers: {} }), 2_000_000);
    await expect(read(server.url)).rejects.toMatchObject({ code: 'CONNECTION_CUT' });
    expect(server.requests).toHaveLength(4);
  });

  it('goes on from an earlier run, and begins again when it is another by then', async () => {
    await using server = await serve([{ bytes: first, headers: etag('1') }]);
    const rest = await read(server.url, 2_000_000, { etag: '"1"' });
    expect([same(rest.bytes, first.subarray(2_000_000)), rest.told]).toEqual([true, []]);
    const other = await read(server.url, 2_000_000, { etag: '"0"' });
    expect([same(other.bytes, first), other.told]).toEqual([true, ['anew', { etag: '"1"' }]]);
  });

  it('loses nothing where the server knows no ranges', async () => {
    await using server = await startHttpServer(() => ({ status: 200, headers: etag('1'), body: first }));
    const { bytes } = await read(server.url, 2_000_000, { etag: '"1"' });
    expect(same(bytes, first.subarray(2_000_000))).toBe(true);
  });

  it('begins again where the server has other ranges than those asked for, or fewer bytes', async () => {
    await using strange = await startHttpServer((request) =>
      request.headers.range === undefined
        ? { status: 200, headers: etag('1'), body: first }
        : { status: 206, headers: { ...etag('1'), 'content-range': `bytes 5-9/${SIZE}` }, body: 'other' },
    );
    expect(same((await read(strange.url, 2_000_000, { etag: '"1"' })).bytes, first)).toBe(true);
    await using shorter = await serve([{ bytes: first.subarray(0, 10), headers: etag('1') }]);
    expect((await read(shorter.url, 2_000_000, { etag: '"1"' })).bytes).toHaveLength(10);
  });
});
