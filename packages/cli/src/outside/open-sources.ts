import { dirname, join, resolve } from 'node:path';
import type { HostConfig } from '@gapferry/bundle';
import type { Discovery } from '@gapferry/collector';
import type { Digest, Sources } from '@gapferry/core';
import type { RemoteAccess } from '@gapferry/git';
import type { ProvenanceSigners } from '@gapferry/helm';
import type { HostSettings, HttpClient } from '@gapferry/http';
import { systemClock } from '../clock.ts';
import { childEnvironment, type Environment } from '../environment.ts';
import { readCertificates, readHostSettings } from '../read-host-settings.ts';
import { dockerCredentials } from './docker-credentials.ts';
import { fileLookupCache } from './file-lookup-cache.ts';
import { openAbout } from './open-about.ts';
import type { BundleFiles } from './read-bundle.ts';
import { readKeyrings } from './read-keyrings.ts';
import { treeDiscovery } from './tree-discovery.ts';

export interface OpenSources extends Sources {
  /** Finds what charts and repositories name; dependencies that charts do not bring come from where the bundle's charts come from. */
  readonly discovering: Pick<Discovery, 'images' | 'trees' | 'normalizeGitUrl'>;
  /** Closes idle connections, the archives that images were read from, and the renderer of charts. */
  close(): Promise<void>;
}

interface Remote {
  readonly credentials: ReturnType<typeof dockerCredentials>;
  readonly insecure: readonly string[];
  readonly connectTo: ReadonlyMap<string, string>;
  readonly ca?: string;
}

/** Wires one source per kind to one HTTP client. `directory` is the depot: mirrors of Git repositories, and what was found to belong to images, are kept in its `work` folder between runs.
 *  Archives of images are unpacked there for as long as they are read; their paths start from the directory of bundle.yaml. `refresh`: look again for what belongs to images. `collects`: what is resolved will be fetched. */
export async function openSources(
  environment: Environment,
  { config, file }: Pick<BundleFiles, 'config' | 'file'>,
  directory: string,
  refresh = false,
  collects = false,
): Promise<OpenSources> {
  const [
    { createHttpClient },
    { candidateTags, createAttachmentFinder, createOciClient, imageSource, localImages, registryAttachments },
    { chartDiscovery, chartSource, dependencyFetcher, helmProgram },
    { createGit, gitSource, normalizeGitUrl },
    { fileSource },
  ] = await Promise.all([
    import('@gapferry/http'),
    import('@gapferry/oci'),
    import('@gapferry/helm'),
    import('@gapferry/git'),
    import('@gapferry/objects'),
  ]);
  const { insecure, hosts } = config;
  const remote = await remoteOf(environment, insecure);
  const client = { proxyEnv: environment.proxy, userAgent: 'gapferry' };
  const settings = await settingsOf(hosts, dirname(file));
  const http = createHttpClient({ ...remote, ...client, hosts: settings });
  const registry = createOciClient(http, {
    mirrors: new Map([...hosts].map(([host, { mirrors }]) => [host, mirrors])),
  });
  const cache = fileLookupCache(join(directory, 'work', 'lookups'));
  const attachments = createAttachmentFinder(registry, { cache, clock: systemClock, refresh });
  const baseDirectory = dirname(file);
  const local = localImages({ baseDirectory, workDirectory: join(directory, 'work', 'images') });
  const charts = { http, oci: registry, baseDirectory };
  const images = chartDiscovery({
    dependencies: dependencyFetcher(charts),
    ...(environment.helm && { renderer: helmProgram(environment.helm) }),
  });
  const repositories = gitSource({
    ...remote,
    hosts: gitAccess(hosts, settings, dirname(file)),
    ...lfsAccess(http, hosts, collects),
    about: await openAbout(http, { config, ...(lock && { lock }) }, remote),
    git: createGit({ environment: childEnvironment() }),
    chooseTags: (tags, choice) => candidateTags(tags, choice).slice(0, choice.newest),
    // Absolute: git works elsewhere.
    workDirectory: resolve(directory, 'work', 'git'),
  });
  return {
    discovering: { images, trees: treeDiscovery(repositories, images), normalizeGitUrl },
    image: imageSource(registry, { attachments, cache, local }),
    chart: chartSource({
      ...charts,
      attachments: registryAttachments(registry, attachments),
      provenance: await provenanceSigners({ config, file }),
    }),
    git: repositories,
    file: fileSource(http),
    async close() {
      http.close();
      await Promise.all([local.close(), images.close()]);
    },
  };
}

/** What reads OpenPGP is loaded only where a chart's provenance is demanded. */
async function provenanceSigners(
  bundle: Pick<BundleFiles, 'config' | 'file'>,
): Promise<ReadonlyMap<Digest, ProvenanceSigners>> {
  const keyrings = await readKeyrings(bundle);
  if (keyrings.size === 0) return new Map();
  const { openPgpSigners } = await import('@gapferry/signing');
  return new Map([...keyrings].map(([wish, keyring]) => [wish, openPgpSigners(keyring)]));
}

/** System git reads certificates and keys of its own from files; the authorities that it trusts are written for it. */
function gitAccess(
  hosts: ReadonlyMap<string, HostConfig>,
  settings: ReadonlyMap<string, HostSettings>,
  directory: string,
): ReadonlyMap<string, RemoteAccess> {
  const pathOf = (path: string): string => resolve(directory, path);
  return new Map(
    [...hosts].map(([host, { cert, key, ssh }]) => {
      const ca = settings.get(host)?.ca;
      return [
        host,
        {
          ...(ca !== undefined && { ca }),
          ...(cert !== undefined &&
            key !== undefined && { clientCertificate: { cert: pathOf(cert), key: pathOf(key) } }),
          ...(ssh !== undefined && {
            ssh: {
              ...(ssh.key !== undefined && { identityFile: pathOf(ssh.key) }),
              ...(ssh.knownHosts !== undefined && { knownHostsFile: pathOf(ssh.knownHosts) }),
            },
          }),
        },
      ];
    }),
  );
}

/** How servers of Git LFS are found and spoken to. */
function lfsAccess(http: HttpClient, hosts: ReadonlyMap<string, HostConfig>, bringsAtOnce: boolean) {
  const lfsHosts = new Map<string, readonly string[]>();
  for (const [host, { also }] of hosts) if (also !== undefined) lfsHosts.set(host, also);
  return { http, lfsHosts, bringsAtOnce, environment: childEnvironment() };
}

/** What every adapter that speaks to hosts is told. */
async function remoteOf(
  { caFile, credentialFiles, connectTo }: Environment,
  insecure: readonly string[],
): Promise<Remote> {
  const ca = caFile === undefined ? undefined : await readCertificates(caFile, 'GAPFERRY_CA');
  return {
    credentials: dockerCredentials(credentialFiles),
    insecure,
    connectTo,
    ...(ca !== undefined && { ca }),
  };
}

/** Docker Hub is written under one name and asked under another. */
async function settingsOf(
  hosts: ReadonlyMap<string, HostConfig>,
  directory: string,
): Promise<Map<string, HostSettings>> {
  const settings = new Map<string, HostSettings>();
  for (const [host, config] of hosts) {
    const read = await readHostSettings(config, `host ${host}`, (path) => resolve(directory, path));
    settings.set(host === 'docker.io' ? 'registry-1.docker.io' : host, read);
  }
  return settings;
}
