import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { quietRun, type Run } from '@gapferry/core';
import { startHttpServer } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import { watchSilence } from './silence.ts';

const purpose = { item: 'blob', url: new URL('http://upstream.test/x?sig=abc') };
const patience = { idleMs: 60_000, leastBytes: 1024, answerMs: 300_000, tellMs: 10_000 };

describe('silence', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('is nothing for as long as one may wait', () => {
    const watch = watchSilence(purpose, patience, quietRun());
    vi.advanceTimersByTime(59_000);
    expect(watch.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1500);
    expect(watch.signal.aborted).toBe(true);
    expect(watch.failure(new Error('aborted'))).toMatchObject({
      code: 'TIMED_OUT',
      retryable: true,
      message: 'upstream.test said nothing for 60 s when it was asked for blob (GET /x)',
    });
  });

  it('is a body that drips', () => {
    const watch = watchSilence(purpose, patience, quietRun());
    for (let second = 0; second < 61 && !watch.signal.aborted; second++) {
      watch.busy();
      watch.waiting(16);
      vi.advanceTimersByTime(1000);
    }
    expect(watch.signal.aborted).toBe(true);
    expect(watch.failure(new Error('aborted')).message).toMatch(
      /sent no more than 9\d\d bytes of blob for 60 s/,
    );
  });

  it('is not a body that is only slow', () => {
    const watch = watchSilence(purpose, patience, quietRun());
    for (let second = 0; second < 3600; second++) {
      watch.busy();
      watch.waiting(20);
      vi.advanceTimersByTime(1000);
    }
    expect(watch.signal.aborted).toBe(false);
    watch.stop();
  });

  it('is not ours: while we are busy, nobody is silent', () => {
    const watch = watchSilence(purpose, patience, quietRun());
    for (let minute = 0; minute < 60; minute++) {
      watch.waiting(1);
      vi.advanceTimersByTime(900);
      watch.busy();
      vi.advanceTimersByTime(3_600_000);
    }
    expect(watch.signal.aborted).toBe(false);
    watch.waiting(1);
    vi.advanceTimersByTime(7000);
    expect(watch.signal.aborted).toBe(true);
  });

  it('is not watched for any more when the trip has ended', () => {
    const watch = watchSilence(purpose, patience, quietRun());
    watch.stop();
    watch.asked();
    watch.waiting();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may be longer after a body was sent, until the answer comes', () => {
    const watch = watchSilence(purpose, patience, quietRun());
    watch.asked();
    vi.advanceTimersByTime(299_000);
    expect(watch.signal.aborted).toBe(false);
    watch.busy();
    watch.waiting();
    vi.advanceTimersByTime(61_000);
    expect(watch.signal.aborted).toBe(true);
  });

  it('is told of after ten seconds, and each time it has become twice as long', () => {
    const told: number[] = [];
    const run: Run = {
      ...quietRun(),
      emit: (event) => void (event.kind === 'silence' && told.push(event.ms)),
    };
    const watch = watchSilence(purpose, patience, run);
    vi.advanceTimersByTime(9000);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(16_000);
    expect(told).toEqual([10_000, 20_000]);
    watch.busy();
    watch.waiting();
    vi.advanceTimersByTime(59_000);
    expect(told).toEqual([10_000, 20_000, 10_000, 20_000, 40_000]);
    watch.stop();
  });

  it('names what was asked for, and at which moment', () => {
    const watch = watchSilence({ ...purpose, method: 'PUT' }, patience, quietRun());
    watch.sending();
    vi.advanceTimersByTime(60_000);
    expect(watch.failure(new Error('aborted')).message).toBe(
      'upstream.test took nothing more of blob for 60 s (PUT /x)',
    );
    const asked = watchSilence({ ...purpose, method: 'PUT' }, patience, quietRun());
    asked.asked();
    vi.advanceTimersByTime(300_000);
    expect(asked.failure(new Error('aborted')).message).toBe(
      'upstream.test said nothing for 300 s after it had got all of what was sent of blob (PUT /x)',
    );
  });

  it('may be as long as the request says while the server works, and a few bytes end it', () => {
    const watch = watchSilence(purpose, { ...patience, workingMs: 100_000 }, quietRun());
    vi.advanceTimersByTime(59_000);
    watch.asked();
    for (let keepAlive = 0; keepAlive < 60; keepAlive++) {
      vi.advanceTimersByTime(99_000);
      watch.busy();
      watch.waiting(5);
    }
    expect(watch.signal.aborted).toBe(false);
    vi.advanceTimersByTime(101_000);
    expect(watch.signal.aborted).toBe(true);
  });
});

it('a body that drips is a failed trip', async () => {
  await using server = await startHttpServer(({ signal }) => ({
    status: 200,
    headers: { 'content-length': '1000000' },
    body: (async function* () {
      while (!signal.aborted) {
        yield Buffer.from('drip');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })(),
  }));
  const client = createHttpClient({ wait: async () => {}, idleTimeoutMs: 300, leastBytes: 1000 });
  const stop = new AbortController();
  const reasons: string[] = [];
  const run: Run = {
    signal: stop.signal,
    emit(event) {
      if (event.kind !== 'retry') return;
      reasons.push(event.reason);
      stop.abort();
    },
  };
  await expect(client.request({ url: server.url, item: 'blob' }, run)).rejects.toThrow('stopped on request');
  expect(reasons).toEqual([expect.stringMatching(/sent no more than \d+ bytes of blob/)]);
  client.close();
});

it('a server that answers at once and then works on what it was given is waited for as it would be before its answer', async () => {
  await using server = await startHttpServer(() => ({
    status: 200,
    // S3: spaces until a copy stands, then what became of it.
    body: (async function* () {
      for (let i = 0; i < 8; i += 1) {
        yield Buffer.from(' ');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      yield Buffer.from('<CopyObjectResult/>');
    })(),
  }));
  const client = createHttpClient({ idleTimeoutMs: 60 });
  const request = { method: 'PUT', url: server.url, item: 'a copy', workingBytes: 5 * 2 ** 30 } as const;
  const answer = await client.send(request, quietRun());
  expect(Buffer.from(answer.body).toString().trim()).toBe('<CopyObjectResult/>');
  client.close();
});

it('a host that answered while this process stood still was not silent', async () => {
  const server = createServer((_, response) => {
    response.end('here');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = createHttpClient({ idleTimeoutMs: 50, wait: async () => {} });
  const kinds: string[] = [];
  const run: Run = { ...quietRun(), emit: ({ kind }) => void kinds.push(kind) };
  const answer = await client.request({ url: `http://127.0.0.1:${port}/`, item: 'x' }, run);
  expect(Buffer.from(answer.body).toString()).toBe('here');
  expect(kinds).not.toContain('retry');
  client.close();
  server.close();
});
