import { quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type Fault,
  gitEnvironment,
  mustRun,
  startGitServer,
  type TemporaryDirectory,
  type TestServer,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGit } from '../git-tool.ts';
import { type OnePack, onePack } from '../testing/one-pack.ts';
import { type GitPusherOptions, gitPusher } from './git-pusher.ts';

const run = quietRun();
let home: TemporaryDirectory;
let server: TestServer;
let made: OnePack;

beforeEach(async () => {
  home = await temporaryDirectory();
  made = await onePack(home, [{ message: 'one', files: { 'a.txt': 'one\n' } }]);
  await mustRun('git', ['init', '-q', '--bare', home.join('srv/line')], { env: gitEnvironment() });
  server = await startGitServer(home.join('srv'), { push: true });
});
afterEach(async () => {
  await server.close();
  await home.remove();
});

/** What a minute is for people. */
const MOMENT = 400;

async function push(options: Partial<GitPusherOptions>): Promise<void> {
  const git = createGit({ environment: gitEnvironment() });
  const pusher = gitPusher({ git, workDirectory: home.join('work'), idleTimeoutMs: MOMENT, ...options });
  const stage = await pusher.stage(made.content, made.medium, run);
  await stage.push(
    `${server.url}/line`,
    made.content.refs.map(({ name, oid }) => ({ name, oid, lease: {} })),
    run,
  );
}

async function pushByRequests(): Promise<void> {
  const http = createHttpClient({ onlyHosts: [server.host], idleTimeoutMs: MOMENT, wait: async () => {} });
  try {
    // As a command with ten thousand refs would wait: the answer has its own time.
    await push({ http, manyRefs: 1 });
  } finally {
    http.close();
  }
}

describe.each([
  ['git', () => push({})],
  ['requests of our own', pushByRequests],
])('a host that falls silent is given up by %s', (_way, pushing) => {
  const isUpload: Fault['match'] = ({ method, path }) =>
    method === 'POST' && path.endsWith('/git-receive-pack');
  const isListing: Fault['match'] = ({ path }) => path.endsWith('/info/refs');

  it.each<[string, Fault]>([
    ['before it lists its refs', { match: isListing, do: { kind: 'stall' } }],
    ['within its list of refs', { match: isListing, do: { kind: 'stall', afterBytes: 60 } }],
    ['when it has everything', { match: isUpload, do: { kind: 'stall' } }],
    ['within its answer', { match: isUpload, do: { kind: 'stall', afterBytes: 3 } }],
  ])('%s', async (_phase, fault) => {
    server.addFault(fault);
    await expect(pushing()).rejects.toMatchObject({ code: 'TIMED_OUT', retryable: true });
  });

  it('and not when it answers', async () => {
    await pushing();
    const listed = await mustRun('git', ['-C', home.join('srv/line'), 'for-each-ref'], {
      env: gitEnvironment(),
    });
    expect(listed).toContain('refs/heads/main');
  });
});
