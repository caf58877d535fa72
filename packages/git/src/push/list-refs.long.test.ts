import { quietRun } from '@gapferry/core';
import { createHttpClient, type HttpClient } from '@gapferry/http';
import {
  createRepository,
  gitEnvironment,
  mustRun,
  startGitServer,
  type TemporaryDirectory,
  type TestServer,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGit } from '../git-tool.ts';
import { type GitPusher, gitPusher } from './git-pusher.ts';

const run = quietRun();
const AUTH = { username: 'u', password: 'Sesam-47' };
let home: TemporaryDirectory;
let server: TestServer;
let http: HttpClient;
const ask = (args: readonly string[]): Promise<string> => mustRun('git', args, { env: gitEnvironment() });

beforeAll(async () => {
  home = await temporaryDirectory();
  const upstream = await createRepository(home.join('srv/line'), [
    { message: 'one', files: { 'a.txt': 'one\n' }, annotatedTags: { v1: 'First' } },
    { message: 'two', files: { 'a.txt': 'two\n' } },
  ]);
  await ask(['-C', upstream.path, 'update-ref', 'refs/gapferry/incoming/x', 'HEAD']);
  await ask(['init', '-q', '--bare', '--initial-branch=trunk', home.join('srv/empty')]);
  server = await startGitServer(home.join('srv'), { push: true, auth: AUTH });
});
beforeEach(() => {
  http = createHttpClient({ onlyHosts: [server.host], credentials: async () => AUTH, wait: async () => {} });
  return () => http.close();
});
afterAll(async () => {
  await server.close();
  await home.remove();
});

function pusher(options: { readonly http?: HttpClient } = { http }): GitPusher {
  const git = createGit({ environment: gitEnvironment() });
  return gitPusher({ git, workDirectory: home.join('work'), credentials: async () => AUTH, ...options });
}

describe('asking a host for refs with a request of our own', () => {
  it('finds what git finds, HEAD and hidden names included, with one request', async () => {
    const before = server.requests.length;
    const found = await pusher().list(`${server.url}/line`, run);
    expect(server.requests.length - before).toBe(1);
    expect(found).toEqual(await pusher({}).list(`${server.url}/line`, run));
    expect(found?.head).toBe('refs/heads/main');
    expect(found?.refs.map(({ name }) => name)).toEqual([
      'refs/gapferry/incoming/x',
      'refs/heads/main',
      'refs/tags/v1',
    ]);
  });

  it('tells an empty repository from none', async () => {
    expect(await pusher().list(`${server.url}/empty`, run)).toMatchObject({ refs: [] });
    expect(await pusher().list(`${server.url}/nowhere`, run)).toBeUndefined();
  });

  it('says that credentials are wrong, and never which', async () => {
    const stranger = createHttpClient({
      onlyHosts: [server.host],
      credentials: async () => ({ username: 'u', password: 'Wrong-11' }),
    });
    const listing = pusher({ http: stranger }).list(`${server.url}/line`, run);
    await expect(listing).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      origin: 'target',
      hint: expect.stringContaining('`credentials` of the target'),
    });
    await listing.catch((error: unknown) => expect(JSON.stringify(error)).not.toContain('Wrong-11'));
    stranger.close();
  });

  it.each(['the same', 'another'])('follows no redirect to %s host', async (which) => {
    await using other = await startGitServer(home.join('srv'), { push: true });
    const to = `${which === 'another' ? other.url : server.url}/line/info/refs?service=git-upload-pack`;
    server.addFault({ match: ({ path }) => path.includes('/moved/'), do: { kind: 'redirect', to } });
    await expect(pusher().list(`${server.url}/moved`, run)).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
      origin: 'target',
      hint: expect.stringContaining('which is not followed'),
    });
    expect(other.requests).toEqual([]);
  });

  it('takes no web page for a repository', async () => {
    server.addFault({ match: ({ path }) => path.includes('/page/'), do: { kind: 'status', status: 204 } });
    await expect(pusher().list(`${server.url}/page`, run)).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
    });
  });
});
