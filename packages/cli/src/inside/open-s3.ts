import { join } from 'node:path';
import type { S3TargetConfig, TrustedManifest } from '@gapferry/bundle';
import { GapferryError, type Run } from '@gapferry/core';
import type { S3Credentials } from '@gapferry/objects';
import { systemClock } from '../clock.ts';
import { readCertificates, readHostSettings } from '../read-host-settings.ts';
import type { OpenTarget, Surroundings } from './open-registry.ts';
import type { Site } from './open-site.ts';
import { registryCredentials } from './registry-credentials.ts';
import { targetPatience } from './target-patience.ts';
import { fileUploads } from './upload-journal.ts';

/** A bucket behind an HTTP client of its own, which speaks to the target's host and those of `also`, and to no proxy. Reads credentials and certificates at once; asks nobody.
 *  Uploads that were cut are remembered in the site's state. Throws `USAGE`. */
export async function openS3(
  site: Site,
  config: S3TargetConfig,
  surroundings: Surroundings,
  { release, statement }: TrustedManifest,
  run: Run,
): Promise<OpenTarget> {
  const [{ createHttpClient }, { openBucket }, { s3Target }] = await Promise.all([
    import('@gapferry/http'),
    import('@gapferry/objects'),
    import('@gapferry/targets'),
  ]);
  const { name, endpoint, bucket, region, pathStyle, insecure, also, connections } = config;
  const { environment, witness } = surroundings;
  const host = hostOf(config);
  const ca =
    environment.caFile === undefined ? undefined : await readCertificates(environment.caFile, 'GAPFERRY_CA');
  const http = createHttpClient({
    onlyHosts: [host, ...also],
    hosts: new Map([[host, await readHostSettings(config, `target ${name}`, site.pathOf)]]),
    ...(insecure && { insecure: [host] }),
    ...(ca !== undefined && { ca }),
    ...targetPatience(config),
    connectTo: environment.connectTo,
    userAgent: 'gapferry',
    ...(witness !== undefined && { witness }),
  });
  const credentials = await readKeys(site, config, surroundings, run);
  const { channel, version, sequence } = release;
  const target = s3Target({
    name,
    store: openBucket(http, { endpoint, bucket, region, pathStyle, credentials }),
    keys: config.keys,
    release: { channel, version, sequence, statement },
    policy: config,
    journal: fileUploads(join(site.stateDirectory, 'uploads', `${name}.json`)),
    clock: systemClock,
    ...(connections !== undefined && { connections }),
  });
  return { target, close: () => http.close() };
}

function hostOf({ endpoint, bucket, pathStyle }: S3TargetConfig): string {
  const { host } = new URL(endpoint);
  return pathStyle ? host : `${bucket}.${host}`;
}

/** As user name and password of a registry, with `NAME_SESSION_TOKEN` besides where keys end by themselves. */
async function readKeys(
  site: Site,
  { name, credentials, endpoint }: S3TargetConfig,
  { environment, env }: Surroundings,
  run: Run,
): Promise<S3Credentials> {
  if (credentials === undefined) throw noKeys(name);
  const { host } = new URL(endpoint);
  const { credentialFiles } = environment;
  const reach = { host, env, credentialFiles, pathOf: site.pathOf };
  const place = { ...reach, target: name, config: credentials, pair: 'access:secret' };
  const found = await (await registryCredentials(place, run))(host);
  if (found === undefined || !('username' in found)) throw noKeys(name);
  const token = credentials.from === 'environment' ? env[`${credentials.name}_SESSION_TOKEN`] : undefined;
  return {
    accessKeyId: found.username,
    secretAccessKey: found.password,
    ...(token !== undefined && token !== '' && { sessionToken: token }),
  };
}

function noKeys(target: string): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message: `there are no credentials for target ${target}`,
    hint: 'say in site.yaml where they are: `credentials: {env: NAME}`',
    origin: 'site',
  });
}
