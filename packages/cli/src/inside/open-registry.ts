import { join } from 'node:path';
import type { RegistryTargetConfig } from '@gapferry/bundle';
import { GapferryError, type Run, type Target } from '@gapferry/core';
import type { HostSettings } from '@gapferry/http';
import { type Environment, readNamedFile } from '../environment.ts';
import type { Site } from './open-site.ts';
import { registryCredentials } from './registry-credentials.ts';

export interface OpenTarget {
  readonly target: Target;
  /** Closes idle connections. */
  close(): void;
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
    hosts: new Map([[host, await hostSettings(site, config)]]),
    ...(config.insecure && { insecure: [host] }),
    ...(credentials !== undefined && {
      credentials: await registryCredentials(
        {
          target: name,
          host,
          config: credentials,
          env,
          dockerConfig: environment.dockerConfig,
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

async function hostSettings(site: Site, config: RegistryTargetConfig): Promise<HostSettings> {
  const { name, ca, cert, key, connections } = config;
  const what = (member: string): string => `\`${member}\` of target ${name}:`;
  return {
    ...(ca !== undefined && { ca: await readCertificates(site.pathOf(ca), what('ca')) }),
    ...(cert !== undefined && { cert: await readCertificates(site.pathOf(cert), what('cert')) }),
    ...(key !== undefined && { key: await readNamedFile(site.pathOf(key), what('key')) }),
    ...(connections !== undefined && { connections }),
  };
}

/** What is no certificate would be left out without a word. */
async function readCertificates(file: string, what: string): Promise<string> {
  const pem = await readNamedFile(file, what);
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new GapferryError({
    code: 'USAGE',
    message: `${what} ${file} holds no certificate in PEM form`,
    hint: 'the file has a line -----BEGIN CERTIFICATE----- for each certificate',
    origin: 'site',
  });
}
