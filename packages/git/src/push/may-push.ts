import { randomUUID } from 'node:crypto';
import { access, constants, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GapferryError, isGapferryError, isInterruption, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { createBare } from '../bare-repository.ts';
import type { RemoteSurroundings } from '../git-remote.ts';
import type { Git } from '../git-tool.ts';
import { readAdvertisement } from './advertisement.ts';
import { directoryOf } from './file-place.ts';
import { fromTarget } from './push-failure.ts';

/** Whether a push would be let in. `said`: what the host says to it. */
export type PushRight = { readonly state: 'proven' } | { readonly state: 'lacking'; readonly said: string };

/** Over HTTP: whoever is shown what receives pushes may push (gitprotocol-http, smart clients; every host asks for the right there). Changes nothing. */
export async function mayPushOverHttp(http: HttpClient, url: string, run: Run): Promise<PushRight> {
  return await judged(() => readAdvertisement(http, url, 'git-receive-pack', run));
}

/** Over SSH: begins a push that is a trial for the host as well: it is shown nothing to receive. Changes nothing. */
export async function mayPushByTrial(
  git: Git,
  { url, remote, workDirectory }: { url: string; remote: RemoteSurroundings; workDirectory: string },
  run: Run,
): Promise<PushRight> {
  const scratch = join(workDirectory, `trial-${randomUUID()}`);
  try {
    await createBare(git, scratch, 'sha1', [], run);
    const args = ['push', '--dry-run', '--porcelain', '--', url, ':refs/gapferry/trial'];
    const doing = `ask whether ${url} may be pushed to`;
    return await judged(async () => {
      const answer = await git.run({ ...remote, repository: scratch, doing, args, accept: [1] }, run);
      if (answer.status === 0 || /remote ref does not exist/.test(answer.complaint)) return;
      throw new GapferryError({ code: 'FORBIDDEN', message: `could not ${doing}: ${answer.complaint}` });
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** In a directory here: may it, or what is there of the way to it, be written? */
export async function mayWrite(url: string): Promise<PushRight> {
  let directory = directoryOf(url);
  for (;;) {
    try {
      await access(directory, constants.W_OK | constants.X_OK);
      return { state: 'proven' };
    } catch (error) {
      const isMissing =
        (error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(directory) !== directory;
      if (!isMissing) return { state: 'lacking', said: `${directory} may not be written to` };
      directory = dirname(directory);
    }
  }
}

/** The host could be read a moment ago: what it refuses now is the push. Failed trips stay failed trips. */
async function judged(ask: () => Promise<unknown>): Promise<PushRight> {
  try {
    await ask();
    return { state: 'proven' };
  } catch (error) {
    if (!isGapferryError(error) || isInterruption(error) || error.retryable || !REFUSALS.has(error.code))
      throw fromTarget(error, 'write');
    return { state: 'lacking', said: error.message };
  }
}

/** Hosts say of what one may not write also that there is none; over SSH they say what they like and hang up. */
const REFUSALS: ReadonlySet<string> = new Set([
  'UNAUTHORIZED',
  'FORBIDDEN',
  'SOURCE_NOT_FOUND',
  'GIT_FAILED',
]);
