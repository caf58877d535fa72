import { GapferryError } from '@gapferry/core';
import { mapRepository } from './map-repository.ts';

/** A registry that holds what came from upstream, as the nodes of a cluster reach it. */
export interface Mirror {
  /** `https://registry.plant.example`, without a slash at the end. */
  readonly url: string;
  /** The path template of the target. */
  readonly path: string;
  /** File with the authority's certificate, beside hosts.toml or absolute. */
  readonly ca?: string;
  /** Any certificate will do. */
  readonly skipVerify?: boolean;
  /** Does it want a client certificate? */
  readonly wantsClientCertificate?: boolean;
}

/** First line of every file that gapferry makes for containerd. */
export const CONTAINERD_MARK = '# Made by gapferry; changes are lost when it is made again.';

/** `hosts.toml` that lets containerd find images of an upstream host at a mirror, under the references they always had (containerd, docs/hosts.md).
 *  Throws `CONFIG_INVALID` when the target's template changes more than what comes before the path. */
export function containerdHosts(upstream: string, mirror: Mirror): string {
  const { ca, skipVerify, wantsClientCertificate } = mirror;
  return [
    CONTAINERD_MARK,
    `server = ${quoted(upstreamUrl(upstream))}`,
    '',
    `[host.${quoted(mirrorUrl(upstream, mirror))}]`,
    '  capabilities = ["pull", "resolve"]',
    '  override_path = true',
    ...(ca === undefined ? [] : [`  ca = ${quoted(ca)}`]),
    ...(skipVerify === true ? ['  skip_verify = true'] : []),
    ...(wantsClientCertificate === true
      ? ['  # The registry wants a client certificate of the node: client = [["client.pem", "client.key"]]']
      : []),
    '',
  ].join('\n');
}

/** What containerd puts the path of a repository and the rest of the API behind: `https://registry.plant.example/v2/docker.io`. */
export function mirrorUrl(upstream: string, { url, path }: Mirror): string {
  const before = /^(?:([^{}]*(?:\{host\}[^{}]*)*)\/)?\{path\}$/.exec(path);
  if (before === null)
    throw new GapferryError({
      code: 'CONFIG_INVALID',
      message: `containerd can find images only where the path of a target ends with {path}; here it is ${path}`,
      hint: 'write for example path: "{host}/{path}" in site.yaml, or have the references of the workloads rewritten',
      origin: 'site',
    });
  const repository = mapRepository(path, `${upstream}/x`);
  return `${url}/v2/${repository}`.slice(0, -'/x'.length);
}

/** Docker Hub's API lives under another name than its images. */
function upstreamUrl(upstream: string): string {
  if (upstream === 'docker.io') return 'https://registry-1.docker.io';
  const isLoopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::|$)/.test(upstream);
  return `${isLoopback ? 'http' : 'https'}://${upstream}`;
}

/** A basic string of TOML 1.0: JSON's escapes are among its own. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}
