import type { GitlabRegistryTargetConfig, TrustedManifest } from '@gapferry/bundle';
import type { Run } from '@gapferry/core';
import { apiToken } from './api-token.ts';
import { hostApi } from './host-api.ts';
import { type OpenTarget, openWriter, type Surroundings, toOptions } from './open-registry.ts';
import type { Site } from './open-site.ts';
import { requireLogin } from './require-login.ts';

/** The container registry of a GitLab: a registry like any other, whose tokens and projects are GitLab's own, at a host that the site file names beside. Asks nobody. Throws `USAGE`. */
export async function openGitlabRegistry(
  site: Site,
  config: GitlabRegistryTargetConfig,
  surroundings: Surroundings,
  { release, statement }: TrustedManifest,
  run: Run,
): Promise<OpenTarget> {
  const { gitlabRegistryTarget } = await import('@gapferry/targets');
  const { env } = surroundings;
  const place = { target: config.name, env, pathOf: site.pathOf };
  const given = config.token === undefined ? undefined : await apiToken(place, config.token, run);
  const { gitlab, projectParts } = config;
  const { http, registry, credentials } = await openWriter(site, config, surroundings, run, [
    new URL(gitlab).host,
  ]);
  const { username, password, authorization } = await requireLogin(credentials, config, http);
  const { channel, version, sequence } = release;
  const target = gitlabRegistryTarget({
    ...toOptions(config),
    registry,
    api: hostApi(http, `${gitlab}/api/v4`, `Bearer ${given ?? password}`),
    isTokenGiven: given !== undefined,
    login: hostApi(http, gitlab, authorization),
    user: username,
    ...(projectParts !== undefined && { projectParts }),
    create: config.create,
    visibility: config.visibility,
    release: { channel, version, sequence, statement },
  });
  return { target, close: () => http.close() };
}
