import { quietRun } from '@gapferry/core';
import { startHttpServer } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';

const run = quietRun();
const OWN = 'Bearer token-of-the-address';
const client = () =>
  createHttpClient({
    wait: async () => {},
    credentials: async () => ({ username: 'known', password: 'Sesam-4711' }),
  });

/** Refuses everything that does not say exactly this. */
const guarded = (authorization: string) =>
  startHttpServer(({ headers }) =>
    headers.authorization === authorization
      ? { status: 200, body: 'well' }
      : { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
  );

describe('an Authorization that a request brings along', () => {
  it.each(['authorization', 'Authorization', 'AUTHORIZATION'])(
    'counts instead of what is known for the host (%s)',
    async (name) => {
      await using server = await guarded(OWN);
      const answer = await client().request({ url: server.url, item: 'it', headers: { [name]: OWN } }, run);
      expect(Buffer.from(answer.body).toString()).toBe('well');
      expect(server.requests).toHaveLength(1);
    },
  );

  it('that is refused is not replaced by what is known, and is not repeated in the error', async () => {
    await using server = await startHttpServer(({ headers }) => ({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="x"' },
      body: `no ${headers.authorization}`,
    }));
    const asking = client().request({ url: server.url, item: 'it', headers: { authorization: OWN } }, run);
    await expect(asking).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(asking).rejects.not.toThrow(/token-of-the-address/);
    expect(server.requests).toHaveLength(1);
  });

  it('stays with the host that it is for', async () => {
    await using other = await guarded(`Basic ${Buffer.from('known:Sesam-4711').toString('base64')}`);
    await using server = await startHttpServer(() => ({ status: 307, headers: { location: other.url } }));
    const answer = await client().request(
      { url: server.url, item: 'it', headers: { authorization: OWN } },
      run,
    );
    expect(Buffer.from(answer.body).toString()).toBe('well');
  });
});
