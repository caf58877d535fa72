import type { AptFileWish } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import type { AskedAddress, FilePlaces } from '../places/file-places.ts';
import { type AptMeans, type AptRepositories, aptRepositories } from './apt-repository.ts';

/** Suites from the mirrors of their host, and from the host. A suite is of one piece at one place only, so each place is asked for all of it; what fails there, is not signed as it must be, or is good no longer, leads to the next one. Of a repository that
 *  nobody signed the host alone is asked: nothing would say what a mirror may have. */
export function aptAtPlaces(means: AptMeans, places: FilePlaces): AptRepositories {
  const known = new Map<string, AptRepositories>();
  const at = ({ apt: { url } }: AptFileWish, there: string): AptRepositories => {
    const key = `${url} ${there}`;
    const isMirror = there !== url;
    const moved = isMirror ? { http: movedClient(means.http, url, there), now: () => new Date() } : {};
    const found = known.get(key) ?? aptRepositories({ ...means, ...moved });
    known.set(key, found);
    return found;
  };
  return {
    resolve(wish, digest, run) {
      if (wish.apt.keyring === undefined) return at(wish, wish.apt.url).resolve(wish, digest, run);
      const use = ({ url }: AskedAddress) => at(wish, url).resolve(wish, digest, run);
      return places.first(wish.apt.url, wish.as, use, run);
    },
    fetch(pin, wish, into, run) {
      if (wish.apt.keyring === undefined) return at(wish, wish.apt.url).fetch(pin, wish, into, run);
      const use = ({ url }: AskedAddress) => at(wish, url).fetch(pin, wish, into, run);
      return places.first(wish.apt.url, wish.as, use, run);
    },
  };
}

/** Asks `there` for what is to be asked below `url`. */
function movedClient(http: HttpClient, url: string, there: string): HttpClient {
  // The address of a whole host ends with a slash at a mirror.
  const base = there.replace(/\/+$/, '');
  const moved = <R extends { readonly url: string }>(request: R): R =>
    request.url.startsWith(`${url}/`)
      ? { ...request, url: `${base}${request.url.slice(url.length)}` }
      : request;
  return {
    ...http,
    request: (request, run) => http.request(moved(request), run),
    body: (request, from, run) => http.body(moved(request), from, run),
    pour: (request, into, run) => http.pour(moved(request), into, run),
  };
}
