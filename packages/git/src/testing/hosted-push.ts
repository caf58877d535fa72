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
import { createGit } from '../git-tool.ts';
import { type GitPusherOptions, gitPusher } from '../push/git-pusher.ts';
import { type OnePack, onePack } from './one-pack.ts';

/** A host with an empty repository, and a release that is to be pushed into it. */
export interface HostedPush {
  readonly server: TestServer;
  /** The repository, on the host's disk. */
  readonly repository: string;
  /** By git itself, which speaks to the host. */
  byGit(): Promise<void>;
  /** As a command with ten thousand refs would push: git speaks to us, and we to the host. */
  byRequests(): Promise<void>;
  /** What the host has now, as `git for-each-ref` lists it. */
  refs(): Promise<string>;
  close(): Promise<void>;
}

/** `idleTimeoutMs`: how long the host may be silent. */
export async function hostedPush(idleTimeoutMs: number): Promise<HostedPush> {
  const home = await temporaryDirectory();
  const repository = home.join('srv/line');
  const env = gitEnvironment();
  const made = await onePack(home, [{ message: 'one', files: { 'a.txt': 'one\n' } }]);
  await mustRun('git', ['init', '-q', '--bare', repository], { env });
  const server = await startGitServer(home.join('srv'), { push: true });
  const push = (options: Partial<GitPusherOptions>): Promise<void> =>
    pushTo(`${server.url}/line`, made, home, { idleTimeoutMs, ...options });
  return {
    server,
    repository,
    byGit: () => push({}),
    byRequests: async () => {
      const http = createHttpClient({ onlyHosts: [server.host], idleTimeoutMs, wait: async () => {} });
      try {
        await push({ http, manyRefs: 1 });
      } finally {
        http.close();
      }
    },
    refs: () => mustRun('git', ['-C', repository, 'for-each-ref'], { env }),
    close: async () => {
      await server.close();
      await home.remove();
    },
  };
}

async function pushTo(
  url: string,
  { content, medium }: OnePack,
  home: TemporaryDirectory,
  options: Partial<GitPusherOptions>,
): Promise<void> {
  const git = createGit({ environment: gitEnvironment() });
  const pusher = gitPusher({ git, workDirectory: home.join('work'), ...options });
  const stage = await pusher.stage(content, medium, quietRun());
  const refs = content.refs.map(({ name, oid }) => ({ name, oid, lease: {} }));
  await stage.push(url, refs, quietRun());
}
