import { chmod } from 'node:fs/promises';
import { quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
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
let home: TemporaryDirectory;
let server: TestServer;

beforeAll(async () => {
  home = await temporaryDirectory();
  for (const name of ['line', 'closed'])
    await mustRun('git', ['init', '-q', '--bare', home.join('srv', name)], { env: gitEnvironment() });
  server = await startGitServer(home.join('srv'), { push: true });
});
beforeEach(() => server.clearFaults());
afterAll(async () => {
  await server.close();
  await home.remove();
});

/** `own`: with an HTTP client of ours; without, git asks, as it does over SSH. */
function pusher(own: boolean): GitPusher & { close(): void } {
  const http = createHttpClient({ onlyHosts: [server.host], wait: async () => {} });
  const git = createGit({ environment: gitEnvironment() });
  const options = { git, workDirectory: home.join('work'), wait: async () => {}, ...(own && { http }) };
  return { ...gitPusher(options), close: () => http.close() };
}

describe.each([
  ['by a request of our own', true],
  ['by a push on trial', false],
])('whether a repository may be pushed to is found out %s', (_, own) => {
  it('where it may, and nothing is pushed', async () => {
    const before = server.requests.length;
    const asking = pusher(own);
    expect(await asking.mayPush(`${server.url}/line`, run)).toEqual({ state: 'proven' });
    expect(server.requests.slice(before).every(({ method }) => method === 'GET')).toBe(true);
    asking.close();
  });

  it.each([401, 403, 404])('where the host refuses it: %d', async (status) => {
    server.addFault({
      match: ({ url }) => url.includes('service=git-receive-pack'),
      do: { kind: 'status', status, body: 'you may not write here' },
    });
    const asking = pusher(own);
    expect(await asking.mayPush(`${server.url}/line`, run)).toMatchObject({ state: 'lacking' });
    asking.close();
  });

  it('could not ask is no answer', async () => {
    server.addFault({ match: () => true, do: { kind: 'status', status: 500 } });
    const asking = pusher(own);
    await expect(asking.mayPush(`${server.url}/line`, run)).rejects.toMatchObject({
      code: 'SERVER_ERROR',
      origin: 'target',
    });
    asking.close();
  });
});

describe('a directory', () => {
  it('may be pushed to where it, or what is there of the way to it, may be written', async () => {
    const asking = pusher(true);
    expect(await asking.mayPush(`file://${home.join('srv/line')}`, run)).toEqual({ state: 'proven' });
    expect(await asking.mayPush(`file://${home.join('srv/new/deep/repo.git')}`, run)).toEqual({
      state: 'proven',
    });
    asking.close();
  });

  it.skipIf(process.getuid?.() === 0)('is refused where it may not (not as root)', async () => {
    await chmod(home.join('srv/closed'), 0o500);
    const asking = pusher(true);
    expect(await asking.mayPush(`file://${home.join('srv/closed/new.git')}`, run)).toMatchObject({
      state: 'lacking',
      said: expect.stringContaining('may not be written'),
    });
    await chmod(home.join('srv/closed'), 0o700);
    asking.close();
  });
});

it('no push goes along a redirect, and who asks by himself is told so', async () => {
  server.addFault({
    match: ({ url }) => url.startsWith('/line/') && url.includes('service=git-receive-pack'),
    do: { kind: 'redirect', to: `${server.url}/closed/info/refs?service=git-receive-pack` },
  });
  const asking = pusher(true);
  await expect(asking.mayPush(`${server.url}/line`, run)).rejects.toMatchObject({
    code: 'PROTOCOL_VIOLATION',
    hint: expect.stringContaining('`url` of the target'),
  });
  asking.close();
});
