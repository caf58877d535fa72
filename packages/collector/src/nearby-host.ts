import type { BundleConfig } from '@gapferry/bundle';
import type { Wish } from '@gapferry/core';

/** This machine, and what is linked to it without a router: loopback, link-local and unspecified addresses (RFC 6890). `host`: with or without port. */
export function isNearby(host: string): boolean {
  const name = nameOf(host);
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    /^(?:127|0)(?:\.\d{1,3}){3}$/.test(name) ||
    /^169\.254(?:\.\d{1,3}){2}$/.test(name) ||
    /^\[(?:::1?|fe[89ab][0-9a-f]:.*|::ffff:(?:7f[0-9a-f]{2}|a9fe|0):[0-9a-f]{1,4})\]$/.test(name)
  );
}

/** Names of the nearby hosts that bundle.yaml itself has: in a line, under `hosts` or under `insecure`. */
export function nearbyHosts({ wishes, hosts, insecure }: BundleConfig): ReadonlySet<string> {
  const named = [...wishes.flatMap(hostOf), ...hosts.keys(), ...insecure];
  return new Set(named.filter(isNearby).map(nameOf));
}

/** Does content alone name this nearby host? It would be another one on every machine that collects, and what listens there may trust whoever asks. */
export function isForeignNearby(host: string, known: ReadonlySet<string>): boolean {
  return isNearby(host) && !known.has(nameOf(host));
}

function hostOf(wish: Wish): string[] {
  if ('url' in wish) return [URL.parse(wish.url)?.host ?? ''];
  if ('listing' in wish) return [URL.parse(wish.listing)?.host ?? ''];
  if ('prefix' in wish) return [URL.parse(wish.prefix.endpoint)?.host ?? ''];
  if ('apt' in wish) return [URL.parse(wish.apt.url)?.host ?? ''];
  if ('release' in wish) return [URL.parse(wish.release.url)?.host ?? ''];
  return 'ref' in wish ? [wish.ref.slice(0, wish.ref.indexOf('/'))] : [];
}

/** As `URL` writes addresses: `0x7f.1` is `127.0.0.1`. */
function nameOf(host: string): string {
  return (URL.parse(`http://${host}`)?.hostname ?? host).replace(/\.$/, '').toLowerCase();
}
