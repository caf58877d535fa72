import { join } from 'node:path';
import type { ConnectionConfig, RegistryTargetConfig } from '@gapferry/bundle';
import type { Run, Target } from '@gapferry/core';
import type { Credentials, HostWitness, HttpClient } from '@gapferry/http';
import type { RegistryWriter } from '@gapferry/oci';
import type { RegistryTargetOptions } from '@gapferry/targets';
import type { Environment } from '../environment.ts';
import { readCertificates, readHostSettings } from '../read-host-settings.ts';
import type { Site } from './open-site.ts';
import { registryCredentials } from './registry-credentials.ts';
import { targetPatience } from './target-patience.ts';

export interface OpenTarget {
  readonly target: Target;
  /** Closes idle connections, and removes what was only needed meanwhile. */
  close(): void | Promise<void>;
}

export interface Surroundings {
  readonly environment: Environment;
  /** Where credentials are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The site's lock is not held: what another process has unfinished in its state stays. */
  readonly looksOnly?: boolean;
  /** Told what the target's hosts say of themselves. */
  readonly witness?: HostWitness;
}

/** A registry behind an HTTP client of its own, which speaks to the target's host and those of `also`, and to no proxy. Reads credentials and certificates at once; asks nobody.
 *  Uploads that were cut are remembered in the site's state. Throws `USAGE`. */
export async function openRegistry(
  site: Site,
  config: RegistryTargetConfig,
  surroundings: Surroundings,
  run: Run,
): Promise<OpenTarget> {
  const { registryTarget } = await import('@gapferry/targets');
  const { registry, http } = await openWriter(site, config, surroundings, run);
  return { target: registryTarget({ ...toOptions(config), registry }), close: () => http.close() };
}

/** Of a registry, and of what offers one among other things. */
type RegistryReach = Pick<RegistryTargetConfig, 'name' | 'url' | 'path'> & ConnectionConfig;

export function toOptions({
  name,
  url,
  path,
  connections,
}: RegistryReach): Omit<RegistryTargetOptions, 'registry'> {
  return { name, host: new URL(url).host, path, ...(connections !== undefined && { connections }) };
}

export interface OpenWriter {
  readonly http: HttpClient;
  readonly registry: RegistryWriter;
  /** Of the target's own host; absent where none are named. */
  readonly credentials?: (host: string, repository?: string) => Promise<Credentials | undefined>;
}

/** `alike`: hosts of the same product, which are trusted and asked as the registry itself is; its credentials are the registry's alone. */
export async function openWriter(
  site: Site,
  config: RegistryReach,
  { environment, env, witness }: Surroundings,
  run: Run,
  alike: readonly string[] = [],
): Promise<OpenWriter> {
  const [{ createHttpClient }, { createRegistryWriter, fileUploadJournal }] = await Promise.all([
    import('@gapferry/http'),
    import('@gapferry/oci'),
  ]);
  const { host } = new URL(config.url);
  const { name, also } = config;
  const { caFile, credentialFiles, connectTo } = environment;
  const ca = caFile === undefined ? undefined : await readCertificates(caFile, 'GAPFERRY_CA');
  const place = { target: name, host, env, credentialFiles, pathOf: site.pathOf };
  const credentials =
    config.credentials === undefined
      ? undefined
      : await registryCredentials({ ...place, config: config.credentials }, run);
  const settings = await readHostSettings(config, `target ${name}`, site.pathOf);
  const hosts = [host, ...alike];
  const http = createHttpClient({
    onlyHosts: [...hosts, ...also],
    hosts: new Map(hosts.map((each) => [each, settings])),
    ...(config.insecure && { insecure: hosts }),
    ...(credentials !== undefined && { credentials }),
    ...(ca !== undefined && { ca }),
    ...targetPatience(config),
    connectTo,
    userAgent: 'gapferry',
    ...(witness !== undefined && { witness }),
  });
  const journal = fileUploadJournal(join(site.stateDirectory, 'uploads', name));
  const registry = createRegistryWriter(http, { journal });
  return { http, registry, ...(credentials !== undefined && { credentials }) };
}
