import { type GapferryError, quietRun } from '@gapferry/core';
import { startHttpServer } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';

const run = quietRun();
const SECRET = 'Sesam-4711';

/** A value that another server gave, to be said to this one: an ETag, a token for an address. */
it.each(['send', 'request'] as const)(
  'a header that cannot be written keeps no place at the host (%s)',
  async (how) => {
    await using server = await startHttpServer(() => ({ status: 200 }));
    const client = createHttpClient({ perHost: 1, wait: async () => {} });
    const asked = { url: server.url, item: 'it', headers: { 'X-Token': `${SECRET}\u0100` } };
    const asking =
      how === 'send' ? client.send({ ...asked, method: 'PUT' }, run) : client.request(asked, run);
    const error = await asking.catch((thrown: GapferryError) => thrown);
    expect(error).toMatchObject({ code: 'PROTOCOL_VIOLATION', retryable: false });
    expect(JSON.stringify([error, (error as GapferryError).message])).not.toContain(SECRET);
    const brief = quietRun(AbortSignal.timeout(2000));
    expect((await client.request({ url: server.url, item: 'it' }, brief)).status).toBe(200);
    expect(server.requests).toHaveLength(1);
    client.close();
  },
);
