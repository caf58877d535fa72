import { writeFile } from 'node:fs/promises';
import { gitEnvironment, mustRun } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HostedPush, hostedPush } from '../testing/hosted-push.ts';

/** More than the second after which the server here says that it is still there, and less than what it works for. */
const MOMENT = 2500;

/** Seconds; a hook of the host, which says nothing itself. */
const WORK = 6;

let host: HostedPush;
beforeEach(async () => {
  host = await hostedPush(MOMENT);
  await writeFile(`${host.repository}/hooks/pre-receive`, `#!/bin/sh\nsleep ${WORK}\n`, { mode: 0o755 });
});
afterEach(() => host.close());

async function sayEvery(seconds: number): Promise<void> {
  await mustRun('git', ['-C', host.repository, 'config', 'receive.keepAlive', `${seconds}`], {
    env: gitEnvironment(),
  });
}

describe.each([
  ['git', () => host.byGit()],
  ['requests of our own', () => host.byRequests()],
])('a host that works for longer than it may be silent, pushed to by %s', (_way, pushing) => {
  it('is waited for as long as it says that it is still there', async () => {
    await sayEvery(1);
    await pushing();
    expect(await host.refs()).toContain('refs/heads/main');
  });

  it('is given up when it does not', async () => {
    await sayEvery(0);
    await expect(pushing()).rejects.toMatchObject({ code: 'TIMED_OUT', retryable: true });
  });
});
