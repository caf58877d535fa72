import type { HarborTargetConfig, TrustedManifest } from '@gapferry/bundle';
import type { Run } from '@gapferry/core';
import { hostApi } from './host-api.ts';
import { type OpenTarget, openWriter, type Surroundings, toOptions } from './open-registry.ts';
import type { Site } from './open-site.ts';
import { requireLogin } from './require-login.ts';

/** A Harbor: its registry like any other, and its API by the same client and credentials. Asks nobody. Throws `USAGE`. */
export async function openHarbor(
  site: Site,
  config: HarborTargetConfig,
  surroundings: Surroundings,
  { release, statement }: TrustedManifest,
  run: Run,
): Promise<OpenTarget> {
  const [{ harborTarget }, { createWaiting }] = await Promise.all([
    import('@gapferry/targets'),
    import('@gapferry/http'),
  ]);
  const { http, registry, credentials } = await openWriter(site, config, surroundings, run);
  const options = toOptions(config);
  const { username, authorization } = await requireLogin(credentials, config, http);
  const { channel, version, sequence } = release;
  const target = harborTarget({
    ...options,
    registry,
    api: hostApi(http, config.url, authorization),
    user: username,
    projects: config.projects,
    labels: config.labels,
    scan: config.scan,
    release: { channel, version, sequence, statement },
    waiting: createWaiting(),
  });
  return { target, close: () => http.close() };
}
