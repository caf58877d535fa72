import { isGapferryError, quietRun, type Run, type RunEvent } from '@gapferry/core';
import { startHttpServer, textReply } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import type { HttpClientOptions } from './http-client.ts';

const hello = () => textReply(200, 'hello');
const any = { match: () => true };

/** A client that does not really wait, and what it would have waited. */
function impatient(options: HttpClientOptions = {}) {
  const waits: number[] = [];
  const wait = async (ms: number): Promise<void> => void waits.push(ms);
  return { client: createHttpClient({ wait, random: () => 0, ...options }), waits };
}

function listening(): { run: Run; events: RunEvent[] } {
  const events: RunEvent[] = [];
  return { events, run: { ...quietRun(), emit: (event) => events.push(event) } };
}

describe('a request', () => {
  it('gives status, headers in lower case, body and address', async () => {
    await using server = await startHttpServer(() => textReply(200, 'hello', { 'X-Thing': 'a' }));
    const { client } = impatient();
    const answer = await client.request({ url: `${server.url}/a?b=c`, item: 'greeting' }, quietRun());
    expect([
      answer.status,
      answer.headers.get('x-thing'),
      Buffer.from(answer.body).toString(),
      answer.url,
    ]).toEqual([200, 'a', 'hello', `${server.url}/a?b=c`]);
    expect(server.requests[0]?.headers['accept-encoding']).toBe('identity');
    client.close();
  });

  it('tries again after 5xx, tells so, and then delivers', async () => {
    await using server = await startHttpServer(hello, {
      faults: [{ ...any, times: 2, do: { kind: 'status', status: 502 } }],
    });
    const { client, waits } = impatient();
    const { run, events } = listening();
    const answer = await client.request({ url: server.url, item: 'greeting' }, run);
    expect(Buffer.from(answer.body).toString()).toBe('hello');
    expect(waits).toEqual([250, 1000]);
    expect(events).toMatchObject([
      { kind: 'retry', item: 'greeting', place: server.host, attempt: 2, waitMs: 250 },
      { kind: 'retry', attempt: 3, waitMs: 1000 },
    ]);
    client.close();
  });

  it('gives up after four tries and says how often it tried', async () => {
    await using server = await startHttpServer(hello, {
      faults: [{ ...any, do: { kind: 'status', status: 503 } }],
    });
    const { client } = impatient();
    await expect(client.request({ url: server.url, item: 'greeting' }, quietRun())).rejects.toMatchObject({
      code: 'SERVER_ERROR',
      message: expect.stringMatching(
        new RegExp(`^${server.host} answered 503 when asked for greeting.*tried 4 times`),
      ),
    });
    expect(server.requests).toHaveLength(4);
    client.close();
  });

  it.each([
    ['seconds', () => '2', 2250],
    ['an HTTP date', () => new Date(Date.now() - 5000).toUTCString(), 250],
  ])('waits as long as 429 asks for in %s', async (_, value, ms) => {
    await using server = await startHttpServer(hello, {
      faults: [
        { ...any, times: 1, do: { kind: 'status', status: 429, headers: { 'retry-after': value() } } },
      ],
    });
    const { client, waits } = impatient();
    expect((await client.request({ url: server.url, item: 'greeting' }, quietRun())).status).toBe(200);
    expect(waits).toEqual([ms]);
    client.close();
  });

  it('says until when instead of waiting longer than a minute', async () => {
    await using server = await startHttpServer(hello, {
      faults: [{ ...any, do: { kind: 'status', status: 429, headers: { 'retry-after': '3600' } } }],
    });
    const { client, waits } = impatient();
    await expect(client.request({ url: server.url, item: 'greeting' }, quietRun())).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfter: 3600,
      message: expect.stringMatching(/asks to wait 3600 s, until 20\d\d-/),
    });
    expect([server.requests.length, waits]).toEqual([1, []]);
    client.close();
  });

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'FORBIDDEN'],
    [404, 'SOURCE_NOT_FOUND'],
    [410, 'SOURCE_NOT_FOUND'],
    [400, 'PROTOCOL_VIOLATION'],
    [501, 'SERVER_ERROR'],
  ])('%d is %s, at once, naming host and item', async (status, code) => {
    await using server = await startHttpServer(hello, {
      faults: [{ ...any, do: { kind: 'status', status } }],
    });
    const { client } = impatient();
    await expect(client.request({ url: server.url, item: 'the greeting' }, quietRun())).rejects.toMatchObject(
      {
        code,
        origin: 'source',
        message: expect.stringMatching(new RegExp(`${server.host}.*the greeting`)),
      },
    );
    expect(server.requests).toHaveLength(1);
    client.close();
  });

  it('repeats what the server says about it in one harmless line', async () => {
    const said = JSON.stringify({ errors: [{ code: 'DENIED', message: 'quota \u001b[31m exceeded' }] });
    await using server = await startHttpServer(() => textReply(403, said));
    const { client } = impatient();
    await expect(client.request({ url: server.url, item: 'x' }, quietRun())).rejects.toThrow(
      'DENIED: quota \\u{1b}[31m exceeded',
    );
    client.close();
  });

  it('is UNREACHABLE, not "not found", when nobody listens', async () => {
    const server = await startHttpServer(hello);
    await server.close();
    const { client, waits } = impatient();
    await expect(client.request({ url: server.url, item: 'x' }, quietRun())).rejects.toMatchObject({
      code: 'UNREACHABLE',
      category: 'transport',
    });
    expect(waits).toHaveLength(3);
    client.close();
  });

  it('begins again when the connection is cut in the answer', async () => {
    await using server = await startHttpServer(hello, {
      faults: [{ ...any, times: 1, do: { kind: 'cut', afterBytes: 2 } }],
    });
    const { client } = impatient();
    expect(
      Buffer.from((await client.request({ url: server.url, item: 'x' }, quietRun())).body).toString(),
    ).toBe('hello');
    client.close();
  });

  it.each([undefined, 2])('ends a silence (after %s bytes of the body)', async (afterBytes) => {
    await using server = await startHttpServer(hello, {
      faults: [{ ...any, do: { kind: 'stall', ...(afterBytes && { afterBytes }) } }],
    });
    const { client, waits } = impatient({ idleTimeoutMs: 50 });
    await expect(client.request({ url: server.url, item: 'x' }, quietRun())).rejects.toMatchObject({
      code: 'TIMED_OUT',
    });
    expect(waits).toHaveLength(1);
    client.close();
  });

  it('refuses more bytes than it may have', async () => {
    await using server = await startHttpServer(hello, { faults: [{ ...any, do: { kind: 'endless' } }] });
    const { client } = impatient();
    await expect(
      client.request({ url: server.url, item: 'x', maxBytes: 100_000 }, quietRun()),
    ).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(server.requests).toHaveLength(1);
    client.close();
  });

  it('stops when the run is stopped before the answer', async () => {
    const abort = new AbortController();
    const stopNow = () => {
      abort.abort();
      return true;
    };
    await using server = await startHttpServer(hello, {
      faults: [{ match: stopNow, do: { kind: 'stall' } }],
    });
    const { client } = impatient();
    await expect(
      client.request({ url: server.url, item: 'x' }, quietRun(abort.signal)),
    ).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    client.close();
  });

  it('stops when the run is stopped while it waits for another try', async () => {
    await using server = await startHttpServer(hello, {
      faults: [{ ...any, do: { kind: 'status', status: 500 } }],
    });
    const abort = new AbortController();
    const client = createHttpClient();
    const run: Run = { signal: abort.signal, emit: ({ kind }) => kind === 'retry' && abort.abort() };
    await expect(client.request({ url: server.url, item: 'x' }, run)).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    client.close();
  });

  it.each(['http://user:secret@127.0.0.1/', 'file:///etc/passwd', 'nonsense'])(
    'refuses the address %s without showing a secret',
    async (url) => {
      const { client } = impatient();
      const error = await client.request({ url, item: 'x' }, quietRun()).catch((thrown: unknown) => thrown);
      expect(isGapferryError(error, 'REFERENCE_INVALID')).toBe(true);
      expect(String(error)).not.toContain('secret');
    },
  );

  it('asks one host over so many connections at most', async () => {
    const waiting: Array<() => void> = [];
    let most = 0;
    await using server = await startHttpServer(async () => {
      await new Promise<void>((resolve) => {
        most = Math.max(most, waiting.push(resolve));
        if (waiting.length === 2) for (const go of waiting.splice(0)) go();
      });
      return hello();
    });
    const { client } = impatient({ perHost: 2 });
    await Promise.all(
      Array.from({ length: 12 }, () => client.request({ url: server.url, item: 'x' }, quietRun())),
    );
    expect([server.requests.length, most]).toEqual([12, 2]);
    client.close();
  });
});
