import { dirname, join, resolve } from 'node:path';
import type { BundleConfig, HostConfig } from '@gapferry/bundle';
import type { Discovery } from '@gapferry/collector';

import type { Digest, GitWish, Holding, Pin, Run, Source, Sources, Wish } from '@gapferry/core';

import type { ChooseTags, RemoteAccess } from '@gapferry/git';
import type { ChartDiscovery, ProvenanceSigners } from '@gapferry/helm';
import type { HostSettings, HttpClient } from '@gapferry/http';
import type { AttachmentFinder, LocalImages, OciClient } from '@gapferry/oci';
import { systemClock } from '../clock.ts';
import { childEnvironment, type Environment } from '../environment.ts';
import { readCertificates, readHostSettings } from '../read-host-settings.ts';
import { askedAhead } from './asked-ahead.ts';
import { dockerCredentials } from './docker-credentials.ts';
import { fileLookupCache } from './file-lookup-cache.ts';
import { late } from './late.ts';
import type { ChartLook } from './look-into-tree.ts';
import { openAbout } from './open-about.ts';
import { openFiles } from './open-files.ts';
import type { BundleFiles } from './read-bundle.ts';
import { readKeyrings } from './read-keyrings.ts';
import { treeDiscovery } from './tree-discovery.ts';

export interface OpenSources extends Sources {
  /** Finds what charts and repositories name; dependencies that charts do not bring come from where the bundle's charts come from. */
  readonly discovering: Pick<Discovery, 'images' | 'trees' | 'submodules' | 'normalizeGitUrl'>;
  /** Begins to ask for the bundle's repositories. The caller holds the depot's lock. */
  begin(run: Run): void;
  /** Closes idle connections, the archives that images were read from, and the renderer of charts. */
  close(): Promise<void>;
}

export interface SourcesInput extends Pick<BundleFiles, 'config' | 'file' | 'lock'> {
  /** Are hosts asked what repositories are about? They are, unless nobody will keep it. */
  readonly asksAbout?: boolean;
  /** Ids of files that may be another than when they were first seen. */
  readonly accepted?: readonly string[];
}

interface Remote {
  readonly credentials: ReturnType<typeof dockerCredentials>;
  readonly insecure: readonly string[];
  readonly connectTo: ReadonlyMap<string, string>;
  readonly ca?: string;
}

/** Wires one source per kind to one HTTP client. `directory` is the depot: mirrors of Git repositories, and what was found to belong to images, are kept in its `work` folder between runs.
 *  Archives of images are unpacked there for as long as they are read; their paths start from the directory of bundle.yaml. `refresh`: look again for what belongs to images. `collects`: what is resolved will be fetched.
 *  What images and charts need is loaded when the first of them is asked for: it takes longer than a bundle of repositories that did not change. */
export async function openSources(
  environment: Environment,
  { config, file, lock, asksAbout = true, accepted = [] }: SourcesInput,
  directory: string,
  refresh = false,
  collects = false,
): Promise<OpenSources> {
  const [{ createHttpClient }, { createGit, gitSource, normalizeGitUrl }] = await Promise.all([
    import('@gapferry/http'),
    import('@gapferry/git'),
  ]);
  const { insecure, hosts } = config;
  const remote = await remoteOf(environment, insecure);
  const client = { proxyEnv: environment.proxy, userAgent: 'gapferry' };
  const settings = await settingsOf(hosts, dirname(file));
  const http = createHttpClient({ ...remote, ...client, hosts: settings });
  const provenance = await provenanceSigners({ config, file });
  const files = await openFiles({ http, config, file, directory, accepted, remote, ...(lock && { lock }) });
  const places = { http, config, file, directory, refresh };
  const images = late(() => openImages(places));
  const charts = late(async () => openCharts(places, environment, provenance, await images.get()));
  const discovery: ChartLook = {
    discover: async (chart, run, beside) => (await charts.get()).discovery.discover(chart, run, beside),
  };
  const repositories = gitSource({
    ...remote,
    hosts: gitAccess(hosts, settings, dirname(file)),
    ...lfsAccess(http, hosts, collects),
    ...(asksAbout && { about: await openAbout(http, { config, ...(lock && { lock }) }, remote) }),
    git: createGit({ environment: childEnvironment() }),
    ...(await tagChoice(config)),
    // Absolute: git works elsewhere.
    workDirectory: resolve(directory, 'work', 'git'),
  });
  const ahead = askedAhead(repositories);
  return {
    discovering: {
      images: discovery,
      trees: treeDiscovery(repositories, discovery),
      submodules: repositories,
      normalizeGitUrl,
    },
    image: lateSource(async () => (await images.get()).source),
    chart: lateSource(async () => (await charts.get()).source),
    git: ahead.source,
    file: files,
    begin: (run) => ahead.begin(repositoriesOf(config), run),
    async close() {
      await ahead.end();
      http.close();
      await Promise.all([
        images.end(({ local }) => local.close()),
        charts.end((opened) => opened.discovery.close()),
      ]);
    },
  };
}

function repositoriesOf({ wishes }: BundleFiles['config']): GitWish[] {
  return wishes.filter((wish) => wish.kind === 'git');
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

interface Places extends Pick<BundleFiles, 'config' | 'file'> {
  readonly http: HttpClient;
  readonly directory: string;
  readonly refresh: boolean;
}

interface OpenImages {
  readonly source: Sources['image'];
  readonly registry: OciClient;
  readonly attachments: AttachmentFinder;
  readonly local: LocalImages;
}

async function openImages({ http, config, file, directory, refresh }: Places): Promise<OpenImages> {
  const { createAttachmentFinder, createOciClient, imageSource, localImages } = await import('@gapferry/oci');
  const mirrors = new Map([...config.hosts].map(([host, one]) => [host, one.mirrors]));
  const registry = createOciClient(http, { mirrors });
  const cache = fileLookupCache(join(directory, 'work', 'lookups'));
  const attachments = createAttachmentFinder(registry, { cache, clock: systemClock, refresh });
  const local = localImages({
    baseDirectory: dirname(file),
    workDirectory: join(directory, 'work', 'images'),
  });
  return { source: imageSource(registry, { attachments, cache, local }), registry, attachments, local };
}

async function openCharts(
  { http, file }: Places,
  { helm }: Environment,
  provenance: ReadonlyMap<Digest, ProvenanceSigners>,
  { registry, attachments }: OpenImages,
): Promise<{ readonly source: Sources['chart']; readonly discovery: ChartDiscovery }> {
  const [{ chartDiscovery, chartSource, dependencyFetcher, helmProgram }, { registryAttachments }] =
    await Promise.all([import('@gapferry/helm'), import('@gapferry/oci')]);
  const charts = { http, oci: registry, baseDirectory: dirname(file) };
  return {
    source: chartSource({ ...charts, attachments: registryAttachments(registry, attachments), provenance }),
    discovery: chartDiscovery({
      dependencies: dependencyFetcher(charts),
      ...(helm && { renderer: helmProgram(helm) }),
    }),
  };
}

/** Tags of repositories are chosen as those of images are. */
async function tagChoice({ wishes }: BundleConfig): Promise<{ readonly chooseTags?: ChooseTags }> {
  if (!wishes.some((wish) => wish.kind === 'git' && wish.tags !== undefined)) return {};
  const { candidateTags } = await import('@gapferry/oci');
  return { chooseTags: (tags, choice) => candidateTags(tags, choice).slice(0, choice.newest) };
}

function lateSource<W extends Wish, P extends Pin, H extends Holding>(
  open: () => Promise<Source<W, P, H>>,
): Source<W, P, H> {
  return {
    resolve: async (wish, run) => (await open()).resolve(wish, run),
    fetch: async (pin, into, run) => (await open()).fetch(pin, into, run),
  };
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
