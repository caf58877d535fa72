import { quietRun } from '@gapferry/core';
import { makeTlsIdentity, startHttpServer, textReply } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';

const credentials = async () => ({ username: 'robot$ci', password: 'open sesame' });
const redirectTo = (to: string) => ({ match: () => true, do: { kind: 'redirect' as const, to } });

describe('a redirect', () => {
  it('is followed, relative or to another host, without credentials for the first host', async () => {
    await using other = await startHttpServer(() => textReply(200, 'there'));
    await using server = await startHttpServer(({ path }) =>
      path === '/a'
        ? { status: 302, headers: { location: 'b' } }
        : { status: 308, headers: { location: `${other.url}/c?sig=1` } },
    );
    const client = createHttpClient({
      credentials: async (host) => (host === server.host ? credentials() : undefined),
    });
    const answer = await client.request(
      { url: `${server.url}/a`, item: 'x', headers: { Cookie: 'c=1', 'X-Harmless': '1' } },
      quietRun(),
    );
    expect([Buffer.from(answer.body).toString(), answer.url]).toEqual(['there', `${other.url}/c?sig=1`]);
    expect(server.requests.map(({ headers }) => headers['authorization'])).toEqual([
      'Basic ***',
      'Basic ***',
    ]);
    expect(other.requests[0]?.headers).toMatchObject({ 'x-harmless': '1' });
    expect(Object.keys(other.requests[0]?.headers ?? {})).not.toEqual(
      expect.arrayContaining(['authorization']),
    );
    expect(Object.keys(other.requests[0]?.headers ?? {})).not.toEqual(expect.arrayContaining(['cookie']));
    client.close();
  });

  it('to a host with credentials of its own brings them along only when that host asks for them', async () => {
    const login = { username: 'ACCESSKEY', password: 'secret key' };
    for (const own of [login, { bearer: 'a-token-of-its-own' }]) {
      await using other = await startHttpServer(({ path, headers }) =>
        path === '/signed' || headers['authorization'] !== undefined
          ? textReply(200, 'there')
          : { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
      );
      await using server = await startHttpServer(({ path }) => ({
        status: 302,
        headers: { location: `${other.url}${path}?X-Amz-Signature=1` },
      }));
      const client = createHttpClient({
        credentials: async (host) => (host === other.host ? own : undefined),
      });
      for (const path of ['/signed', '/asks'])
        await client.request({ url: `${server.url}${path}`, item: 'x' }, quietRun());
      const scheme = 'bearer' in own ? 'Bearer' : 'Basic';
      expect(other.requests.map(({ headers }) => headers['authorization'])).toEqual([
        undefined,
        undefined,
        `${scheme} ***`,
      ]);
      client.close();
    }
  });

  it.each(['ftp://127.0.0.1/x', 'file:///etc/passwd', 'http://[broken'])('to %s is refused', async (to) => {
    await using server = await startHttpServer(() => textReply(200, ''), { faults: [redirectTo(to)] });
    const client = createHttpClient();
    await expect(client.request({ url: server.url, item: 'x' }, quietRun())).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
    });
    client.close();
  });

  it('in a circle ends after five', async () => {
    await using server = await startHttpServer(() => textReply(200, ''), { faults: [redirectTo('/again')] });
    const client = createHttpClient();
    await expect(client.request({ url: server.url, item: 'x' }, quietRun())).rejects.toThrow(
      'redirects more than 5 times',
    );
    expect(server.requests).toHaveLength(6);
    client.close();
  });

  it('from https to plain HTTP is refused', async () => {
    const tls = await makeTlsIdentity();
    await using plain = await startHttpServer(() => textReply(200, 'plain'));
    await using server = await startHttpServer(() => textReply(200, ''), {
      tls,
      faults: [redirectTo(plain.url)],
    });
    const client = createHttpClient({ ca: tls.ca });
    await expect(client.request({ url: server.url, item: 'x' }, quietRun())).rejects.toThrow(
      'from https to plain HTTP',
    );
    expect(plain.requests).toEqual([]);
    client.close();
  });
});
