import { GapferryError, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { type Fault, startRegistry } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { createRegistryWriter } from './registry-writer.ts';

const TROUBLES: Fault['do'][] = [
  { kind: 'status', status: 500 },
  { kind: 'lostAnswer' },
  { kind: 'cutUpload', afterBytes: 0 },
];

async function tryWith(action: Fault['do'], times: number): Promise<unknown> {
  await using registry = await startRegistry();
  registry.addFault({ match: ({ method }) => method === 'POST', times, do: action });
  const http = createHttpClient({ wait: async () => {} });
  const writer = createRegistryWriter(http, { wait: async () => {} });
  const outcome = await writer
    .tryUpload(`${registry.host}/team/app`, quietRun())
    .catch((error: unknown) => error);
  http.close();
  return outcome;
}

it.each(TROUBLES)('a trial that came to nothing is made again ($kind)', async (action) => {
  expect(await tryWith(action, 2)).toBe('cancelled');
});

it('a registry that has trouble all the time is no registry that refuses', async () => {
  expect(await tryWith({ kind: 'status', status: 500 }, 99)).toMatchObject({
    code: 'SERVER_ERROR',
    retryable: true,
    message: expect.stringContaining('tried 4 times'),
  });
});

it('a refusal is taken at its word', async () => {
  expect(await tryWith({ kind: 'status', status: 403 }, 1)).toMatchObject({ code: 'FORBIDDEN' });
});

it('is begun once, however often it cannot be cancelled: the push is allowed all the same', async () => {
  await using registry = await startRegistry();
  registry.addFault({ match: ({ method }) => method === 'DELETE', do: { kind: 'status', status: 500 } });
  const http = createHttpClient({ wait: async () => {} });
  const writer = createRegistryWriter(http, { wait: async () => {} });
  expect(await writer.tryUpload(`${registry.host}/team/app`, quietRun())).toBe('kept');
  expect(registry.requests.map(({ method }) => method)).toEqual(['POST', ...Array(4).fill('DELETE')]);
  http.close();
});

it('a registry that never ends a cancelling is no operator who stops', async () => {
  await using registry = await startRegistry();
  const http = createHttpClient({ wait: async () => {} });
  const stopped = new GapferryError({ code: 'INTERRUPTED', message: 'the time for tidying is over' });
  const late = {
    ...http,
    send: (...asked: Parameters<typeof http.send>) =>
      asked[0].method === 'DELETE' ? Promise.reject(stopped) : http.send(...asked),
  };
  const trying = (signal?: AbortSignal) =>
    createRegistryWriter(late).tryUpload(`${registry.host}/team/app`, quietRun(signal));
  expect(await trying()).toBe('kept');
  http.close();
});
