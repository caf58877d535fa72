import { join } from 'node:path';
import type { RegistryTargetConfig } from '@gapferry/bundle';
import type { Run, Target } from '@gapferry/core';
import type { Environment } from '../environment.ts';
import { readCertificates, readHostSettings } from '../read-host-settings.ts';
import type { Site } from './open-site.ts';
import { registryCredentials } from './registry-credentials.ts';

export interface OpenTarget {
  readonly target: Target;
  /** Closes idle connections, and removes what was only needed meanwhile. */
  close(): void | Promise<void>;
}

export interface Surroundings {
  readonly environment: Environment;
  /** Where credentials are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A registry behind an HTTP client of its own, which speaks to the target's host and those of `also`, and to no proxy. Reads credentials and certificates at once; asks nobody.
 *  Uploads that were cut are remembered in the site's state. Throws `USAGE`. */
export async function openRegistry(
  site: Site,
  config: RegistryTargetConfig,
  { environment, env }: Surroundings,
  run: Run,
): Promise<OpenTarget> {
  const [{ createHttpClient }, { createRegistryWriter, fileUploadJournal }, { registryTarget }] =
    await Promise.all([import('@gapferry/http'), import('@gapferry/oci'), import('@gapferry/targets')]);
  const { host } = new URL(config.url);
  const { name, credentials, path, connections, also } = config;
  const ca =
    environment.caFile === undefined ? undefined : await readCertificates(environment.caFile, 'GAPFERRY_CA');
  const http = createHttpClient({
    onlyHosts: [host, ...also],
    hosts: new Map([[host, await readHostSettings(config, `target ${name}`, site.pathOf)]]),
    ...(config.insecure && { insecure: [host] }),
    ...(credentials !== undefined && {
      credentials: await registryCredentials(
        {
          target: name,
          host,
          config: credentials,
          env,
          credentialFiles: environment.credentialFiles,
          pathOf: site.pathOf,
        },
        run,
      ),
    }),
    ...(ca !== undefined && { ca }),
    connectTo: environment.connectTo,
    userAgent: 'gapferry',
  });
  const journal = fileUploadJournal(join(site.stateDirectory, 'uploads', name));
  const registry = createRegistryWriter(http, { journal });
  const target = registryTarget({
    name,
    host,
    registry,
    path,
    ...(connections !== undefined && { connections }),
  });
  return { target, close: () => http.close() };
}
