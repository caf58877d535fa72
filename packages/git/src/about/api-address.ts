import { protocolOf } from '../git-url.ts';

/** Products whose API says what a repository is about. */
export type RepositoryApi = 'github' | 'gitlab' | 'gitea';

/** Where a host's API answers for one repository. */
export interface ApiAddress {
  readonly api: RepositoryApi;
  /** `host[:port]` whose credentials count: that of the repository. */
  readonly host: string;
  /** Answers with what the repository is. */
  readonly url: string;
}

/** Hosts that everybody knows. Forgejo has Gitea's API. */
const KNOWN: ReadonlyMap<string, RepositoryApi> = new Map([
  ['github.com', 'github'],
  ['gitlab.com', 'gitlab'],
  ['codeberg.org', 'gitea'],
]);

/** Undefined where nobody said which API the host of a normalised URL has, or where the path is no repository's there. `apis`: by host:port as it stands in the URL, or host alone;
 *  what is said there counts before what everybody knows. What is reached over SSH is asked about over HTTPS. */
export function apiAddress(
  url: string,
  apis: ReadonlyMap<string, RepositoryApi | 'none'>,
): ApiAddress | undefined {
  const protocol = protocolOf(url);
  if (protocol === 'file') return undefined;
  const { host: written, hostname, pathname } = new URL(url);
  const api = apis.get(written) ?? apis.get(hostname) ?? KNOWN.get(hostname);
  if (api === undefined || api === 'none') return undefined;
  // The port of SSH says nothing about the one of web pages.
  const host = protocol === 'ssh' ? hostname : written;
  const place = placeOf(api, partsOf(pathname));
  if (place === undefined) return undefined;
  const origin =
    api === 'github' && hostname === 'github.com'
      ? 'https://api.github.com'
      : `${protocol === 'http' ? 'http' : 'https'}://${host}`;
  return { api, host, url: `${origin}${place(origin)}` };
}

function partsOf(pathname: string): string[] {
  const parts = pathname.split('/').filter((part) => part !== '');
  return parts.map((part, i) => encoded(i + 1 < parts.length ? part : part.replace(/\.git$/, '')));
}

function encoded(part: string): string {
  return encodeURIComponent(decodeURIComponent(part));
}

type Place = (origin: string) => string;

/** GitHub: REST API, "Get a repository"; of a server of one's own below `/api/v3`. GitLab: "Get a single project". Gitea: `repoGet`; its web pages may lie below a path. */
function placeOf(api: RepositoryApi, parts: readonly string[]): Place | undefined {
  const [owner, name] = parts.slice(-2);
  if (owner === undefined || name === undefined || name === '') return undefined;
  const below = parts.slice(0, -2);
  switch (api) {
    case 'gitlab':
      return () => `/api/v4/projects/${parts.join('%2F')}`;
    case 'gitea':
      return () => `/${[...below, 'api/v1/repos', owner, name].join('/')}`;
    case 'github':
      if (below.length > 0) return undefined;
      return (origin) => `${origin === 'https://api.github.com' ? '' : '/api/v3'}/repos/${owner}/${name}`;
  }
}
