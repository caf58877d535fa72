import { quietRun, type Run, type RunEvent } from '@gapferry/core';
import {
  hasBasic,
  jsonReply,
  makeImage,
  makeTlsIdentity,
  startHttpServer,
  startRegistry,
  textReply,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import type { HttpClient } from './http-client.ts';

const login = { username: 'robot$ci', password: 'open sesame' } as const;
const bearerAuth = { kind: 'bearer', ...login } as const;
const image = await makeImage();

const tags = (client: HttpClient, url: string, run: Run = quietRun()) =>
  client.request(
    { url: `${url}/v2/team/app/tags/list`, item: 'team/app', scope: 'repository:team/app:pull' },
    run,
  );
const clientFor = (host: string, given: { username: string; password: string } = login): HttpClient =>
  createHttpClient({
    credentials: async (asked) => (asked === host ? given : undefined),
    wait: async () => {},
  });

describe('basic authentication', () => {
  it('is sent at once where no scope is wanted, and after the challenge where one is', async () => {
    await using server = await startHttpServer((request) =>
      hasBasic(request, login)
        ? textReply(200, 'in')
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
    );
    const client = clientFor(server.host);
    await client.request({ url: server.url, item: 'chart index' }, quietRun());
    expect(server.requests.map(({ status }) => status)).toEqual([200]);
    await client.request({ url: server.url, item: 'image', scope: 'repository:a:pull' }, quietRun());
    await client.request({ url: server.url, item: 'image', scope: 'repository:a:pull' }, quietRun());
    expect(server.requests.map(({ status }) => status)).toEqual([200, 401, 200, 200]);
    client.close();
  });

  it('asked for without credentials is UNAUTHORIZED with the next step', async () => {
    await using registry = await startRegistry({ auth: { kind: 'basic', ...login } });
    const client = createHttpClient();
    await expect(tags(client, registry.url)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining(`${registry.host} wants credentials for team/app`),
      hint: expect.stringContaining(`give credentials for ${registry.host}`),
    });
    client.close();
  });

  it('is never sent over plain HTTP to another machine', async () => {
    await using server = await startHttpServer(() => ({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="x"' },
    }));
    const client = createHttpClient({
      credentials: async () => login,
      connectTo: new Map([['upstream.test:80', server.host]]),
    });
    await expect(
      client.request({ url: 'http://upstream.test/x', item: 'x' }, quietRun()),
    ).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('not sent over plain HTTP'),
    });
    expect(server.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined]);
    client.close();
  });
});

describe('a token service over plain HTTP', () => {
  const naming = (realm: string) => () => ({
    status: 401,
    headers: { 'www-authenticate': `Bearer realm="${realm}"` },
  });

  it('on another machine gets no credentials, also from a server that is plain HTTP itself', async () => {
    await using service = await startHttpServer(() => jsonReply(200, { token: 't' }));
    await using server = await startHttpServer(naming('http://auth.test/token'));
    const client = createHttpClient({
      credentials: async () => login,
      connectTo: new Map([['auth.test:80', service.host]]),
    });
    await expect(tags(client, server.url)).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
      message: expect.stringContaining('is plain HTTP (auth.test)'),
      hint: expect.stringContaining('insecure'),
    });
    expect(service.requests).toEqual([]);
    client.close();
  });

  it('on this machine is not asked for a server elsewhere', async () => {
    await using service = await startHttpServer(() => jsonReply(200, { token: 't' }));
    await using server = await startHttpServer(naming(`${service.url}/token`));
    const client = createHttpClient({
      insecure: ['upstream.test'],
      connectTo: new Map([['upstream.test:80', server.host]]),
    });
    await expect(tags(client, 'http://upstream.test')).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
    expect(service.requests).toEqual([]);
    client.close();
  });
});

describe('bearer authentication', () => {
  it('gets a token from the service on another host, once per scope', async () => {
    await using registry = await startRegistry({ auth: bearerAuth });
    registry.seedImage('team/app', '1', image);
    const client = clientFor(registry.host);
    await Promise.all([tags(client, registry.url), tags(client, registry.url)]);
    await tags(client, registry.url);
    expect(registry.tokenRequests.map(({ url, headers }) => [url, headers['authorization']])).toEqual([
      ['/token?service=testkit-registry&scope=repository%3Ateam%2Fapp%3Apull', 'Basic ***'],
    ]);
    client.close();
  });

  it('works anonymously', async () => {
    await using registry = await startRegistry({ auth: { ...bearerAuth, anonymousPull: true } });
    registry.seedImage('team/app', '1', image);
    const client = createHttpClient();
    expect((await tags(client, registry.url)).status).toBe(200);
    expect(registry.tokenRequests.map(({ headers }) => headers['authorization'])).toEqual([undefined]);
    client.close();
  });

  it('does not speak of credentials nobody gave when an anonymous token is not enough', async () => {
    await using registry = await startRegistry({ auth: { ...bearerAuth, anonymousPull: true } });
    registry.addFault({
      match: ({ headers }) => headers.authorization !== undefined,
      do: { kind: 'status', status: 401 },
    });
    const client = createHttpClient();
    await expect(tags(client, registry.url)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('wants credentials for team/app'),
      hint: expect.stringContaining('does not exist'),
    });
    client.close();
  });

  it('gets a new token once when the old one is refused', async () => {
    await using registry = await startRegistry({ auth: bearerAuth });
    registry.seedImage('team/app', '1', image);
    const client = clientFor(registry.host);
    await tags(client, registry.url);
    registry.expireTokens();
    expect((await tags(client, registry.url)).status).toBe(200);
    expect(registry.tokenRequests).toHaveLength(2);
    client.close();
  });

  it('says whose credentials were refused, and shows none of them', async () => {
    await using registry = await startRegistry({ auth: bearerAuth });
    const client = clientFor(registry.host, { username: 'robot$ci', password: 'wrong-pa55' });
    const error = (await tags(client, registry.url).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining(`${registry.host} refuses the credentials for team/app`),
    });
    expect(JSON.stringify([error, error.message, error.stack])).not.toMatch(/wrong-pa55|robot/);
    client.close();
  });

  it('tries again when the token service has trouble, and never takes that for "not found"', async () => {
    await using registry = await startRegistry({ auth: bearerAuth });
    registry.seedImage('team/app', '1', image);
    const client = clientFor(registry.host);
    registry.addTokenFault({ match: () => true, times: 2, do: { kind: 'status', status: 503 } });
    expect((await tags(client, registry.url)).status).toBe(200);
    registry.expireTokens();
    registry.addTokenFault({ match: () => true, do: { kind: 'status', status: 404 } });
    await expect(tags(client, registry.url)).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
      category: 'transport',
    });
    client.close();
  });

  it('works with one connection although the token service is the same host', async () => {
    await using server = await startHttpServer((request) => {
      if (request.path === '/token') return jsonReply(200, { access_token: 'tok-1234567890' });
      if (request.headers.authorization === 'Bearer tok-1234567890') return textReply(200, 'in');
      return {
        status: 401,
        headers: { 'www-authenticate': `Bearer realm="http://${request.headers.host}/token"` },
      };
    });
    const client = createHttpClient({ perHost: 1 });
    const answers = await Promise.all(
      [1, 2, 3].map(() => client.request({ url: server.url, item: 'x', scope: 's' }, quietRun())),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    client.close();
  });

  it.each([
    ['an answer without token', jsonReply(200, { token: '' })],
    ['an answer that is no JSON', textReply(200, '<html>')],
  ])('refuses %s', async (_, reply) => {
    await using server = await startHttpServer((request) =>
      request.path === '/token'
        ? reply
        : {
            status: 401,
            headers: { 'www-authenticate': `Bearer realm="http://${request.headers.host}/token"` },
          },
    );
    const client = createHttpClient();
    await expect(
      client.request({ url: server.url, item: 'x', scope: 's' }, quietRun()),
    ).rejects.toMatchObject({ code: expect.stringMatching(/PROTOCOL_VIOLATION|JSON_INVALID/) });
    client.close();
  });

  it('follows no plain HTTP realm of another machine for a TLS server', async () => {
    const tls = await makeTlsIdentity();
    await using server = await startHttpServer(
      () => ({ status: 401, headers: { 'www-authenticate': 'Bearer realm="http://auth.test/token"' } }),
      { tls },
    );
    const client = createHttpClient({ ca: tls.ca, credentials: async () => login });
    await expect(client.request({ url: server.url, item: 'x', scope: 's' }, quietRun())).rejects.toThrow(
      'is plain HTTP (auth.test)',
    );
    client.close();
  });

  it('shows no token in events', async () => {
    await using registry = await startRegistry({ auth: bearerAuth });
    registry.seedImage('team/app', '1', image);
    const events: RunEvent[] = [];
    registry.addFault({
      match: ({ headers }) => headers.authorization !== undefined,
      times: 1,
      do: { kind: 'cut', afterBytes: 0 },
    });
    const client = clientFor(registry.host);
    await tags(client, registry.url, { ...quietRun(), emit: (event) => events.push(event) });
    expect(events).toMatchObject([{ kind: 'retry' }]);
    expect(JSON.stringify(events)).not.toMatch(/Bearer|Basic|sesame/);
    client.close();
  });
});
