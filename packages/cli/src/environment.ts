import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { GapferryError } from '@gapferry/core';

/** What the environment says, read once and passed on: nothing below the cli looks at it. */
export interface Environment {
  readonly home: string;
  /** Host:port pairs like curl's `--connect-to`. */
  readonly connectTo: ReadonlyMap<string, string>;
  /** File with certificates in PEM that are trusted besides the system's. */
  readonly caFile?: string;
  readonly dockerConfig: string;
  /** Where credentials of registries may stand, in the order in which they count: the Docker config, then what podman and skopeo read. */
  readonly credentialFiles: readonly string[];
  readonly proxy: Readonly<Record<string, string | undefined>>;
  readonly keyPassphrase?: string;
  /** A `helm` that renders charts instead of the engine that is built in, and where it is looked for. */
  readonly helm?: { readonly program: string; readonly path: string };
}

const PROXY_NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];

export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const home = env['HOME'] ?? '/';
  const passphrase = env['GAPFERRY_KEY_PASSPHRASE'];
  const caFile = env['GAPFERRY_CA'];
  const helm = env['GAPFERRY_HELM'] ?? '';
  const dockerConfig = `${env['DOCKER_CONFIG'] ?? `${home}/.docker`}/config.json`;
  return {
    home,
    connectTo: parseConnectTo(env['GAPFERRY_CONNECT_TO'] ?? ''),
    ...(caFile !== undefined && caFile !== '' && { caFile }),
    dockerConfig,
    credentialFiles: [dockerConfig, ...containersFiles(env)],
    proxy: readProxies(env),
    ...(passphrase !== undefined && { keyPassphrase: passphrase }),
    ...(helm !== '' && { helm: { program: programOf(helm), path: env['PATH'] ?? '' } }),
  };
}

/** A path is meant from here; it is started elsewhere. */
function programOf(text: string): string {
  return text.includes('/') ? resolve(text) : text;
}

/** containers-auth.json(5). */
function containersFiles(env: NodeJS.ProcessEnv): string[] {
  const [named = '', runtime = ''] = [env['REGISTRY_AUTH_FILE'], env['XDG_RUNTIME_DIR']];
  return [...(named === '' ? [] : [named]), ...(runtime === '' ? [] : [`${runtime}/containers/auth.json`])];
}

/** The value is never shown: it may hold a password. Throws `USAGE`. */
function readProxies(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  for (const name of PROXY_NAMES.filter((known) => !/^no_/i.test(known))) {
    const value = env[name] ?? '';
    if (value !== '' && !/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
      throw new GapferryError({
        code: 'USAGE',
        message: `${name} is not the address of a proxy`,
        hint: 'write http://HOST:PORT, with special characters of a user name or password as %XX',
      });
  }
  return Object.fromEntries(PROXY_NAMES.map((name) => [name, env[name]]));
}

/** `host:port=host:port`, separated by commas. Throws `USAGE`. */
function parseConnectTo(text: string): Map<string, string> {
  const pairs = text
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '');
  return new Map(
    pairs.map((pair): [string, string] => {
      const [from = '', to = '', ...more] = pair.split('=');
      if (more.length === 0 && isPlace(from) && isPlace(to)) return [from, to];
      throw new GapferryError({
        code: 'USAGE',
        message: `GAPFERRY_CONNECT_TO has "${pair}"`,
        hint: 'write HOST:PORT=HOST:PORT, several separated by commas',
      });
    }),
  );
}

function isPlace(text: string): boolean {
  const [, port = ''] = /^(?:[^:[\]]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})$/.exec(text) ?? [];
  return Number(port) > 0 && Number(port) < 65_536;
}

/** Reads a file the operator named. Throws `USAGE` naming what it was for. */
export async function readNamedFile(path: string, what: string): Promise<string> {
  return Buffer.from(await readNamedBytes(path, what)).toString('utf8');
}

/** The same for what is not text. */
export async function readNamedBytes(path: string, what: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw unreadable(path, what, cause);
  }
}

/** A file that the operator named and that cannot be read. */
export function unreadable(path: string, what: string, cause: unknown): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message: `cannot read ${what} ${path}: ${reasonOf(cause)}`,
    hint: 'check the path and the permissions',
    cause,
  });
}

export function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'it is a directory';
  return code === '' ? String(cause) : code;
}

/** What child processes may inherit from; the git package passes on only what it needs of it. */
export function childEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
