import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Credentials,
  freePort,
  mustRun,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { type Access, readAccesses } from './access-log.ts';
import { type RunningProgram, startProgram } from './start-program.ts';
import { tool } from './tools.ts';

/** A real Gitea on a free port of 127.0.0.1: its API, Git over HTTP, and its container registry under `/v2/`. */
export interface Gitea extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** A public organisation; anybody may pull from its registry, the administrator may push. */
  readonly organisation: string;
  /** The administrator, with a token of all scopes in the place of the password. */
  readonly credentials: Credentials;
  /** Asks its API (`/api/v1` before the path) as the administrator; throws unless it says 2xx. */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Its access log so far. */
  accessLog(): Access[];
  /** Where Git is over SSH; only where it was started so. */
  readonly ssh?: GiteaSsh;
}

export interface GiteaSsh {
  /** `ssh://user@127.0.0.1:PORT`. */
  readonly url: string;
  /** Files of the client: the administrator's key, and the known_hosts with the server's. */
  readonly key: string;
  readonly knownHosts: string;
}

export interface GiteaOptions {
  /** Serve Git over SSH too, by Gitea's own server. Needs ssh-keygen. */
  readonly ssh?: boolean;
}

const ADMIN = { username: 'plant-admin', password: 'Sesam-oeffne-dich-49' } as const;
const ORGANISATION = 'plant';

export async function startGitea({ ssh = false }: GiteaOptions = {}): Promise<Gitea> {
  const home = await temporaryDirectory();
  try {
    const { program, port, sshPort } = await listen(home, ssh);
    const url = `http://127.0.0.1:${port}`;
    const credentials = { username: ADMIN.username, password: await makeToken(home) };
    const api: Gitea['api'] = (method, path, body) => ask(url, credentials.password, method, path, body);
    await api('POST', '/orgs', { username: ORGANISATION, visibility: 'public' });
    const reached = sshPort === undefined ? undefined : await prepareSsh(home, sshPort, api);
    return {
      ...(reached !== undefined && { ssh: reached }),
      port,
      host: `127.0.0.1:${port}`,
      organisation: ORGANISATION,
      credentials,
      api,
      accessLog: () => readAccesses(readFileSync(home.join('log/access.log'), 'utf8')),
      [Symbol.asyncDispose]: async () => {
        await program.stop();
        await home.remove();
      },
    };
  } catch (error) {
    await home.remove();
    throw error;
  }
}

const environment = (home: TemporaryDirectory): Record<string, string | undefined> => ({
  PATH: process.env['PATH'],
  HOME: home.path,
  GIT_CONFIG_NOSYSTEM: '1',
});

/** It cannot choose a port itself; when somebody takes the free one first, it gets another. */
async function listen(
  home: TemporaryDirectory,
  ssh: boolean,
): Promise<{ program: RunningProgram; port: number; sshPort: number | undefined }> {
  await mkdir(home.join('log'));
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const sshPort = ssh ? await freePort() : undefined;
    await writeFile(home.join('app.ini'), settings(home, port, sshPort));
    if (tries === 1) await prepare(home);
    try {
      const program = await startProgram(tool('gitea'), ['-c', home.join('app.ini'), 'web'], {
        ready: /Starting new Web server: tcp:127\.0\.0\.1:\d+/,
        env: environment(home),
      });
      await untilHealthy(port, program);
      return { program, port, sshPort };
    } catch (error) {
      if (tries === 5 || !String(error).includes('address already in use')) throw error;
    }
  }
}

async function prepare(home: TemporaryDirectory): Promise<void> {
  const { username, password } = ADMIN;
  await admin(home, ['migrate']);
  const user = ['--username', username, '--password', password, '--email', `${username}@example.org`];
  await admin(home, ['admin', 'user', 'create', '--admin', ...user, '--must-change-password=false']);
}

async function makeToken(home: TemporaryDirectory): Promise<string> {
  const named = ['--username', ADMIN.username, '--token-name', 'live', '--scopes', 'all', '--raw'];
  const said = await admin(home, ['admin', 'user', 'generate-access-token', ...named]);
  const token = /^[0-9a-f]{40}$/m.exec(said)?.[0];
  if (token === undefined) throw new Error('gitea gave no access token');
  return token;
}

function admin(home: TemporaryDirectory, args: readonly string[]): Promise<string> {
  return mustRun(tool('gitea'), ['-c', home.join('app.ini'), ...args], { env: environment(home) });
}

/** The administrator's key at the server, and the server's at the client. Its host key is made when it starts. */
async function prepareSsh(home: TemporaryDirectory, port: number, api: Gitea['api']): Promise<GiteaSsh> {
  const [key, knownHosts, hostKey] = [
    home.join('client-key'),
    home.join('known_hosts'),
    home.join('host-key.pub'),
  ];
  await mustRun(tool('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', '', '-C', 'live', '-f', key]);
  await api('POST', '/user/keys', { title: 'live', key: readFileSync(`${key}.pub`, 'utf8') });
  const made = await mustRun(tool('ssh-keygen'), ['-y', '-f', home.join('data/ssh/gitea.rsa')]);
  await writeFile(hostKey, made);
  const [kind, value] = made.split(' ');
  await writeFile(knownHosts, `[127.0.0.1]:${port} ${kind} ${value?.trim()}\n`);
  return { url: `ssh://${userInfo().username}@127.0.0.1:${port}`, key, knownHosts };
}

/** It says that it starts a moment before it listens. */
async function untilHealthy(port: number, program: RunningProgram): Promise<void> {
  const deadline = performance.now() + 30_000;
  const healthy = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/api/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await healthy())) {
    const waiting = performance.now() < deadline && !program.output().includes('address already in use');
    if (waiting) {
      await pause(20);
      continue;
    }
    await program.stop();
    throw new Error(`gitea is not healthy:\n${program.output()}`);
  }
}

async function ask(
  url: string,
  token: string,
  method: string,
  path: string,
  body: unknown,
): Promise<unknown> {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`gitea: ${method} ${path}: ${answer.status} ${text}`);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

function settings(home: TemporaryDirectory, port: number, sshPort: number | undefined): string {
  const url = `http://127.0.0.1:${port}/`;
  return [
    `RUN_USER = ${userInfo().username}`,
    'RUN_MODE = prod',
    `WORK_PATH = ${home.path}`,
    `I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = ${process.getuid?.() === 0}`,
    '[server]',
    `STATIC_ROOT_PATH = ${dirname(tool('gitea'))}`,
    'HTTP_ADDR = 127.0.0.1',
    `HTTP_PORT = ${port}`,
    `ROOT_URL = ${url}`,
    ...sshSettings(sshPort),
    'LFS_START_SERVER = true',
    'OFFLINE_MODE = true',
    '[database]',
    'DB_TYPE = sqlite3',
    '[security]',
    'INSTALL_LOCK = true',
    // Only one password is ever hashed here, and it is no secret.
    'PASSWORD_HASH_ALGO = pbkdf2$1000$50',
    '[service]',
    'DISABLE_REGISTRATION = true',
    '[log]',
    'MODE = console',
    'LEVEL = info',
    'logger.access.MODE = file',
    '[log.file]',
    `FILE_NAME = ${home.join('log/access.log')}`,
    '',
  ].join('\n');
}

function sshSettings(port: number | undefined): string[] {
  if (port === undefined) return ['DISABLE_SSH = true'];
  return [
    'START_SSH_SERVER = true',
    'SSH_LISTEN_HOST = 127.0.0.1',
    `SSH_LISTEN_PORT = ${port}`,
    `SSH_PORT = ${port}`,
  ];
}
