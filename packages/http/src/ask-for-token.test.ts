import { type Bytes, quietRun, type RunEvent } from '@gapferry/core';
import {
  bearerToken,
  type Fault,
  jsonReply,
  rangeReply,
  readBody,
  seededBuffer,
  startHttpServer,
  type TestRequest,
  type TestServer,
  textReply,
  toContent,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import type { Credentials, HttpClient, HttpClientOptions } from './http-client.ts';

/** A registry and its token service in one: what it was asked for, and who is let in. */
interface Place extends AsyncDisposable {
  readonly server: TestServer;
  /** Queries of GETs and forms of POSTs. */
  readonly asked: URLSearchParams[];
  /** Only the last token counts. */
  expire(): void;
}

async function startPlace(
  options: {
    answer?: (nth: number) => Record<string, unknown>;
    serve?: (request: TestRequest) => never;
  } = {},
  faults: readonly Fault[] = [],
): Promise<Place> {
  const asked: URLSearchParams[] = [];
  let good = '';
  const token = async (request: TestRequest) => {
    asked.push(
      request.method === 'POST'
        ? new URLSearchParams((await readBody(request)).toString('utf8'))
        : request.query,
    );
    good = `token-${asked.length}`;
    return jsonReply(200, { access_token: good, expires_in: 300, ...options.answer?.(asked.length) });
  };
  const server = await startHttpServer(
    async (request) => {
      if (request.path === '/token') return token(request);
      if (good !== '' && bearerToken(request) === good)
        return options.serve?.(request) ?? textReply(200, 'in');
      await readBody(request);
      const realm = `http://${request.headers.host}/token`;
      const scope = `repository:team/app:${request.method === 'GET' ? 'pull' : 'pull,push'}`;
      return {
        status: 401,
        headers: { 'www-authenticate': `Bearer realm="${realm}",service="registry",scope="${scope}"` },
      };
    },
    { faults },
  );
  return {
    server,
    asked,
    expire() {
      good = '';
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

const client = (credentials?: Credentials, more: HttpClientOptions = {}): HttpClient =>
  createHttpClient({
    ...(credentials && { credentials: async () => credentials }),
    wait: async () => {},
    random: () => 0,
    ...more,
  });
const question = (place: Place, scope = 'repository:team/app:pull') => ({
  url: `${place.server.url}/v2/`,
  item: 'team/app',
  scope,
});
const ofService = { match: ({ path }: { path: string }) => path === '/token' };

describe('an identity token', () => {
  it('is exchanged by OAuth2, in a form and nowhere else', async () => {
    await using place = await startPlace();
    const http = client({ identityToken: 'idt-secret' });
    expect((await http.request(question(place), quietRun())).status).toBe(200);
    expect(place.asked.map((form) => Object.fromEntries(form))).toEqual([
      {
        grant_type: 'refresh_token',
        service: 'registry',
        client_id: 'gapferry',
        scope: 'repository:team/app:pull',
        refresh_token: 'idt-secret',
      },
    ]);
    const log = place.server.requests.filter(({ url }) => url.startsWith('/token'));
    expect(log.map(({ method, url, headers }) => [method, url, headers['content-type']])).toEqual([
      ['POST', '/token', 'application/x-www-form-urlencoded'],
    ]);
    expect(log[0]?.headers).not.toHaveProperty('authorization');
    http.close();
  });

  it('gives way to the newer one that comes with an answer', async () => {
    await using place = await startPlace({ answer: (nth) => ({ refresh_token: `idt-${nth}` }) });
    const http = client({ identityToken: 'idt-0' });
    for (let i = 0; i < 2; i++) {
      await http.request(question(place), quietRun());
      place.expire();
    }
    expect(place.asked.map((form) => form.get('refresh_token'))).toEqual(['idt-0', 'idt-1']);
    http.close();
  });

  it.each([
    [400, 'UNAUTHORIZED'],
    [401, 'UNAUTHORIZED'],
    [403, 'FORBIDDEN'],
    [404, 'PROTOCOL_VIOLATION'],
  ])('that is answered with %i is %s', async (status, code) => {
    await using place = await startPlace({}, [{ ...ofService, do: { kind: 'status', status } }]);
    const http = client({ identityToken: 'idt-secret' });
    const error = await http.request(question(place), quietRun()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining('team/app') });
    http.close();
  });
});

describe('a token', () => {
  it('is for several repositories at once, and is kept as one', async () => {
    await using place = await startPlace();
    const http = client();
    const both = 'repository:team/base:pull repository:team/app:pull,push';
    for (let i = 0; i < 2; i++) await http.send({ ...question(place, both), method: 'POST' }, quietRun());
    await http.request(question(place, 'repository:team/app:pull'), quietRun());
    expect(place.asked.map((query) => query.getAll('scope'))).toEqual([
      ['repository:team/app:pull,push', 'repository:team/base:pull'],
      ['repository:team/app:pull'],
    ]);
    http.close();
  });

  it('is replaced before it expires, without a refusal in between', async () => {
    // Nine tenths of this life are over when the answer has been read.
    await using place = await startPlace({ answer: () => ({ expires_in: 1e-6 }) });
    const http = client();
    for (let i = 0; i < 3; i++) await http.request(question(place), quietRun());
    expect(place.server.requests.map(({ url, status }) => [url.replace(/\?.*/, ''), status])).toEqual([
      ['/v2/', 401],
      ['/token', 200],
      ['/v2/', 200],
      ['/token', 200],
      ['/v2/', 200],
      ['/token', 200],
      ['/v2/', 200],
    ]);
    http.close();
  });

  it('that is refused in the middle of a long transfer is replaced, and the transfer goes on', async () => {
    const whole = seededBuffer(3_000_000, 'long');
    const cut: Fault = {
      match: ({ path, headers }) => path === '/v2/' && headers.authorization !== undefined,
      times: 1,
      do: { kind: 'cut', afterBytes: 1_200_000 },
    };
    await using place = await startPlace(
      { serve: (request) => rangeReply(request, toContent(whole), { etag: '"1"' }) as never },
      [cut],
    );
    const http = client();
    const run = {
      ...quietRun(),
      emit: (event: RunEvent) => void (event.kind === 'retry' && place.expire()),
    };
    const chunks: Buffer[] = [];
    const body: Bytes = http.body({ ...question(place), size: whole.byteLength }, 0, run);
    for await (const chunk of body) chunks.push(Buffer.from(chunk));
    expect(Buffer.compare(Buffer.concat(chunks), whole)).toBe(0);
    expect(place.server.requests.map(({ status, headers }) => [status, headers['range']])).toEqual([
      [401, undefined],
      [200, undefined],
      [200, undefined],
      [401, 'bytes=1200000-'],
      [200, undefined],
      [206, 'bytes=1200000-'],
    ]);
    http.close();
  });

  it('that was given and is refused is not replaced by an anonymous one', async () => {
    await using place = await startPlace();
    const http = client({ bearer: 'given-secret' });
    await expect(http.request(question(place), quietRun())).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('refuses the credentials'),
    });
    expect(place.asked).toEqual([]);
    http.close();
  });
});

describe('a token service in trouble', () => {
  it.each([
    ['cut in its answer', { kind: 'cut', afterBytes: 10 } as const],
    ['500', { kind: 'status', status: 500 } as const],
    ['too many requests', { kind: 'status', status: 429, headers: { 'retry-after': '1' } } as const],
  ])('(%s) is asked again, for what is read and for what is sent', async (_, fault) => {
    await using place = await startPlace({}, [{ ...ofService, times: 2, do: fault }]);
    const http = client();
    expect((await http.request(question(place), quietRun())).status).toBe(200);
    place.expire();
    place.server.addFault({ ...ofService, times: 2, do: fault });
    expect((await http.send({ ...question(place), method: 'PUT' }, quietRun())).status).toBe(200);
    http.close();
  });

  it('is named when it stays in trouble', async () => {
    await using place = await startPlace({}, [{ ...ofService, do: { kind: 'status', status: 503 } }]);
    const http = client();
    await expect(http.send({ ...question(place), method: 'PUT' }, quietRun())).rejects.toMatchObject({
      code: 'SERVER_ERROR',
      retryable: true,
      message: expect.stringContaining(`${place.server.host} answered 503`),
    });
    http.close();
  });
});

it('the credentials of a repository are asked for with its name, once', async () => {
  const asked: Array<string | undefined> = [];
  await using place = await startPlace();
  const http = createHttpClient({
    credentials: async (_, repository) => {
      asked.push(repository);
      return undefined;
    },
  });
  const scopes = ['repository:team/app:pull', 'repository:team/app:pull', 'repository:other:pull'];
  for (const scope of scopes) await http.request(question(place, scope), quietRun());
  await http.request({ ...question(place), scope: undefined as never }, quietRun());
  expect(asked).toEqual(['team/app', 'other', undefined]);
  http.close();
});
