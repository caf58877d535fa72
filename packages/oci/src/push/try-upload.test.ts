import { quietRun } from '@gapferry/core';
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
