import { open } from 'node:fs/promises';
import { digestOf, GapferryError, quietRun, type Run, type RunEvent } from '@gapferry/core';
import type { HttpClient, HttpRequest } from '@gapferry/http';
import {
  rangeReply,
  startHttpServer,
  type TestRequest,
  temporaryDirectory,
  toContent,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { content, http, NEVER_FAST_ENOUGH, other, SIZE } from './testing/wide-content.ts';
import { type WideOptions, wideSource } from './wide-source.ts';

const OPTIONS: WideOptions = { ...NEVER_FAST_ENOUGH, spare: 8, wait: async () => {} };

/** A beginning, and nothing more until whoever asked has left. */
async function* beginning(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes.subarray(0, 2_000_000);
  await new Promise(() => {});
}

interface Story {
  /** What a request for a part is answered with. */
  readonly part?: (request: TestRequest, asked: number) => ReturnType<typeof rangeReply>;
  readonly ranges?: boolean;
  /** One connection brings everything. */
  readonly goesOn?: boolean;
}

/** Answers at once, and never brings anything over one connection. */
function endlessClient(): { readonly client: HttpClient; readonly asked: () => number } {
  let asked = 0;
  const client = {
    async request({ headers = {}, url }: HttpRequest) {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers['Range'] ?? '') ?? [];
      const facts = { etag: '"1"', 'accept-ranges': 'bytes' };
      if (from === undefined)
        return { status: 200, headers: new Map(Object.entries(facts)), url, body: EMPTY };
      asked += 1;
      const body = content.subarray(Number(from), Number(to) + 1);
      const range = { ...facts, 'content-range': `bytes ${from}-${to}/${SIZE}` };
      return { status: 206, headers: new Map(Object.entries(range)), url, body };
    },
    async pour({ item }: HttpRequest, _into: unknown, run: Run) {
      run.emit({ kind: 'bytes', item, bytes: 1 });
      await new Promise<void>((resolve) => run.signal.addEventListener('abort', () => resolve()));
      throw new GapferryError({ code: 'INTERRUPTED', message: 'stopped' });
    },
  };
  return { client: client as unknown as HttpClient, asked: () => asked };
}

const EMPTY = new Uint8Array(0);

/** As a depot does it: pours into a file, and reads on from where that ended. */
async function take({ part, ranges = true, goesOn = false }: Story, options: Partial<WideOptions> = {}) {
  let asked = 0;
  await using server = await startHttpServer((request) => {
    const isPart = /^bytes=\d+-\d+$/.test(request.headers['range'] ?? '');
    if (isPart)
      return (part ?? ((one) => rangeReply(one, toContent(content), { etag: '"1"' })))(request, asked++);
    const headers = {
      'content-length': String(SIZE),
      etag: '"1"',
      ...(ranges && { 'accept-ranges': 'bytes' }),
    };
    if (request.method === 'HEAD') return { status: 200, headers };
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers['range'] ?? '')?.[1] ?? 0);
    return from === 0
      ? { status: 200, headers, body: goesOn ? content : beginning(content) }
      : rangeReply(request, toContent(content), { etag: '"1"' });
  });
  await using directory = await temporaryDirectory();
  await using file = await open(directory.join('f'), 'w+');
  const events: RunEvent[] = [];
  const run: Run = { ...quietRun(), emit: (event) => events.push(event) };
  const headers = { 'X-Token': 'of the file' };
  const request = { url: `${server.url}/large`, headers, item: 'large', size: SIZE };
  const source = wideSource(http, request, () => {}, run, { ...OPTIONS, ...options });
  const poured = await source.pour?.({ fd: file.fd, from: 0 }, run);
  let at = (await file.stat()).size;
  const alone = at;
  if (poured === undefined)
    for await (const chunk of source(at)) {
      await file.write(chunk, 0, chunk.byteLength, at);
      at += chunk.byteLength;
    }
  const whole = Buffer.alloc(SIZE);
  await file.read(whole, 0, SIZE, 0);
  const bytes = events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0);
  expect(server.requests.every((one) => one.headers['x-token'] === 'of the file')).toBe(true);
  const parts = server.requests.filter(({ headers }) => /-\d+$/.test(headers['range'] ?? ''));
  return { digest: digestOf(whole), alone, bytes, parts, whole: poured !== undefined };
}

describe('a large file over a slow connection', () => {
  it('goes on over several, in order, without a byte twice', async () => {
    const taken = await take({});
    expect(taken.digest).toBe(digestOf(content));
    expect(taken.alone).toBeGreaterThan(0);
    expect(taken.alone).toBeLessThan(SIZE);
    expect(taken.bytes).toBe(SIZE);
    expect(taken.parts.length).toBe(Math.ceil((SIZE - taken.alone) / OPTIONS.part));
    for (const { headers } of taken.parts) expect(headers['if-range']).toBe('"1"');
  });

  it('stays with one where that is fast enough, or little is left', async () => {
    for (const options of [{ fastEnough: 1 }, { worth: SIZE }]) {
      const taken = await take({ goesOn: true }, options);
      expect([taken.digest, taken.whole, taken.parts]).toEqual([digestOf(content), true, []]);
    }
  });

  it('stays with one where the server has no ranges', async () => {
    const taken = await take({ ranges: false });
    expect([taken.digest, taken.parts]).toEqual([digestOf(content), []]);
  });

  it('shares what is asked for ahead with all the others', async () => {
    const { client, asked } = endlessClient();
    const sources = Array.from({ length: 6 }, (_, i) =>
      wideSource(client, { url: `https://x.example/${i}`, item: 'x', size: SIZE }, () => {}, quietRun(), {
        ...OPTIONS,
        spare: 2,
      }),
    );
    const opened = [];
    for (const source of sources) {
      expect(await source.pour?.({ fd: 0, from: 0 }, quietRun())).toBeUndefined();
      opened.push(source(0)[Symbol.asyncIterator]());
    }
    for (const one of opened) await one.next();
    expect(asked()).toBe(6 + 2);
    for (const one of opened) for (let i = 0; i < 3; i++) await one.next();
    expect(asked()).toBeLessThanOrEqual(6 * 4 + 2);
    for (const one of opened.slice(0, -1)) await one.return?.();
    const last = opened.at(-1);
    const before = asked();
    await last?.next();
    expect(asked() - before).toBeGreaterThan(1);
    await last?.return?.();
  });

  it('that changes in between is refused, never mixed', async () => {
    for (const etag of ['"2"', '"1"'])
      await expect(
        take({
          part: (request, asked) =>
            asked < 3
              ? rangeReply(request, toContent(content), { etag: '"1"' })
              : { status: 200, headers: { etag }, body: other },
        }),
      ).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION', message: expect.stringContaining('changed') });
  });

  it.each([
    ['another part', 'bytes 0-499999/6000000'],
    ['another size', 'bytes 500000-999999/7000000'],
    ['no word of it', ''],
  ])('with %s than was asked for is refused', async (_what, range) => {
    await expect(
      take({
        part: () => ({
          status: 206,
          headers: { 'content-range': range, etag: '"1"' },
          body: content.subarray(0, 500_000),
        }),
      }),
    ).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
  });

  it('asks for a part again that was cut', async () => {
    const taken = await take({
      part: (request, asked) =>
        asked === 2 ? { status: 503 } : rangeReply(request, toContent(content), { etag: '"1"' }),
    });
    expect(taken.digest).toBe(digestOf(content));
  });
});
