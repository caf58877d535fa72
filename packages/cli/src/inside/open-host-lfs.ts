import type { GitHostTargetConfig } from '@gapferry/bundle';
import type { Credentials } from '@gapferry/http';
import type { LfsStore } from '@gapferry/targets';
import { childEnvironment } from '../environment.ts';
import { readCertificates, readHostSettings } from '../read-host-settings.ts';
import type { Surroundings } from './open-registry.ts';
import type { Site } from './open-site.ts';
import { targetPatience } from './target-patience.ts';

/** Git LFS at a Git host: an HTTP client of its own, which speaks to the target's host and those of `also`, and to no proxy. Of Gitea and GitLab it is always asked over HTTP, where their API is.
 *  `address`: where git pushes to. */
export async function openHostLfs(
  site: Site,
  config: GitHostTargetConfig,
  address: string,
  { environment, credentials, witness }: Surroundings & { readonly credentials: Credentials | undefined },
): Promise<LfsStore & { close(): void }> {
  const [{ createHttpClient }, { lfsRemote }] = await Promise.all([
    import('@gapferry/http'),
    import('@gapferry/git'),
  ]);
  const { name, url, kind, insecure, also = [], ca, cert, key, ssh } = config;
  const host = hostOf(kind === 'git' ? address : url);
  const { caFile, connectTo } = environment;
  const own = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const http = createHttpClient({
    onlyHosts: [host, ...also],
    hosts: new Map([[host, await readHostSettings(own, `target ${name}`, site.pathOf)]]),
    ...(insecure && { insecure: [host] }),
    ...(caFile !== undefined && { ca: await readCertificates(caFile, 'GAPFERRY_CA') }),
    ...targetPatience(config),
    connectTo,
    credentials: async (asked) => (asked === host ? credentials : undefined),
    userAgent: 'gapferry',
    ...(witness !== undefined && { witness }),
  });
  const remote = lfsRemote({
    http,
    idleTimeoutMs: targetPatience(config).idleTimeoutMs,
    connectTo,
    environment: childEnvironment(),
    ...(ssh !== undefined && {
      ssh: {
        ...(ssh.key !== undefined && { identityFile: site.pathOf(ssh.key) }),
        ...(ssh.knownHosts !== undefined && { knownHostsFile: site.pathOf(ssh.knownHosts) }),
      },
    }),
  });
  const atWeb = (repository: string): string =>
    kind !== 'git' && repository.startsWith(`${address}/`)
      ? `${url}${repository.slice(address.length)}`
      : repository;
  return {
    missing: (repository, objects, item, run) => remote.missing(atWeb(repository), objects, item, run),
    send: (repository, objects, from, item, run) => remote.send(atWeb(repository), objects, from, item, run),
    close: () => http.close(),
  };
}

/** Over SSH the port says nothing of where the host's HTTP is: without one, all ports are meant. */
function hostOf(address: string): string {
  const { protocol, host, hostname } = new URL(address);
  return protocol === 'ssh:' ? hostname : host;
}
