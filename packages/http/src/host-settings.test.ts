import { open } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { quietRun } from '@gapferry/core';
import { makeTlsIdentity, startHttpServer, temporaryDirectory, textReply } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import { createHostSettings } from './host-settings.ts';
import type { HostSettings } from './http-client.ts';

const server = await makeTlsIdentity(['127.0.0.1', 'upstream.test']);
const client = await makeTlsIdentity(['client.test']);
const hello = () => textReply(200, 'hello');
const BODY = Buffer.alloc(2 << 20, 7);

/** Answers only to whoever shows a certificate of the client's authority. */
async function demandingServer(): Promise<{ host: string; seen: string[] } & AsyncDisposable> {
  const seen: string[] = [];
  const options = { key: server.key, cert: server.cert, requestCert: true, rejectUnauthorized: false };
  const listener: Server = createServer({ ...options, ca: client.ca }, (request, response) => {
    const socket = request.socket as TLSSocket;
    seen.push(`${request.method} ${socket.authorized}`);
    request.resume().on('end', () => {
      response.writeHead(socket.authorized ? 200 : 403, { 'content-length': BODY.byteLength });
      response.end(BODY);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      listener.closeAllConnections();
      listener.close();
    },
  };
}

const hosts = (host: string, settings: HostSettings): ReadonlyMap<string, HostSettings> =>
  new Map([[host, settings]]);

describe('the settings of a host', () => {
  it.each([
    ['a.test', 'https://a.test/x', 1],
    ['a.test', 'https://a.test:5000/x', 1],
    ['a.test:443', 'https://a.test/x', 1],
    ['A.test:5000', 'http://a.test:5000', 1],
    ['a.test:5000', 'https://a.test/x', undefined],
    ['a.test', 'https://b.a.test/x', undefined],
  ])('under %s count for %s: %s', (key, url, connections) => {
    expect(createHostSettings(hosts(key, { connections: 1 }))(new URL(url)).connections).toBe(connections);
  });

  it('with the port come before those without', () => {
    const settingsFor = createHostSettings(
      new Map([
        ['a.test', { connections: 1 }],
        ['a.test:5000', { connections: 2 }],
      ]),
    );
    expect(settingsFor(new URL('https://a.test:5000/')).connections).toBe(2);
  });

  it('trust an authority for this host and for no other', async () => {
    await using first = await startHttpServer(hello, { tls: server });
    await using second = await startHttpServer(hello, { tls: server });
    const http = createHttpClient({ hosts: hosts(first.host, { ca: server.ca }) });
    expect((await http.request({ url: first.url, item: 'x' }, quietRun())).status).toBe(200);
    await expect(http.request({ url: second.url, item: 'x' }, quietRun())).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('its certificate is not trusted'),
    });
    http.close();
  });

  it('show a client certificate, also where a large body is poured and where one is sent', async () => {
    await using place = await demandingServer();
    await using directory = await temporaryDirectory();
    const { cert, key } = client;
    const http = createHttpClient({ hosts: hosts(place.host, { ca: server.ca, cert, key }) });
    const url = `https://${place.host}/x`;
    expect((await http.request({ url, item: 'x' }, quietRun())).status).toBe(200);
    expect((await http.send({ url, method: 'PUT', item: 'x', body: BODY }, quietRun())).status).toBe(200);
    const file = await open(directory.join('part'), 'w+');
    const poured = await http.pour(
      { url, item: 'x', size: BODY.byteLength },
      { fd: file.fd, from: 0 },
      quietRun(),
    );
    await file.close();
    expect(poured?.size).toBe(BODY.byteLength);
    expect(place.seen).toEqual(['GET true', 'PUT true', 'GET true']);
    http.close();
  });

  it('without a client certificate are refused where one is wanted', async () => {
    await using place = await demandingServer();
    const http = createHttpClient({ ca: server.ca });
    await expect(
      http.request({ url: `https://${place.host}/x`, item: 'x' }, quietRun()),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
    http.close();
  });

  it('say how many connections there may be', async () => {
    let [open, most] = [0, 0];
    await using place = await startHttpServer(async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return hello();
    });
    const http = createHttpClient({ perHost: 8, hosts: hosts(place.host, { connections: 1 }) });
    await Promise.all(
      Array.from({ length: 12 }, () => http.request({ url: place.url, item: 'x' }, quietRun())),
    );
    expect([place.requests.length, most]).toEqual([12, 1]);
    http.close();
  });

  it('say how many requests may begin in a second', async () => {
    const waits: number[] = [];
    await using place = await startHttpServer(hello);
    const http = createHttpClient({
      hosts: hosts('127.0.0.1', { requestsPerSecond: 3 }),
      wait: async (ms) => void waits.push(ms),
    });
    for (let i = 0; i < 7; i++) await http.request({ url: place.url, item: 'x' }, quietRun());
    expect(Math.round(waits.reduce((sum, ms) => sum + ms, 0) / 1000)).toBe(2);
    http.close();
  });
});
