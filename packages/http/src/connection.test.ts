import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { quietRun } from '@gapferry/core';
import { makeTlsIdentity, startHttpServer, textReply } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';

const hello = () => textReply(200, 'hello');
const tls = await makeTlsIdentity(['127.0.0.1', 'upstream.test']);

describe('a connection', () => {
  it('trusts the given authority, and only then', async () => {
    await using server = await startHttpServer(hello, { tls });
    const trusting = createHttpClient({ ca: tls.ca });
    expect((await trusting.request({ url: server.url, item: 'x' }, quietRun())).status).toBe(200);
    const doubting = createHttpClient();
    await expect(doubting.request({ url: server.url, item: 'x' }, quietRun())).rejects.toMatchObject({
      code: 'UNREACHABLE',
      retryable: false,
      message: expect.stringContaining('its certificate is not trusted'),
    });
    trusting.close();
    doubting.close();
  });

  it('shows what was presented and whose signature was expected, also when the key was changed meanwhile', async () => {
    const before = await startHttpServer(hello, { tls });
    const client = createHttpClient({
      hosts: new Map([[before.host, { ca: tls.ca }]]),
      wait: async () => {},
    });
    await client.request({ url: before.url, item: 'x' }, quietRun());
    const changed = await makeTlsIdentity(['127.0.0.1']);
    await before.close();
    await using after = await startHttpServer(hello, { tls: changed, port: before.port });
    const { fingerprint256 } = new X509Certificate(changed.cert);
    const refused = client.request({ url: after.url, item: 'x' }, quietRun());
    await expect(refused).rejects.toMatchObject({
      code: 'UNREACHABLE',
      retryable: false,
      message: expect.stringContaining(`with the fingerprint ${fingerprint256} (SHA-256)`),
      data: { fingerprint: fingerprint256 },
    });
    await expect(refused).rejects.toThrow(
      /"127\.0\.0\.1", signed by "gapferry testkit authority".*trusted here: those of this machine, "gapferry testkit authority" \(/,
    );
    client.close();
  });

  it.each([
    ['has expired', ['127.0.0.1'], { from: -30, until: -1 }, 'has expired', 'clock of this machine'],
    ['does not count yet', ['127.0.0.1'], { from: 1, until: 30 }, 'does not count yet', 'clock'],
    ['is for another name', ['upstream.test'], { from: -1, until: 9 }, 'for another name', 'a name that'],
  ])('is refused when the certificate %s, and told apart', async (_, names, days, says, hint) => {
    const identity = await makeTlsIdentity(names, days);
    await using server = await startHttpServer(hello, { tls: identity });
    const client = createHttpClient({ ca: identity.ca });
    const url = server.url.replace('localhost', '127.0.0.1');
    await expect(client.request({ url, item: 'x' }, quietRun())).rejects.toMatchObject({
      code: 'UNREACHABLE',
      retryable: false,
      message: expect.stringContaining(says),
      hint: expect.stringContaining(hint),
    });
    client.close();
  });

  it('tells a witness when the certificate ends and what answers say', async () => {
    const identity = await makeTlsIdentity(['127.0.0.1'], { from: -1, until: 9 });
    await using server = await startHttpServer(hello, { tls: identity });
    const told: Array<[string, number | string | undefined]> = [];
    const client = createHttpClient({
      ca: identity.ca,
      witness: {
        secured: (host, { validTo }) =>
          void told.push([host, Math.round((validTo.getTime() - Date.now()) / 86_400_000)]),
        answered: (host, headers) => void told.push([host, headers.get('content-type')]),
      },
    });
    for (const method of ['GET', 'POST'] as const)
      await (method === 'GET'
        ? client.request({ url: server.url, item: 'x' }, quietRun())
        : client.send({ url: server.url, method, item: 'x' }, quietRun()));
    const type = expect.stringContaining('text/plain');
    expect(told).toEqual([
      [server.host, 9],
      [server.host, type],
      [server.host, type],
    ]);
    client.close();
  });

  it('does not look at the certificate of an insecure host', async () => {
    await using server = await startHttpServer(hello, { tls });
    const client = createHttpClient({ insecure: [server.host] });
    expect((await client.request({ url: server.url, item: 'x' }, quietRun())).status).toBe(200);
    client.close();
  });

  it('is made to another place, while name, Host header and certificate stay', async () => {
    await using server = await startHttpServer(hello, { tls });
    await using plain = await startHttpServer(hello);
    const connectTo = new Map([
      ['upstream.test:443', server.host],
      ['upstream.test:80', plain.host],
    ]);
    const client = createHttpClient({ ca: tls.ca, connectTo });
    await client.request({ url: 'https://upstream.test/a', item: 'x' }, quietRun());
    await client.request({ url: 'http://upstream.test/b', item: 'x' }, quietRun());
    expect([...server.requests, ...plain.requests].map(({ url, headers }) => [url, headers['host']])).toEqual(
      [
        ['/a', 'upstream.test'],
        ['/b', 'upstream.test'],
      ],
    );
    client.close();
  });

  it('goes through the proxy that the environment names', async () => {
    await using proxy = await startHttpServer(({ url }) => textReply(200, `asked for ${url}`));
    const client = createHttpClient({ proxyEnv: { HTTP_PROXY: proxy.url } });
    const answer = await client.request({ url: 'http://upstream.test/a', item: 'x' }, quietRun());
    expect(Buffer.from(answer.body).toString()).toBe('asked for http://upstream.test/a');
    client.close();
  });
});

describe('a host without a scheme', () => {
  it('is https, unasked, unless it is loopback or insecure', async () => {
    const client = createHttpClient();
    expect(await client.origin('registry.example', quietRun())).toBe('https://registry.example');
  });

  it.each([
    ['plain HTTP', undefined, 'http:'],
    ['TLS', tls, 'https:'],
  ])('is asked on loopback and speaks %s', async (_, identity, scheme) => {
    await using server = await startHttpServer(hello, { ...(identity && { tls: identity }) });
    const client = createHttpClient();
    expect(await client.origin(server.host, quietRun())).toBe(`${scheme}//${server.host}`);
    expect(server.requests).toEqual([]);
  });

  it('is asked once, by all who want to know, also when it says nothing', async () => {
    let asked = 0;
    const silent = createServer(() => {
      asked += 1;
    });
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const client = createHttpClient({ connectTimeoutMs: 50 });
    const origin = (): Promise<string> => client.origin(host, quietRun());
    expect(await Promise.all([origin(), origin()])).toEqual([`http://${host}`, `http://${host}`]);
    expect(await origin()).toBe(`http://${host}`);
    expect(asked).toBe(1);
    silent.close();
  });

  it('may be plain HTTP where it is listed as insecure', async () => {
    await using server = await startHttpServer(hello);
    const client = createHttpClient({
      insecure: ['upstream.test'],
      connectTo: new Map([['upstream.test:5000', server.host]]),
    });
    expect(await client.origin('upstream.test:5000', quietRun())).toBe('http://upstream.test:5000');
  });
});
