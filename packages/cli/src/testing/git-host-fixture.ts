import { mkdir } from 'node:fs/promises';
import { createGit, type GitPusherOptions, gitPusher } from '@gapferry/git';
import { createHttpClient } from '@gapferry/http';
import {
  type GitHost,
  type GitHostTarget,
  type GitRemotes,
  giteaHost,
  gitHostTarget,
  gitlabHost,
  type LiftJournal,
  plainHost,
  type RefsPolicy,
} from '@gapferry/targets';
import {
  type GiteaFake,
  type GitlabFake,
  gitEnvironment,
  mustRun,
  startGiteaFake,
  startGitlabFake,
  startGitServer,
  type TemporaryDirectory,
  type TestServer,
  temporaryDirectory,
} from '@gapferry/testkit';
import { hostApi } from '../inside/host-api.ts';
import { memoryLifts } from './memory-lifts.ts';

/** `hidden`: a plain place that takes branches and tags alone. */
export type GitHostKind = 'path' | 'http' | 'hidden' | 'gitea' | 'gitlab';

export interface OpenOptions {
  readonly policy?: Partial<RefsPolicy>;
  readonly sequence?: number;
  readonly template?: string;
  readonly visibility?: 'private' | 'public';
  readonly pusher?: Partial<GitPusherOptions>;
  /** Another token than the right one. */
  readonly password?: string;
}

/** A host, and targets that load into it with real git. */
export interface GitHostFixture {
  readonly server: TestServer;
  readonly gitea?: GiteaFake;
  readonly gitlab?: GitlabFake;
  /** Of all targets that are opened. */
  readonly journal: LiftJournal;
  open(options?: OpenOptions): {
    readonly target: GitHostTarget;
    readonly remotes: GitRemotes;
    readonly host: GitHost;
  };
  path(...parts: readonly string[]): string;
  close(): Promise<void>;
}

const CREDENTIALS = { username: 'ferry', password: 'Sesam-47-token' };

export async function openGitHostFixture(
  kind: GitHostKind,
  more: {
    readonly bodyLimit?: number;
    readonly isAdmin?: boolean;
    readonly topicsApart?: boolean;
    readonly level?: number;
  } = {},
): Promise<GitHostFixture> {
  const home = await temporaryDirectory();
  const directory = home.join('srv');
  await mkdir(directory);
  const options = { directory, credentials: CREDENTIALS, ...more };
  const gitea = kind === 'gitea' ? await startGiteaFake(options) : undefined;
  const gitlab = kind === 'gitlab' ? await startGitlabFake(options) : undefined;
  const server = gitea ?? gitlab ?? (await startGitServer(directory, { push: true, ...more }));
  if (kind === 'http' || kind === 'hidden') await makeBare(home, kind);
  const journal = memoryLifts();
  const closing: Array<() => Promise<void> | void> = [];
  return {
    server,
    ...(gitea !== undefined && { gitea }),
    ...(gitlab !== undefined && { gitlab }),
    journal,
    path: (...parts) => home.join(...parts),
    open: (wanted = {}) => {
      const opened = open({ kind, home, server, journal, wanted });
      closing.push(opened.close);
      return opened;
    },
    close: async () => {
      for (const close of closing) await close();
      await server.close();
      await home.remove();
    },
  };
}

async function makeBare(home: TemporaryDirectory, kind: GitHostKind): Promise<void> {
  const bare = home.join('srv/git.example/line/infra.git');
  const git = (...args: readonly string[]): Promise<string> =>
    mustRun('git', args, { env: gitEnvironment() });
  await git('init', '-q', '--bare', bare);
  if (kind === 'hidden') await git('--git-dir', bare, 'config', 'receive.hideRefs', 'refs/gapferry/incoming');
}

interface Opening {
  readonly kind: GitHostKind;
  readonly home: TemporaryDirectory;
  readonly server: TestServer;
  readonly journal: LiftJournal;
  readonly wanted: OpenOptions;
}

function open(opening: Opening): ReturnType<GitHostFixture['open']> & { close(): Promise<void> } {
  const { home, wanted, journal, server } = opening;
  const credentials = { ...CREDENTIALS, ...(wanted.password !== undefined && { password: wanted.password }) };
  const pushing = createHttpClient({
    onlyHosts: [server.host],
    credentials: async () => credentials,
    idleTimeoutMs: 3_600_000,
  });
  const remotes = gitPusher({
    http: pushing,
    git: createGit({ environment: gitEnvironment() }),
    workDirectory: home.join('work'),
    wait: async () => {},
    credentials: async (asked) => (asked === server.host ? credentials : undefined),
    ...wanted.pusher,
  });
  const http = createHttpClient({ onlyHosts: [server.host], wait: async () => {} });
  const host = toHost(opening, remotes, http, credentials);
  const target = gitHostTarget({
    name: 'forge',
    host,
    remotes,
    policy: { force: 'backup', tags: 'keep', prune: false, protected: 'refuse', ...wanted.policy },
    release: {
      channel: 'line',
      version: '1.4.0',
      sequence: wanted.sequence ?? 17,
      statement: `sha256:${String(wanted.sequence ?? 17).padStart(64, 'a')}`,
    },
    journal,
  });
  const close = async (): Promise<void> => {
    await target.close();
    http.close();
    pushing.close();
  };
  return { target, remotes, host, close };
}

function toHost(
  { kind, home, server, wanted }: Opening,
  remotes: GitRemotes,
  http: ReturnType<typeof createHttpClient>,
  { username, password }: typeof CREDENTIALS,
): GitHost {
  const { template = '{host}/{path}', visibility = 'private' } = wanted;
  const shared = { gitUrl: server.url, template, visibility };
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  if (kind === 'gitea') return giteaHost({ ...shared, api: hostApi(http, `${server.url}/api/v1`, basic) });
  if (kind === 'gitlab')
    return gitlabHost({ ...shared, api: hostApi(http, `${server.url}/api/v4`, `Bearer ${password}`) });
  return plainHost({ url: kind === 'path' ? `file://${home.join('srv')}` : server.url, template, remotes });
}
