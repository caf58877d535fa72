import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { quietRun } from '@gapferry/core';
import {
  makeTlsIdentity,
  readBody,
  seededBuffer,
  startHttpServer,
  temporaryDirectory,
  textReply,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import type { HttpClient } from './http-client.ts';

const SIZE = 2_000_000;
const whole = seededBuffer(SIZE, 'proxied');
const hello = () => textReply(200, 'hello');

async function pour(client: HttpClient, url: string): Promise<boolean> {
  await using directory = await temporaryDirectory();
  const file = await open(directory.join('part'), 'w+');
  try {
    const into = { fd: file.fd, from: 0 };
    return (await client.pour({ url, item: 'blob', size: SIZE }, into, quietRun())) !== undefined;
  } finally {
    await file.close();
  }
}

/** A proxy that opens tunnels (RFC 9110, section 9.3.6) to one place, whatever it is asked for. */
async function tunnelTo(port: number): Promise<{ url: string; asked: string[] } & AsyncDisposable> {
  const asked: string[] = [];
  const server = createServer().on('connect', (request, socket) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
    const there = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(there).pipe(socket);
    });
    there.on('error', () => socket.destroy());
    socket.on('error', () => there.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

describe('with a proxy in the environment', () => {
  it('a host of NO_PROXY is asked directly, and keeps the fast path', async () => {
    await using proxy = await startHttpServer(hello);
    await using server = await startHttpServer(() => ({ status: 200, body: whole }));
    const client = createHttpClient({ proxyEnv: { http_proxy: proxy.url, NO_PROXY: '127.0.0.0/8' } });
    expect(await pour(client, `${server.url}/blob`)).toBe(true);
    expect((await client.request({ url: 'http://upstream.test/a', item: 'x' }, quietRun())).status).toBe(200);
    expect(server.requests.map(({ headers }) => headers['connection'])).toEqual(['close']);
    expect(proxy.requests.map(({ url }) => url)).toEqual(['http://upstream.test/a']);
    client.close();
  });

  it('a host behind it has no fast path', async () => {
    await using proxy = await startHttpServer(() => ({ status: 200, body: whole }));
    const client = createHttpClient({ proxyEnv: { http_proxy: proxy.url, NO_PROXY: 'other.test' } });
    expect(await pour(client, 'http://upstream.test/blob')).toBe(false);
    client.close();
  });

  it('https goes through a tunnel, with what is sent, and the certificate is that of the host', async () => {
    const tls = await makeTlsIdentity(['upstream.test']);
    await using server = await startHttpServer(
      async (request) => textReply(201, String((await readBody(request)).byteLength)),
      { tls },
    );
    await using proxy = await tunnelTo(server.port);
    const proxyEnv = { https_proxy: `http://u:p%40ss@${proxy.url}` };
    const client = createHttpClient({ proxyEnv, hosts: new Map([['upstream.test', { ca: tls.ca }]]) });
    const sent = { method: 'PUT', item: 'x', body: whole } as const;
    const answer = await client.send({ ...sent, url: 'https://upstream.test/a' }, quietRun());
    expect(Buffer.from(answer.body).toString()).toBe(String(SIZE));
    expect(proxy.asked).toEqual([`upstream.test:443 Basic ${Buffer.from('u:p@ss').toString('base64')}`]);
    await expect(client.send({ ...sent, url: 'https://other.test/a' }, quietRun())).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('certificate'),
    });
    client.close();
  });
});
