import type { AboutSource, RemoteOptions, RepositoryApi } from '@gapferry/git';
import type { HttpClient } from '@gapferry/http';
import type { BundleFiles } from './read-bundle.ts';

/** Asks the hosts of repositories what these are about, as `hosts` of bundle.yaml says; what the lock says already stays where a host does not answer. */
export async function openAbout(
  http: HttpClient,
  { config, lock }: Pick<BundleFiles, 'config' | 'lock'>,
  remote: Pick<RemoteOptions, 'credentials' | 'insecure'>,
): Promise<AboutSource> {
  const { aboutSource } = await import('@gapferry/git');
  const apis = new Map<string, RepositoryApi | 'none'>();
  for (const [host, { api }] of config.hosts) if (api !== undefined) apis.set(host, api);
  const before = new Map(
    (lock?.pins ?? []).flatMap((pin) => (pin.kind === 'git' ? [[pin.id, pin.about]] : [])),
  );
  return aboutSource({ ...remote, http, apis, before: (id) => before.get(id) });
}
