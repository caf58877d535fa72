import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { portOf } from './host-rules.ts';

/** The variables as Node's agents take them; lower case comes first. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** Does a request to this URL go through a proxy? By the rules of Node's agents (a proxy for the URL's scheme, `NO_PROXY` with `*`, host, host:port, `.suffix`, `*.suffix`,
 *  ranges of IPv4 addresses), and for `NO_PROXY` two more that curl and Go know: a domain stands for what is below it, and `10.0.0.0/8` for its addresses. */
export function createProxyChoice(env: ProxyEnvironment): (url: URL) => boolean {
  const exceptions = (env['no_proxy'] || env['NO_PROXY'] || '')
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .map(toException);
  return (url) => proxyFor(url.protocol, env) && !exceptions.some((isMeant) => isMeant(placeOf(url)));
}

/** The command line passes all names, set or not: only a value is a proxy. */
function proxyFor(protocol: string, env: ProxyEnvironment): boolean {
  const proxy =
    protocol === 'https:' ? env['https_proxy'] || env['HTTPS_PROXY'] : env['http_proxy'] || env['HTTP_PROXY'];
  return /^https?:\/\//.test(proxy ?? '');
}

interface Place {
  /** Without the brackets of IPv6. */
  readonly host: string;
  readonly port: string;
}

function placeOf(url: URL): Place {
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: portOf(url) };
}

type Exception = (place: Place) => boolean;

function toException(entry: string): Exception {
  if (entry === '*') return () => true;
  const addresses = toAddresses(entry);
  if (addresses !== undefined)
    return ({ host }) =>
      (isIPv4(host) && addresses.check(host)) || (isIPv6(host) && addresses.check(host, 'ipv6'));
  const [, name = entry, port] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  const suffix = `.${name.replace(/^\*?\./, '')}`;
  const exact = name.replace(/^\[(.*)\]$/, '$1');
  return (place) =>
    (port === undefined || port === place.port) &&
    (exact === place.host || place.host.endsWith(suffix) || (name[0] === '.' && suffix === `.${place.host}`));
}

/** `10.0.0.0/8` or `192.168.1.0-192.168.1.255`. */
function toAddresses(entry: string): BlockList | undefined {
  const addresses = new BlockList();
  const [network = '', prefix = ''] = entry.split('/');
  const [first = '', last = ''] = entry.split('-').map((end) => end.trim());
  const family = isIPv4(network) ? 'ipv4' : isIPv6(network) ? 'ipv6' : undefined;
  try {
    if (family && /^\d{1,3}$/.test(prefix)) addresses.addSubnet(network, Number(prefix), family);
    else if (isIPv4(first) && isIPv4(last)) addresses.addRange(first, last);
    else return undefined;
  } catch {
    return undefined;
  }
  return addresses;
}
