import type { QuayTargetConfig, TrustedManifest } from '@gapferry/bundle';
import type { Run } from '@gapferry/core';
import { apiToken } from './api-token.ts';
import { hostApi } from './host-api.ts';
import { type OpenTarget, openWriter, type Surroundings, toOptions } from './open-registry.ts';
import type { Site } from './open-site.ts';
import { requireLogin } from './require-login.ts';

/** Quay takes an access token as a password under this name. */
const TOKEN_USER = '$oauthtoken';

/** A Quay: its registry like any other, and its API by the same client with an access token, where there is one. Asks nobody. Throws `USAGE`. */
export async function openQuay(
  site: Site,
  config: QuayTargetConfig,
  surroundings: Surroundings,
  { release, statement }: TrustedManifest,
  run: Run,
): Promise<OpenTarget> {
  const { quayTarget } = await import('@gapferry/targets');
  const { env } = surroundings;
  const place = { target: config.name, env, pathOf: site.pathOf };
  const given = config.token === undefined ? undefined : await apiToken(place, config.token, run);
  const { http, registry, credentials } = await openWriter(site, config, surroundings, run);
  const { username, password, authorization } = await requireLogin(credentials, config, http);
  const token = given ?? (username === TOKEN_USER ? password : undefined);
  const { channel, version, sequence } = release;
  const target = quayTarget({
    ...toOptions(config),
    registry,
    api: hostApi(http, config.url, token === undefined ? undefined : `Bearer ${token}`),
    hasToken: token !== undefined,
    login: hostApi(http, config.url, authorization),
    user: username,
    organizations: config.organizations,
    repositories: config.repositories,
    release: { channel, version, sequence, statement },
  });
  return { target, close: () => http.close() };
}
