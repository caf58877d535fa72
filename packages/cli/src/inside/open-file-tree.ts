import type { DirectoryTargetConfig, TrustedManifest, WebdavTargetConfig } from '@gapferry/bundle';
import type { Run } from '@gapferry/core';
import { readCertificates, readHostSettings } from '../read-host-settings.ts';
import type { OpenTarget, Surroundings } from './open-registry.ts';
import type { Site } from './open-site.ts';
import { registryCredentials } from './registry-credentials.ts';
import { targetPatience } from './target-patience.ts';

/** Most files are small, and wait for the disk to say that they are safe. */
const LANES = 32;

/** A plain directory, which exists. Looks at nothing yet. */
export async function openDirectory(
  site: Site,
  { name, directory, path, ...policy }: DirectoryTargetConfig,
  trusted: TrustedManifest,
): Promise<OpenTarget> {
  const { fileTreeTarget, localTree } = await import('@gapferry/targets');
  const tree = localTree(site.pathOf(directory));
  return {
    target: fileTreeTarget({ name, tree, path, policy, release: loaded(trusted), lanes: LANES }),
    close: () => {},
  };
}

/** A WebDAV server behind an HTTP client of its own, which speaks to the target's host and those of `also`, and to no proxy. Reads credentials and certificates at once; asks nobody.
 *  Throws `USAGE`. */
export async function openWebdavTarget(
  site: Site,
  config: WebdavTargetConfig,
  { environment, env, witness }: Surroundings,
  trusted: TrustedManifest,
  run: Run,
): Promise<OpenTarget> {
  const [{ createHttpClient }, { openWebdav }, { fileTreeTarget, HIDDEN, webdavTree }] = await Promise.all([
    import('@gapferry/http'),
    import('@gapferry/objects'),
    import('@gapferry/targets'),
  ]);
  const { name, url, path, also, insecure, connections, credentials } = config;
  const { host } = new URL(url);
  const { credentialFiles, caFile, connectTo } = environment;
  const ca = caFile === undefined ? undefined : await readCertificates(caFile, 'GAPFERRY_CA');
  const place = { target: name, host, env, credentialFiles, pathOf: site.pathOf };
  const http = createHttpClient({
    onlyHosts: [host, ...also],
    hosts: new Map([[host, await readHostSettings(config, `target ${name}`, site.pathOf)]]),
    ...(insecure && { insecure: [host] }),
    ...(credentials !== undefined && {
      credentials: await registryCredentials({ ...place, config: credentials }, run),
    }),
    ...(ca !== undefined && { ca }),
    ...targetPatience(config),
    connectTo,
    userAgent: 'gapferry',
    ...(witness !== undefined && { witness }),
  });
  const target = fileTreeTarget({
    name,
    tree: webdavTree(openWebdav(http, { url, incoming: `${HIDDEN}/incoming/${trusted.release.channel}` })),
    path,
    policy: config,
    release: loaded(trusted),
    ...(connections !== undefined && { lanes: connections }),
  });
  return { target, close: () => http.close() };
}

function loaded({ release: { channel, version, sequence }, statement }: TrustedManifest): {
  channel: string;
  version: string;
  sequence: number;
  statement: string;
} {
  return { channel, version, sequence, statement };
}
