import { quietRun } from '@gapferry/core';
import { jsonReply, startHttpServer, type TestServer, textReply } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';

let other: TestServer;
beforeAll(async () => {
  other = await startHttpServer(() => jsonReply(200, { token: 't' }));
});
afterAll(() => other.close());

describe('a host that may not be spoken to', () => {
  it('is not asked, not sent to, not read from and not looked at', async () => {
    const client = createHttpClient({ onlyHosts: ['registry.test'] });
    const question = { url: `${other.url}/v2/`, item: 'app' };
    const refused = { code: 'PROTOCOL_VIOLATION', message: expect.stringContaining(other.host) };
    await expect(client.request(question, quietRun())).rejects.toMatchObject(refused);
    await expect(client.send({ ...question, method: 'POST' }, quietRun())).rejects.toMatchObject(refused);
    await expect(client.origin(other.host, quietRun())).rejects.toMatchObject(refused);
    const reading = async () => {
      for await (const _ of client.body(question, 0, quietRun()));
    };
    await expect(reading()).rejects.toMatchObject(refused);
    expect(other.requests).toEqual([]);
  });

  it.each([
    ['a redirect', () => ({ status: 307, headers: { location: `${other.url}/x?sig=abc` } })],
    [
      'a token realm',
      () => ({ status: 401, headers: { 'www-authenticate': `Bearer realm="${other.url}/token?key=abc"` } }),
    ],
  ])('is not asked because of %s, which is named without its query', async (_, reply) => {
    await using server = await startHttpServer(reply);
    const client = createHttpClient({ onlyHosts: [server.host], wait: async () => {} });
    for (const ask of [
      () => client.request({ url: server.url, item: 'app' }, quietRun()),
      () => client.send({ url: server.url, item: 'app', method: 'PUT' as const }, quietRun()),
    ]) {
      const error = await ask().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'PROTOCOL_VIOLATION',
        retryable: false,
        message: expect.stringContaining(other.host),
        hint: expect.stringContaining('under `also` of the target'),
      });
      expect(String(error)).not.toContain('abc');
    }
    expect(other.requests).toEqual([]);
    client.close();
  });

  it('may be when it is listed, with its port or without', async () => {
    await using server = await startHttpServer(() => ({
      status: 308,
      headers: { location: `${other.url}/x` },
    }));
    for (const onlyHosts of [['127.0.0.1'], [server.host, other.host.toUpperCase()]]) {
      const client = createHttpClient({ onlyHosts });
      expect((await client.request({ url: server.url, item: 'app' }, quietRun())).status).toBe(200);
      client.close();
    }
  });

  it('is another one on another port', async () => {
    await using server = await startHttpServer(() => textReply(200, ''));
    const client = createHttpClient({ onlyHosts: [server.host] });
    await expect(client.request({ url: other.url, item: 'app' }, quietRun())).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
    });
    client.close();
  });
});
