import { GapferryError, quietRun, type Run, type RunEvent } from '@gapferry/core';
import {
  type Fault,
  rangeReply,
  seededBuffer,
  startHttpServer,
  textReply,
  toContent,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import type { HttpClient, HttpClientOptions } from './http-client.ts';
import { createSlots } from './slots.ts';
import { createTries } from './tries.ts';
import type { Waiting } from './waiting.ts';

const hello = () => textReply(200, 'hello');

const SEED = 20_261;

function impatient(options: HttpClientOptions = {}): HttpClient {
  return createHttpClient({ wait: async () => {}, random: () => 0, ...options });
}

/** Matches one request in so many. */
function everyNth(n: number): Fault['match'] {
  let seen = 0;
  return () => ++seen % n === 0;
}

describe('500 on every third request', () => {
  it('is outlived by questions', async () => {
    await using server = await startHttpServer(hello, {
      faults: [{ match: everyNth(3), do: { kind: 'status', status: 500 } }],
    });
    const client = impatient();
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => client.request({ url: server.url, item: 'x' }, quietRun())),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 200));
    client.close();
  });

  it('is outlived by a body that is cut besides', async () => {
    const whole = seededBuffer(6_000_000, 'unlucky');
    const served = startHttpServer((request) => rangeReply(request, toContent(whole), { etag: '"1"' }), {
      faults: [
        { match: everyNth(3), do: { kind: 'status', status: 500 } },
        { match: () => true, times: 5, do: { kind: 'cut', afterBytes: 1_100_000 } },
      ],
    });
    await using server = await served;
    const client = impatient();
    const chunks: Buffer[] = [];
    for await (const chunk of client.body(
      { url: server.url, item: 'x', size: whole.byteLength },
      0,
      quietRun(),
    ))
      chunks.push(Buffer.from(chunk));
    expect(Buffer.compare(Buffer.concat(chunks), whole)).toBe(0);
    client.close();
  });
});

describe('a storm of 429', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const waiting: Waiting = {
    now: () => Date.now(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };

  /** One request by the client's own rules to a server that lets in one in `ms`; how often it was refused. */
  function strictServer(ms: number, retryAfter: number | undefined) {
    let state = SEED;
    const random = (): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const takeSlot = createSlots(8, () => ({}), waiting);
    let [openAt, refused] = [0, 0];
    return {
      refused: () => refused,
      async ask(): Promise<void> {
        const tries = createTries('x', 'a.test', { waiting, random });
        for (;;) {
          const slot = await takeSlot(new URL('http://a.test/'), quietRun(), { item: 'x', kind: 'body' });
          await waiting.wait(20, quietRun());
          const isOpen = Date.now() >= openAt;
          if (isOpen) openAt = Date.now() + ms;
          slot.answered(isOpen ? undefined : (retryAfter ?? 0));
          slot.release();
          if (isOpen) return;
          refused += 1;
          const limited = { code: 'RATE_LIMITED', message: 'too many', retryable: true } as const;
          const error = new GapferryError({ ...limited, ...(retryAfter !== undefined && { retryAfter }) });
          await tries.failed(error, quietRun());
        }
      },
    };
  }

  it.each([
    [100, undefined],
    [1000, undefined],
    [100, 1],
    [1000, 1],
    [1000, 5],
  ])(
    'is outlived by many requests together, where one in %i ms is let in (Retry-After: %s)',
    async (ms, after) => {
      const server = strictServer(ms, after);
      const all = Promise.all(Array.from({ length: 60 }, () => server.ask()));
      await Promise.all([all, vi.runAllTimersAsync()]);
      expect(server.refused()).toBeLessThan(60);
    },
  );
});

describe('429', () => {
  it('keeps also those away that were not refused themselves', async () => {
    await using server = await startHttpServer(hello, {
      faults: [
        { match: () => true, times: 1, do: { kind: 'status', status: 429, headers: { 'retry-after': '7' } } },
      ],
    });
    const waits: number[] = [];
    let second: Promise<unknown> | undefined;
    const client = impatient({
      async wait(ms) {
        waits.push(ms);
        second ??= client.request({ url: server.url, item: 'y' }, quietRun());
        if (waits.length === 1) await second;
      },
    });
    await client.request({ url: server.url, item: 'x' }, quietRun());
    expect(waits.map((ms) => Math.round(ms / 250))).toEqual([29, 28]);
    client.close();
  });

  it('that does not end ends as RATE_LIMITED', async () => {
    await using server = await startHttpServer(hello, {
      faults: [{ match: () => true, do: { kind: 'status', status: 429 } }],
    });
    const client = impatient();
    const events: RunEvent[] = [];
    const run: Run = { ...quietRun(), emit: (event) => void events.push(event) };
    await expect(client.request({ url: server.url, item: 'x' }, run)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      message: expect.stringContaining('tried 4 times'),
    });
    expect(events.map(({ kind }) => kind)).toEqual(['retry', 'retry', 'retry']);
    client.close();
  });
});

describe('an answer to what is sent', () => {
  it('without end is refused', async () => {
    await using server = await startHttpServer(hello, {
      faults: [{ match: () => true, do: { kind: 'endless' } }],
    });
    const client = impatient();
    await expect(
      client.send({ url: server.url, method: 'PUT', item: 'x', maxBytes: 100_000 }, quietRun()),
    ).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    client.close();
  });

  it('that redirects in a circle is refused after five', async () => {
    await using server = await startHttpServer(hello, {
      faults: [{ match: () => true, do: { kind: 'redirect', to: '/again' } }],
    });
    const client = impatient();
    await expect(
      client.send({ url: server.url, method: 'PUT', item: 'x', body: Buffer.from('x') }, quietRun()),
    ).rejects.toThrow('redirects more than 5 times');
    expect(server.requests).toHaveLength(6);
    client.close();
  });

  it('may take longer than a silence, but not for ever', async () => {
    await using server = await startHttpServer(hello, {
      faults: [{ match: () => true, do: { kind: 'stall' } }],
    });
    const request = { url: server.url, method: 'PUT', item: 'x', body: Buffer.from('x') } as const;
    const sent = { ...request, workingBytes: 4 << 20 };
    const patient = impatient({ idleTimeoutMs: 20 });
    const began = performance.now();
    await expect(patient.send(sent, quietRun())).rejects.toMatchObject({
      code: 'TIMED_OUT',
      retryable: true,
    });
    // A timer never fires early: that it waited for more than a silence needs no clock to be exact.
    expect(performance.now() - began).toBeGreaterThan(100);
    patient.close();
  });
});
