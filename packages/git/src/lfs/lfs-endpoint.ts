import { GapferryError, printable } from '@gapferry/core';

/** Where the API of Git LFS is. `header` comes from the server over SSH and may hold a secret. */
export interface LfsEndpoint {
  /** Without a slash at the end. */
  readonly url: string;
  readonly header: Readonly<Record<string, string>>;
  /** Milliseconds since 1970 from which on `header` is of no use. */
  readonly expires?: number;
}

/** The place that git-lfs takes unless it is told another one (docs/api/server-discovery.md): `<url>.git/info/lfs`. `url` must be normalised, over HTTP. */
export function usualEndpoint(url: string): string {
  const bare = url.replace(/\/+$/, '');
  return `${bare.endsWith('.git') ? bare : `${bare}.git`}/info/lfs`;
}

/** `lfs.url` of a `.lfsconfig`, as far as a repository may decide it: over HTTP(S), at the host that the repository comes from (a host that only has another port is another host) or at one of `also`,
 *  never with less protection, and without credentials. Throws `FORBIDDEN`. */
export function toldEndpoint(told: string, url: string, also: readonly string[] = []): string {
  const [place, from] = [URL.parse(told), new URL(url)];
  if (!place || !/^https?:$/.test(place.protocol)) throw refused(told, url, 'it is no http or https URL');
  if (place.username + place.password !== '') throw refused('', url, 'it carries credentials');
  const isSame = from.protocol === 'ssh:' ? place.hostname === from.hostname : place.host === from.host;
  if (!isSame && !also.includes(place.host) && !also.includes(place.hostname))
    throw refused(told, url, `${place.host} is another host than the repository's`);
  if (from.protocol !== 'http:' && place.protocol === 'http:' && !also.includes(place.host))
    throw refused(told, url, 'it leads to plain HTTP');
  return place.href.replace(/\/+$/, '');
}

function refused(told: string, url: string, why: string): GapferryError {
  const host = URL.parse(told)?.host ?? 'that host';
  return new GapferryError({
    code: 'FORBIDDEN',
    origin: 'source',
    message: printable(
      `the .lfsconfig of ${url} says that its Git LFS server is elsewhere, which is refused: ${why}`,
    ),
    hint: `if that is right, name the host under "also" of the repository's host in bundle.yaml: hosts: {${new URL(url).host}: {also: [${printable(host)}]}}; or say "lfs: none"`,
    data: { url },
  });
}
