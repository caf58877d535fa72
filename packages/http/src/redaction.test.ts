import { inspect } from 'node:util';
import { quietRun, type Run, type RunEvent } from '@gapferry/core';
import { jsonReply, startHttpServer, type TestRequest, textReply } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import type { Credentials, HttpClient, HttpRequest } from './http-client.ts';

const SECRETS = [
  'pa55-word',
  'cGE1NS13b3Jk',
  'idt-5ecret',
  'tok-5ecret',
  'given-5ecret',
  '5ignature',
  'c00kie',
];
const CREDENTIALS: Credentials[] = [
  { username: 'robot', password: 'pa55-word' },
  { identityToken: 'idt-5ecret' },
  { bearer: 'given-5ecret' },
];

/** Everything that anybody could print of what went wrong. */
function everythingOf(error: unknown, events: readonly RunEvent[]): string {
  return [
    inspect(error, { depth: 10, showHidden: true }),
    String(error),
    JSON.stringify([error, events]),
  ].join('\n');
}

async function expectSilent(ask: (client: HttpClient, run: Run) => Promise<unknown>): Promise<void> {
  for (const credentials of CREDENTIALS) {
    const events: RunEvent[] = [];
    const client = createHttpClient({ credentials: async () => credentials, wait: async () => {} });
    const error = await ask(client, { ...quietRun(), emit: (event) => void events.push(event) }).then(
      () => expect.fail('no error'),
      (thrown: unknown) => thrown,
    );
    const said = everythingOf(error, events);
    expect(SECRETS.filter((secret) => said.includes(secret))).toEqual([]);
    client.close();
  }
}

/** The rudest server: it says everything back that it was told. */
async function echo(request: TestRequest): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request.body) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  const basic = Buffer.from((request.headers.authorization ?? '').split(' ')[1] ?? '', 'base64');
  return `${request.headers.authorization?.split(' ')[1]} ${basic} ${body} ${decodeURIComponent(body)}`;
}

const question = (url: string): HttpRequest => ({
  url: `${url}/v2/app/blobs/x?X-Amz-Signature=5ignature`,
  item: 'app',
  headers: { Cookie: 'session=c00kie' },
  scope: 'repository:app:pull',
});

describe('no secret is in an error or an event', () => {
  it.each([400, 401, 403, 404, 429, 500])('when a server says it back with %i', async (status) => {
    await using server = await startHttpServer(async (request) => {
      if (request.path === '/token') return jsonReply(200, { token: 'tok-5ecret' });
      if (request.headers.authorization === undefined)
        return {
          status: 401,
          headers: { 'www-authenticate': `Bearer realm="http://${request.headers.host}/token"` },
        };
      return textReply(status, await echo(request));
    });
    await expectSilent((client, run) => client.request(question(server.url), run));
    await expectSilent((client, run) => client.send({ ...question(server.url), method: 'PUT' }, run));
  });

  it.each([400, 401, 403, 404, 500])('in an answer of %i that the caller judges', async (status) => {
    await using server = await startHttpServer(async (request) =>
      request.headers.authorization === undefined
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }
        : textReply(status, await echo(request)),
    );
    const client = createHttpClient({ credentials: async () => CREDENTIALS[0] });
    const asked = { ...question(server.url), accept: [400, 401, 403, 404, 500] };
    for (const answer of [
      await client.request(asked, quietRun()),
      await client.send({ ...asked, method: 'PUT' }, quietRun()),
    ]) {
      const said = Buffer.from(answer.body).toString();
      expect(said).toContain('***');
      expect(SECRETS.filter((secret) => said.includes(secret))).toEqual([]);
    }
    client.close();
  });

  it.each([400, 401, 403, 404, 500])('when a token service says it back with %i', async (status) => {
    await using server = await startHttpServer(async (request) =>
      request.path === '/token'
        ? textReply(status, await echo(request))
        : {
            status: 401,
            headers: {
              'www-authenticate': `Bearer realm="http://${request.headers.host}/token?key=5ignature"`,
            },
          },
    );
    await expectSilent((client, run) => client.request(question(server.url), run));
  });

  it.each([
    ['is cut', { kind: 'cut', afterBytes: 0 } as const],
    ['redirects to nowhere', { kind: 'redirect', to: 'http://nowhere.invalid/?sig=5ignature' } as const],
    [
      'redirects to another protocol',
      { kind: 'redirect', to: 'ftp://u:pa55-word@x/?sig=5ignature' } as const,
    ],
  ])('when a trip %s', async (_, fault) => {
    await using server = await startHttpServer(() => textReply(200, 'hello'), {
      faults: [{ match: () => true, do: fault }],
    });
    await expectSilent((client, run) => client.request(question(server.url), run));
  });

  it('when nobody listens, or the address is no good', async () => {
    const server = await startHttpServer(() => textReply(200, ''));
    await server.close();
    await expectSilent((client, run) => client.request(question(server.url), run));
    await expectSilent((client, run) =>
      client.request({ ...question('http://robot:pa55-word@127.0.0.1') }, run),
    );
    await expectSilent((client, run) => client.request({ ...question('nonsense://x') }, run));
  });

  it('when a proxy with a password refuses', async () => {
    await using proxy = await startHttpServer(() => textReply(407, 'no'));
    const proxyEnv = { https_proxy: proxy.url.replace('://', '://robot:pa55-word@') };
    await expectSilent((_, run) =>
      createHttpClient({ proxyEnv, wait: async () => {} }).request(
        { url: 'https://upstream.test/x?sig=5ignature', item: 'app' },
        run,
      ),
    );
  });
});
