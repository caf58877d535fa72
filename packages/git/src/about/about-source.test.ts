import { quietRun, type RunEvent } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { jsonReply, type Reply, startHttpServer, type TestServer } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { type AboutSource, type AboutSourceOptions, aboutSource } from './about-source.ts';
import { apiAddress, type RepositoryApi } from './api-address.ts';

const SECRET = { username: 'ferry', password: 'Sesam-4711' };
const cleanup = new Set<() => Promise<void> | void>();
afterEach(async () => {
  for (const close of cleanup) await close();
  cleanup.clear();
});

interface World {
  readonly server: TestServer;
  readonly source: AboutSource;
  readonly warnings: string[];
  /** The `Authorization` of each request. */
  readonly said: unknown[];
  ask(path?: string): ReturnType<AboutSource['ask']>;
}

async function world(
  api: RepositoryApi,
  answer: (path: string) => Reply | Promise<Reply>,
  more: Partial<AboutSourceOptions> = {},
): Promise<World> {
  const said: unknown[] = [];
  const server = await startHttpServer(({ path, headers }) => {
    said.push(headers['authorization']);
    return answer(path);
  });
  const http = createHttpClient({ wait: async () => {} });
  cleanup.add(() => server.close());
  cleanup.add(() => http.close());
  const credentials = async (host: string) => (host === server.host ? SECRET : undefined);
  const source = aboutSource({ http, apis: new Map([[server.host, api]]), credentials, ...more });
  const warnings: string[] = [];
  const emit = (event: RunEvent): void => {
    if (event.kind === 'warning') warnings.push(event.message);
  };
  const run = { ...quietRun(), emit };
  const ask = (path = 'ops/line-3'): ReturnType<AboutSource['ask']> =>
    source.ask(`${server.url}/${path}.git`, `git.example/${path}`, run);
  return { server, source, warnings, said, ask };
}

describe('where a host says what a repository is about', () => {
  it.each([
    ['https://github.com/ops/line-3.git', 'https://api.github.com/repos/ops/line-3'],
    ['ssh://git@github.com/ops/line-3.git', 'https://api.github.com/repos/ops/line-3'],
    ['https://gitlab.com/plant/ops/line-3', 'https://gitlab.com/api/v4/projects/plant%2Fops%2Fline-3'],
    ['https://codeberg.org/ops/line-3/', 'https://codeberg.org/api/v1/repos/ops/line-3'],
    ['ssh://git@git.example:2222/ops/a%20b.git', 'https://git.example/api/v1/repos/ops/a%20b'],
    ['https://git.example/forge/ops/x.git', 'https://git.example/forge/api/v1/repos/ops/x'],
    ['https://hub.example:8443/ops/x.git', 'https://hub.example:8443/api/v3/repos/ops/x'],
  ])('%s', (url, expected) => {
    const apis = new Map([
      ['git.example', 'gitea'],
      ['hub.example:8443', 'github'],
    ] as const);
    expect(apiAddress(url, apis)?.url).toBe(expected);
  });

  it.each([
    'https://git.example/ops/line-3.git',
    'file:///srv/ops/line-3.git',
    'https://quiet.example/ops/line-3.git',
    'https://github.com/line-3.git',
    'https://github.com/a/b/c.git',
  ])('is nowhere for %s', (url) => {
    expect(apiAddress(url, new Map([['quiet.example', 'none']]))).toBeUndefined();
  });
});

describe('what a host says of a repository', () => {
  it('is what GitHub has, asked with the token as a bearer', async () => {
    const { server, said, ask } = await world('github', () =>
      jsonReply(200, {
        description: 'Press line 3',
        homepage: 'https://line3.example',
        topics: ['plc', 'gitops'],
        id: 7,
      }),
    );
    expect(await ask()).toEqual({
      description: 'Press line 3',
      homepage: 'https://line3.example/',
      topics: ['gitops', 'plc'],
    });
    expect(server.requests.map(({ url }) => url)).toEqual(['/api/v3/repos/ops/line-3']);
    expect(said).toEqual(['Bearer Sesam-4711']);
  });

  it('is what GitLab has, of nested groups too, without a homepage', async () => {
    const { server, said, ask } = await world('gitlab', () =>
      jsonReply(200, { description: 'Press line 3', web_url: 'https://git.example/x', topics: ['PLC'] }),
    );
    expect(await ask('plant/ops/line-3')).toEqual({ description: 'Press line 3', topics: ['plc'] });
    expect(said).toEqual(['Bearer Sesam-4711']);
    expect(server.requests[0]?.url).toBe('/api/v4/projects/plant%2Fops%2Fline-3');
  });

  it.each([
    ['in the answer itself', { topics: ['plc'] }, 1],
    ['in an answer of their own', {}, 2],
  ])('is what Gitea has, with topics %s', async (_, extra, requests) => {
    const { server, said, ask } = await world('gitea', (path) =>
      path.endsWith('/topics')
        ? jsonReply(200, { topics: ['plc'] })
        : jsonReply(200, { description: '', website: 'https://line3.example', ...extra }),
    );
    expect(await ask()).toEqual({ homepage: 'https://line3.example/', topics: ['plc'] });
    expect(server.requests).toHaveLength(requests);
    const basic = `Basic ${Buffer.from('ferry:Sesam-4711').toString('base64')}`;
    expect(said).toEqual(Array(requests).fill(basic));
  });

  it('is asked once, and is nothing where the host says nothing', async () => {
    const { server, ask } = await world('github', () => jsonReply(200, { description: null, topics: [] }), {
      before: () => ({ description: 'Old' }),
    });
    expect(await Promise.all([ask(), ask()])).toEqual([undefined, undefined]);
    expect(server.requests).toHaveLength(1);
  });
});

describe('a host that does not say what its repositories are about', () => {
  const before = { description: 'As the lock has it' };

  it.each<[string, Reply]>([
    ['has no such repository', { status: 404 }],
    ['answers no JSON', { status: 200, body: '<html>' }],
    ['answers something else', jsonReply(200, [1])],
    ['refuses', jsonReply(403, { message: 'API rate limit exceeded' })],
    ['knows no such token', { status: 401 }],
    ['is broken', { status: 500 }],
    ['answers too much', { status: 200, body: 'x'.repeat(5 << 20) }],
  ])('and %s: is told, and what was known stays', async (_, reply) => {
    const { ask, warnings } = await world('github', () => reply, { before: () => before });
    expect(await ask()).toEqual(before);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('api: none');
    expect(warnings[0]).not.toContain('Sesam');
  });

  it('is asked about each repository that it may lack, and about no other when it lets nobody ask', async () => {
    const lacking = await world('gitea', () => ({ status: 404 }));
    await lacking.ask('ops/a');
    await lacking.ask('ops/b');
    expect(lacking.warnings).toHaveLength(2);
    const shut = await world('gitea', () => ({ status: 401 }));
    await Promise.all([shut.ask('ops/a'), shut.ask('ops/b')]);
    await shut.ask('ops/c');
    expect(shut.warnings).toHaveLength(1);
    expect(shut.server.requests.map(({ url }) => url)).not.toContain('/api/v1/repos/ops/c');
  });

  it('and never answers is waited for no longer than it takes', async () => {
    const never = new Promise<Reply>(() => {});
    const { ask, warnings } = await world('github', () => never, { patienceMs: 50 });
    expect(await ask()).toBeUndefined();
    expect(warnings[0]).toContain('did not answer in time');
  });

  it('does not hide that somebody stopped the run', async () => {
    const never = new Promise<Reply>(() => {});
    const { server, source } = await world('github', () => never);
    const stop = new AbortController();
    const asking = source.ask(`${server.url}/a/b.git`, 'a/b', quietRun(stop.signal));
    stop.abort();
    await expect(asking).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('gets no token over plain HTTP elsewhere', async () => {
    const sent: unknown[] = [];
    const http = {
      ...createHttpClient(),
      request: async (request: { readonly headers?: unknown }) => {
        sent.push(request.headers);
        return { status: 200, headers: new Map(), body: Buffer.from('{}'), url: '' };
      },
    };
    const options = {
      http,
      credentials: async () => SECRET,
      apis: new Map([['git.example', 'gitlab']] as const),
    };
    await aboutSource(options).ask('http://git.example/a/b.git', 'a/b', quietRun());
    await aboutSource({ ...options, insecure: ['git.example'] }).ask(
      'http://git.example/a/b.git',
      'a/b',
      quietRun(),
    );
    expect(sent).toEqual([
      { accept: 'application/json' },
      { accept: 'application/json', authorization: 'Bearer Sesam-4711' },
    ]);
  });
});
