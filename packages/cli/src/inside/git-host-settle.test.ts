import { quietRun } from '@gapferry/core';
import { createHttpClient, type HttpClient } from '@gapferry/http';
import { giteaHost, gitlabHost } from '@gapferry/targets';
import { startGiteaFake, startGitlabFake, startHttpServer, temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { hostApi } from './host-api.ts';

const wait = async (): Promise<void> => {};
const FACTS = { description: 'what it is', topics: ['line'] };
const SHAPE = { template: '{host}/{path}', visibility: 'private' } as const;

/** Gitea 1.26 says 500 "already in queue" to a change that comes right after a push; what is set twice is set. */
it.each([
  ['Gitea', giteaHost, ['PATCH', 'PATCH', 'PUT']],
  ['GitLab', gitlabHost, ['PUT', 'PUT']],
] as const)(
  'what is said of a repository is said again after trouble of the host (%s)',
  async (_, open, methods) => {
    await using server = await startHttpServer(() => ({ status: 200 }));
    server.addFault({ match: () => true, times: 1, do: { kind: 'status', status: 500 } });
    const http = createHttpClient();
    const host = open({ ...SHAPE, gitUrl: server.url, api: hostApi(http, server.url, 'Basic x', wait) });
    await host.settle('line/infra', FACTS, quietRun());
    expect(server.requests.map(({ method }) => method)).toEqual(methods);
    http.close();
  },
);

const credentials = { username: 'ferry', password: 'Sesam-47-token' };
const basic = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;

it.each([
  [
    'Gitea',
    startGiteaFake,
    (url: string, http: HttpClient) =>
      giteaHost({ ...SHAPE, gitUrl: url, api: hostApi(http, `${url}/api/v1`, basic, wait) }),
  ],
  [
    'GitLab',
    startGitlabFake,
    (url: string, http: HttpClient) =>
      gitlabHost({
        ...SHAPE,
        gitUrl: url,
        api: hostApi(http, `${url}/api/v4`, `Bearer ${credentials.password}`, wait),
      }),
  ],
] as const)(
  'a repository that was made counts, also where the answer was lost (%s)',
  async (_, start, open) => {
    await using home = await temporaryDirectory();
    await using server = await start({ directory: home.join('srv'), credentials });
    // The organisation or group, and the repository.
    const match = ({ method }: { readonly method: string }): boolean => method === 'POST';
    server.addFault({ match, times: 1, do: { kind: 'lostAnswer' } });
    server.addFault({
      match: ({ method, url }) => match({ method }) && /repos|projects/.test(url),
      times: 1,
      do: { kind: 'lostAnswer' },
    });
    const http = createHttpClient();
    const host = open(server.url, http);
    await host.create('line/infra', { objectFormat: 'sha1' }, quietRun());
    expect(await host.look('line/infra', quietRun())).toBeDefined();
    http.close();
  },
);

it('who stops the import while Gitea is still looking at the first push is told so', async () => {
  const stop = new AbortController();
  let looks = 0;
  await using server = await startHttpServer(() => {
    looks += 1;
    if (looks === 4) setTimeout(() => stop.abort(), 60);
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"empty":true,"default_branch":"main"}',
    };
  });
  const http = createHttpClient();
  const host = giteaHost({
    template: '{host}/{path}',
    visibility: 'private',
    gitUrl: server.url,
    api: hostApi(http, server.url, 'Basic x'),
  });
  const settling = host.settle(
    'line/infra',
    { head: 'refs/heads/release' },
    { ...quietRun(), signal: stop.signal },
  );
  await expect(settling).rejects.toMatchObject({ code: 'INTERRUPTED' });
  http.close();
});
