import { hostWithPort } from './host-rules.ts';
import type { HostSettings } from './http-client.ts';

/** What holds for a URL's host: the entry with its port comes before the one without. */
export type SettingsFor = (url: URL) => HostSettings;

export function createHostSettings(hosts: ReadonlyMap<string, HostSettings> = new Map()): SettingsFor {
  const known = new Map([...hosts].map(([host, settings]) => [host.toLowerCase(), settings]));
  return (url) => known.get(hostWithPort(url)) ?? known.get(url.hostname) ?? {};
}
