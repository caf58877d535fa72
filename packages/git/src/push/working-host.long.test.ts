import { writeFile } from 'node:fs/promises';
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

/** More than the second after which the server here says that it is still there, and less than what it works for. */
const MOMENT = 2500;

/** Seconds; a hook of the host, which says nothing itself. */
const WORK = 6;

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
    await push({ http, manyRefs: 1 });
  } finally {
    http.close();
  }
}

describe.each([
  ['git', () => push({})],
  ['requests of our own', pushByRequests],
])('a host that works for longer than it may be silent, pushed to by %s', (_way, pushing) => {
  beforeEach(() =>
    writeFile(home.join('srv/line/hooks/pre-receive'), `#!/bin/sh\nsleep ${WORK}\n`, { mode: 0o755 }),
  );

  it('is waited for as long as it says that it is still there', async () => {
    await mustRun('git', ['-C', home.join('srv/line'), 'config', 'receive.keepAlive', '1']);
    await pushing();
    const listed = await mustRun('git', ['-C', home.join('srv/line'), 'for-each-ref'], {
      env: gitEnvironment(),
    });
    expect(listed).toContain('refs/heads/main');
  });

  it('is given up when it does not', async () => {
    await mustRun('git', ['-C', home.join('srv/line'), 'config', 'receive.keepAlive', '0']);
    await expect(pushing()).rejects.toMatchObject({ code: 'TIMED_OUT', retryable: true });
  });
});
