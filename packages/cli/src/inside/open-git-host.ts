import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { GitHostTargetConfig, TrustedManifest } from '@gapferry/bundle';
import { GapferryError, type Run } from '@gapferry/core';
import type { Credentials, HttpClient } from '@gapferry/http';
import type { GitHost, GitRemotes, HostApi, LoadedRelease } from '@gapferry/targets';
import { childEnvironment } from '../environment.ts';
import { readCertificates, readHostSettings } from '../read-host-settings.ts';
import { hostApi } from './host-api.ts';
import { fileLifts } from './lift-journal.ts';
import { openHostLfs } from './open-host-lfs.ts';
import type { OpenTarget, Surroundings } from './open-registry.ts';
import type { Site } from './open-site.ts';
import { registryCredentials } from './registry-credentials.ts';
import { targetPatience } from './target-patience.ts';

/** A Git host: system git pushes to it, and its API is asked by an HTTP client of its own. git speaks to the target's host alone, the client to those of `also` as well, and both to no proxy. Reads credentials and certificates at
 *  once; asks nobody. Throws `USAGE`. */
export async function openGitHost(
  site: Site,
  config: GitHostTargetConfig,
  surroundings: Surroundings,
  release: TrustedManifest,
  run: Run,
): Promise<OpenTarget> {
  const { gitHostTarget } = await import('@gapferry/targets');
  const address = toAddress(site, config);
  const credentials = await readCredentials(site, config, address, surroundings, run);
  const remotes = await openRemotes(site, config, address, { ...surroundings, credentials });
  const sweep = async (): Promise<void> => {
    if (surroundings.looksOnly !== true) await remotes.sweep();
  };
  await sweep();
  const lfs = await openHostLfs(site, config, address, { ...surroundings, credentials });
  const api =
    config.kind === 'git' ? undefined : await openApi(site, config, { ...surroundings, credentials });
  const target = gitHostTarget({
    name: config.name,
    host: await toHost(config, address, remotes, api?.api),
    remotes,
    lfs,
    policy: config.refs,
    release: toLoaded(release),
    goesBack: release.override !== undefined,
    journal: fileLifts(join(site.stateDirectory, 'lifted', `${config.name}.json`)),
  });
  return {
    target,
    close: async () => {
      api?.close();
      remotes.close();
      lfs.close();
      await target.close();
      await sweep();
    },
  };
}

/** Where git pushes to. */
function toAddress(site: Site, { url, kind, ssh }: GitHostTargetConfig): string {
  if (kind !== 'git') return ssh?.url ?? url;
  return /^[a-z]+:\/\//i.test(url) ? url : pathToFileURL(site.pathOf(url)).href.replace(/\/+$/, '');
}

function toLoaded({ release, statement }: TrustedManifest): LoadedRelease {
  const { channel, version, sequence } = release;
  return { channel, version, sequence, statement };
}

interface Reach extends Surroundings {
  readonly credentials: Credentials | undefined;
}

async function readCredentials(
  site: Site,
  { name, credentials, url, kind }: GitHostTargetConfig,
  address: string,
  { environment, env }: Surroundings,
  run: Run,
): Promise<Credentials | undefined> {
  if (credentials === undefined) return undefined;
  const { host } = new URL(kind === 'git' ? address : url);
  const { credentialFiles } = environment;
  const reach = { host, env, credentialFiles, pathOf: site.pathOf };
  const place = { ...reach, target: name, config: credentials, pair: 'user:token' };
  return await (await registryCredentials(place, run))(host);
}

async function openRemotes(
  site: Site,
  config: GitHostTargetConfig,
  address: string,
  reach: Reach,
): Promise<GitRemotes & { sweep(): Promise<void>; close(): void }> {
  const { createGit, gitPusher } = await import('@gapferry/git');
  const { environment, credentials } = reach;
  const { name, ca, cert, key, ssh, insecure } = config;
  const { host } = new URL(address);
  const authorities = await Promise.all([
    ...(environment.caFile === undefined ? [] : [readCertificates(environment.caFile, 'GAPFERRY_CA')]),
    ...(ca === undefined ? [] : [readCertificates(site.pathOf(ca), `\`ca\` of target ${name}`)]),
  ]);
  const http = /^https?:/.test(address) ? await openPushing(site, config, host, reach) : undefined;
  const remotes = gitPusher({
    ...(http !== undefined && { http }),
    git: createGit({ environment: withoutProxies(childEnvironment()) }),
    workDirectory: join(site.stateDirectory, 'pushing', name),
    // Shared by targets: packs are the same wherever they are sent.
    keptDirectory: join(site.stateDirectory, 'git-packs'),
    ...targetPatience(config),
    connectTo: environment.connectTo,
    ...(insecure && { insecure: [host] }),
    ...(authorities.length > 0 && { ca: authorities.join('\n') }),
    ...(credentials !== undefined && {
      credentials: async (asked: string) => (asked === host ? credentials : undefined),
    }),
    ...(cert !== undefined &&
      key !== undefined && { clientCertificate: { cert: site.pathOf(cert), key: site.pathOf(key) } }),
    ...(ssh !== undefined && {
      ssh: {
        ...(ssh.key !== undefined && { identityFile: site.pathOf(ssh.key) }),
        ...(ssh.knownHosts !== undefined && { knownHostsFile: site.pathOf(ssh.knownHosts) }),
      },
    }),
  });
  return { ...remotes, close: () => http?.close() };
}

/** For what git's own HTTP helper cannot do; how long a host may say nothing while it does it, each push says itself. */
async function openPushing(
  site: Site,
  config: GitHostTargetConfig,
  host: string,
  { environment, credentials, witness }: Reach,
): Promise<HttpClient> {
  const { createHttpClient } = await import('@gapferry/http');
  const { caFile, connectTo } = environment;
  return createHttpClient({
    onlyHosts: [host, ...(config.also ?? [])],
    hosts: new Map([
      [host, await readHostSettings(withoutUndefined(config), `target ${config.name}`, site.pathOf)],
    ]),
    ...(config.insecure && { insecure: [host] }),
    ...(caFile !== undefined && { ca: await readCertificates(caFile, 'GAPFERRY_CA') }),
    ...(credentials !== undefined && {
      credentials: async (asked: string) => (asked === host ? credentials : undefined),
    }),
    ...targetPatience(config),
    connectTo,
    userAgent: 'gapferry',
    ...(witness !== undefined && { witness }),
  });
}

function withoutProxies(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/_proxy$/i.test(name)));
}

async function openApi(
  site: Site,
  config: GitHostTargetConfig,
  { environment, credentials, witness }: Reach,
): Promise<{ readonly api: HostApi; close(): void }> {
  const { createHttpClient } = await import('@gapferry/http');
  const { name, url, kind, insecure } = config;
  const { host } = new URL(url);
  const { caFile, connectTo } = environment;
  const http = createHttpClient({
    onlyHosts: [host, ...(config.also ?? [])],
    hosts: new Map([[host, await readHostSettings(withoutUndefined(config), `target ${name}`, site.pathOf)]]),
    ...(insecure && { insecure: [host] }),
    ...(caFile !== undefined && { ca: await readCertificates(caFile, 'GAPFERRY_CA') }),
    ...targetPatience(config),
    connectTo,
    userAgent: 'gapferry',
    ...(witness !== undefined && { witness }),
  });
  const root = `${url}/api/${kind === 'gitea' ? 'v1' : 'v4'}`;
  return { api: hostApi(http, root, authorizationOf(kind, credentials, name)), close: () => http.close() };
}

function withoutUndefined({
  ca,
  cert,
  key,
}: GitHostTargetConfig): Pick<GitHostTargetConfig, 'ca' | 'cert' | 'key'> {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

/** Gitea takes a token in the place of the password; GitLab's API takes a token alone. */
function authorizationOf(
  kind: GitHostTargetConfig['kind'],
  credentials: Credentials | undefined,
  target: string,
): string {
  if (credentials === undefined || !('username' in credentials))
    throw new GapferryError({
      code: 'USAGE',
      message: `there are no credentials for target ${target}`,
      hint: 'say in site.yaml where they are: `credentials: {env: NAME}`',
      origin: 'site',
    });
  const { username, password } = credentials;
  return kind === 'gitlab'
    ? `Bearer ${password}`
    : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function toHost(
  { kind, path: template, visibility }: GitHostTargetConfig,
  gitUrl: string,
  remotes: GitRemotes,
  api: HostApi | undefined,
): Promise<GitHost> {
  const { giteaHost, gitlabHost, plainHost } = await import('@gapferry/targets');
  if (kind === 'git' || api === undefined) return plainHost({ url: gitUrl, template, remotes });
  if (kind === 'gitlab') return gitlabHost({ gitUrl, template, visibility, api });
  return giteaHost({ gitUrl, template, visibility: visibility === 'public' ? 'public' : 'private', api });
}
