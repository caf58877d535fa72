import { randomUUID } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates, rootCertificates } from 'node:tls';
import { digestOf, hexOf } from '@gapferry/core';
import type { Credentials } from '@gapferry/http';
import { connectSettings } from './connect-to.ts';
import type { GitSetting, GitSurroundings } from './git-environment.ts';
import { protocolOf } from './git-url.ts';

/** How a host is reached and proves itself. */
export interface RemoteAccess {
  /** Certificates in PEM that are trusted besides the well-known ones. */
  readonly ca?: string;
  /** Paths of a client certificate and its key in PEM, for mutual TLS. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string };
  readonly ssh?: SshOptions;
}

/** How other hosts are reached. The same meanings as in `HttpClientOptions`. */
export interface RemoteOptions extends RemoteAccess {
  /** Credentials for a host[:port] as it stands in the URL, for HTTP basic; tokens of registries (`bearer`, `identityToken`) say nothing to a Git host and are left out.
   *  Sent only over TLS, to loopback, or to `insecure` hosts. */
  readonly credentials?: (host: string) => Promise<Credentials | undefined>;
  /** host or host:port whose certificate is not checked and that may get credentials over plain HTTP. */
  readonly insecure?: readonly string[];
  /** "host:port" → "host:port". */
  readonly connectTo?: ReadonlyMap<string, string>;
  /** By host:port as it stands in the URL, or host alone: what is said there counts for that host, its `ca` besides the general one. */
  readonly hosts?: ReadonlyMap<string, RemoteAccess>;
  /** Milliseconds without a word until a trip counts as failed; default 120,000. */
  readonly idleTimeoutMs?: number;
  /** The same for questions that only read, but not over SSH; default `idleTimeoutMs`. */
  readonly readingTimeoutMs?: number;
}

export interface SshOptions {
  /** Path of a private key file; the agent and ssh's own defaults otherwise. */
  readonly identityFile?: string;
  /** Path of a known_hosts file to use instead of the user's. */
  readonly knownHostsFile?: string;
}

export type RemoteSurroundings = Required<Pick<GitSurroundings, 'protocol' | 'settings' | 'variables'>> & {
  readonly idleTimeoutMs: number;
  readonly host: string;
};

/** What a git process needs to talk to one URL and to no other. Secrets go into its environment only, and only to the host of the URL: a redirect elsewhere gets none. */
export async function remoteSurroundings(
  url: string,
  options: RemoteOptions,
  workDirectory: string,
): Promise<RemoteSurroundings> {
  const protocol = protocolOf(url);
  const { effective, settings } = await connectSettings(url, options.connectTo);
  const { host } = new URL(url);
  const told = { protocol, host, idleTimeoutMs: options.idleTimeoutMs ?? 120_000 };
  if (protocol === 'file') return { ...told, settings, variables: {} };
  if (protocol === 'ssh')
    return {
      ...told,
      settings,
      variables: { GIT_SSH_COMMAND: sshCommand(accessTo(url, options).ssh ?? {}), GIT_SSH_VARIANT: 'ssh' },
    };
  const secret = await secretFor(url, effective, options);
  return {
    ...told,
    settings: [...settings, ...secret.settings, ...(await tlsSettings(url, options, workDirectory))],
    variables: secret.variables,
  };
}

/** What holds for a URL's host. */
export function accessTo(url: string, options: RemoteOptions): RemoteAccess {
  const { host, hostname } = new URL(url);
  const own = options.hosts?.get(host) ?? options.hosts?.get(hostname) ?? {};
  const ca = [own.ca, options.ca].filter((pem) => pem !== undefined);
  const { clientCertificate = options.clientCertificate, ssh = options.ssh } = own;
  return {
    ...(ca.length > 0 && { ca: ca.join('\n') }),
    ...(clientCertificate !== undefined && { clientCertificate }),
    ...(ssh !== undefined && { ssh }),
  };
}

/** git gives this one string to a shell; the only foreign parts are two paths of our own configuration, quoted. */
function sshCommand(options: SshOptions): string {
  return [
    'ssh',
    ...sshWords(options).map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quoted(word))),
  ].join(' ');
}

/** How ssh is told to ask nobody, to know its host, and to forward nothing. */
export function sshWords({ identityFile, knownHostsFile }: SshOptions): readonly string[] {
  return [
    '-oBatchMode=yes',
    '-oStrictHostKeyChecking=yes',
    '-oConnectTimeout=30',
    '-oServerAliveInterval=15',
    '-oPermitLocalCommand=no',
    '-oClearAllForwardings=yes',
    ...(identityFile === undefined ? [] : ['-oIdentitiesOnly=yes', '-i', identityFile]),
    ...(knownHostsFile === undefined
      ? []
      : [`-oUserKnownHostsFile=${knownHostsFile}`, '-oGlobalKnownHostsFile=/dev/null']),
  ];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A credential helper for exactly this origin; its text is constant and reads the secret from variables. */
const HELPER = `!printf 'username=%s\\npassword=%s\\n' "$GAPFERRY_GIT_USERNAME" "$GAPFERRY_GIT_PASSWORD"; :`;

async function secretFor(
  url: string,
  effective: string,
  options: RemoteOptions,
): Promise<{ settings: readonly GitSetting[]; variables: Readonly<Record<string, string>> }> {
  const { host } = new URL(url);
  const found = mayCarryCredentials(url, options) ? await options.credentials?.(host) : undefined;
  if (found === undefined || !('username' in found)) return { settings: [], variables: {} };
  const { username, password } = found;
  return {
    settings: [[`credential.${new URL(effective).origin}.helper`, HELPER]],
    variables: { GAPFERRY_GIT_USERNAME: username, GAPFERRY_GIT_PASSWORD: password },
  };
}

/** Only over TLS, to this machine, and where the operator said so. */
export function mayCarryCredentials(url: string, options: Pick<RemoteOptions, 'insecure'>): boolean {
  const { protocol, hostname } = new URL(url);
  const loopback =
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname);
  return protocol === 'https:' || loopback || isInsecure(url, options);
}

function isInsecure(url: string, { insecure = [] }: Pick<RemoteOptions, 'insecure'>): boolean {
  const { hostname, protocol, port } = new URL(url);
  return (
    insecure.includes(hostname) ||
    insecure.includes(`${hostname}:${port || (protocol === 'http:' ? '80' : '443')}`)
  );
}

async function tlsSettings(
  url: string,
  options: RemoteOptions,
  workDirectory: string,
): Promise<readonly GitSetting[]> {
  const { ca, clientCertificate } = accessTo(url, options);
  return [
    ...(isInsecure(url, options) ? [['http.sslVerify', 'false'] as const] : []),
    ...(ca === undefined ? [] : [['http.sslCAInfo', await authoritiesFile(ca, workDirectory)] as const]),
    ...(clientCertificate === undefined
      ? []
      : [['http.sslCert', clientCertificate.cert] as const, ['http.sslKey', clientCertificate.key] as const]),
  ];
}

/** `http.sslCAInfo` replaces git's own list, so the well-known certificates are written beside the given ones. Several repositories are asked at once: the file has the name of its content, and appears whole. */
async function authoritiesFile(ca: string, workDirectory: string): Promise<string> {
  const text = Buffer.from(`${[ca, ...rootCertificates, ...getCACertificates('system')].join('\n')}\n`);
  const path = join(workDirectory, `ca-${hexOf(digestOf(text)).slice(0, 16)}.pem`);
  // Of a machine that lost power, half of it may be there.
  if ((await stat(path).catch(() => undefined))?.size === text.byteLength) return path;
  const unfinished = `${path}.${randomUUID()}`;
  await mkdir(workDirectory, { recursive: true });
  await writeFile(unfinished, text);
  await rename(unfinished, path);
  return path;
}
