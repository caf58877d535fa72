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

  it('is sent over plain HTTP only where that was said to be fine, as everything else that is secret', async () => {
    await using server = await guarded(OWN);
    const connectTo = new Map([['api.plant.test:80', server.host]]);
    const asked = { url: 'http://api.plant.test/it', item: 'it', headers: { authorization: OWN } };
    const refused = createHttpClient({ wait: async () => {}, connectTo });
    await expect(refused.request(asked, run)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('plain HTTP'),
      hint: expect.stringContaining('insecure'),
    });
    expect(server.requests).toEqual([]);
    const told = createHttpClient({ wait: async () => {}, connectTo, insecure: ['api.plant.test'] });
    expect((await told.request(asked, run)).status).toBe(200);
    for (const client of [refused, told]) client.close();
  });

  it('that is a signature of one question may go wherever the question goes', async () => {
    const signature =
      'AWS4-HMAC-SHA256 Credential=k/20260101/r/s3/aws4_request, SignedHeaders=host, Signature=0';
    await using server = await guarded(signature);
    const connectTo = new Map([['s3.plant.test:80', server.host]]);
    const client = createHttpClient({ wait: async () => {}, connectTo });
    const asked = { url: 'http://s3.plant.test/b', item: 'it', headers: { authorization: signature } };
    expect((await client.request(asked, run)).status).toBe(200);
    client.close();
  });
});
