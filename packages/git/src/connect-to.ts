import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { GitSetting } from './git-environment.ts';

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443', 'ssh:': '22' };

/** Like `curl --connect-to`, with Git's own means: the port is changed by `url.<base>.insteadOf`; over HTTP the name stays in Host header and certificate
 *  (`http.curloptResolve`), over SSH the address takes its place, and its key must be in known_hosts. `effective` is the URL git will use. */
export async function connectSettings(
  url: string,
  connectTo: ReadonlyMap<string, string> | undefined,
): Promise<{ effective: string; settings: readonly GitSetting[] }> {
  const from = new URL(url);
  const target = connectTo?.get(`${from.hostname}:${from.port || (DEFAULT_PORTS[from.protocol] ?? '')}`);
  if (target === undefined || from.protocol === 'file:') return { effective: url, settings: [] };
  const [host, port] = splitPlace(target);
  if (from.protocol === 'ssh:') return rewritten(from, `ssh://${userOf(from)}${host}:${port}`, []);
  const base = `${from.protocol}//${from.hostname}:${port}`;
  const address = await addressOf(host);
  return rewritten(from, base, [['http.curloptResolve', `${from.hostname}:${port}:${address}`]]);
}

function rewritten(
  from: URL,
  base: string,
  more: readonly GitSetting[],
): { effective: string; settings: readonly GitSetting[] } {
  const original = `${from.protocol}//${userOf(from)}${from.host}/`;
  return { effective: `${base}${from.pathname}`, settings: [[`url.${base}/.insteadOf`, original], ...more] };
}

function userOf(url: URL): string {
  return url.username === '' ? '' : `${url.username}@`;
}

function splitPlace(place: string): [host: string, port: string] {
  const colon = place.lastIndexOf(':');
  return [place.slice(0, colon), place.slice(colon + 1)];
}

async function addressOf(host: string): Promise<string> {
  const bare = host.replace(/^\[|\]$/g, '');
  const address = isIP(bare) === 0 ? (await lookup(bare)).address : bare;
  return isIP(address) === 6 ? `[${address}]` : address;
}
