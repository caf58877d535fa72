import { GapferryError, quietRun, type Run } from '@gapferry/core';
import { startHttpServer } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import { createHostSilence } from './host-silence.ts';

const silence = new GapferryError({ code: 'TIMED_OUT', message: 'silent' });

function host(): { at(ms: number): void; readonly known: ReturnType<typeof createHostSilence> } {
  let now = 0;
  return {
    at: (ms) => {
      now = ms;
    },
    known: createHostSilence('a.test', () => now),
  };
}

describe('a host that says nothing', () => {
  it('is asked again after one silence, and not after two for a while', () => {
    const { at, known } = host();
    at(12_000);
    known.failed(0, silence);
    expect(() => known.requireVoice('x')).not.toThrow();
    at(24_500);
    known.failed(12_500, silence);
    expect(() => known.requireVoice('x')).toThrow(
      'a.test was not asked for x any more: it said nothing to anybody for 25 s',
    );
    at(55_000);
    expect(() => known.requireVoice('x')).not.toThrow();
  });

  it('was silent once to all that waited side by side', () => {
    const { at, known } = host();
    at(12_000);
    known.failed(0, silence);
    known.failed(3, silence);
    expect(() => known.requireVoice('x')).not.toThrow();
  });

  it('is not one that was heard in between, or that failed otherwise', () => {
    const { at, known } = host();
    at(12_000);
    known.failed(0, silence);
    known.heard();
    at(24_000);
    known.failed(12_000, silence);
    known.failed(24_000, new GapferryError({ code: 'CONNECTION_CUT', message: 'cut' }));
    expect(() => known.requireVoice('x')).not.toThrow();
  });
});

it('however many questions wait for one place of it, a host is borne for two silences', async () => {
  await using server = await startHttpServer(() => undefined);
  const client = createHttpClient({ wait: async () => {}, readingTimeoutMs: 60, perHost: 1 });
  const silences: string[] = [];
  const run: Run = {
    ...quietRun(),
    emit: (event) => void (event.kind === 'retry' && silences.push(event.item)),
  };
  const asked = Array.from({ length: 20 }, (_, i) => client.request({ url: server.url, item: `x${i}` }, run));
  for (const one of await Promise.allSettled(asked))
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'TIMED_OUT' } });
  expect(silences).toHaveLength(2);
  client.close();
});

it('a host that works on what was sent to it may take as long for questions', async () => {
  const reads: string[] = [];
  const asked = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  await using server = await startHttpServer(async ({ method, body }) => {
    for await (const _ of body);
    if (method === 'PUT') {
      asked.resolve();
      await done.promise;
    } else {
      reads.push(method);
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    return { status: 200 };
  });
  const client = createHttpClient({ wait: async () => {}, idleTimeoutMs: 30_000, readingTimeoutMs: 40 });
  const request = { url: server.url, item: 'a layer' };
  const sending = client.send({ ...request, method: 'PUT', body: Buffer.from('bytes') }, quietRun());
  await asked.promise;
  expect((await client.request({ ...request, method: 'HEAD' }, quietRun())).status).toBe(200);
  done.resolve();
  await sending;
  expect(reads).toEqual(['HEAD']);
  await expect(client.request(request, quietRun())).rejects.toMatchObject({ code: 'TIMED_OUT' });
  client.close();
});
