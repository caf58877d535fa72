import type { HttpClientOptions } from './http-client.ts';

/** What may be said to which host. */
export interface HostRules {
  /** Is TLS with any certificate, or no TLS at all, acceptable for this URL's host? */
  isInsecure(url: URL): boolean;
  /** May credentials be sent to this URL: over TLS, to this machine, or where the operator said so. */
  mayCarryCredentials(url: URL): boolean;
  /** May this URL's host be spoken to at all? */
  mayBeAsked(url: URL): boolean;
}

export function createHostRules({
  insecure = [],
  onlyHosts,
}: Pick<HttpClientOptions, 'insecure' | 'onlyHosts'>): HostRules {
  const isInsecure = listing(insecure);
  return {
    isInsecure,
    mayCarryCredentials: (url) => url.protocol === 'https:' || isLoopback(url.hostname) || isInsecure(url),
    mayBeAsked: onlyHosts === undefined ? () => true : listing(onlyHosts),
  };
}

/** A host without a port stands for all its ports. */
function listing(hosts: readonly string[]): (url: URL) => boolean {
  const listed = new Set(hosts.map((host) => host.toLowerCase()));
  return (url) => listed.has(url.hostname) || listed.has(hostWithPort(url));
}

/** `hostname` as `URL` gives it: IPv6 in brackets, IPv4 normalised. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  );
}

/** `host:port` with the scheme's own port spelled out. */
export function hostWithPort(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

export function portOf(url: URL): string {
  if (url.port !== '') return url.port;
  return url.protocol === 'http:' ? '80' : '443';
}
