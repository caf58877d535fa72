import type { Credentials } from '@gapferry/http';
import { createHttpClient, type HttpClient } from '@gapferry/http';
import type { LoadedRelease } from '@gapferry/targets';

/** What fixtures of targets load. */
export const LOADED: LoadedRelease = {
  channel: 'line-a',
  version: '1.4.0',
  sequence: 17,
  statement: `sha256:${'1'.repeat(64)}`,
};

/** Clients of a fixture's targets, one each, that wait for nothing. */
export interface TargetClients {
  /** Speaks to these hosts alone; the first has the credentials. */
  open(hosts: readonly [string, ...string[]], credentials: Credentials): HttpClient;
  close(): void;
}

export function targetClients(): TargetClients {
  const clients: HttpClient[] = [];
  return {
    open: (hosts, credentials) => {
      const http = createHttpClient({
        onlyHosts: hosts,
        credentials: async (host) => (host === hosts[0] ? credentials : undefined),
        wait: async () => {},
      });
      clients.push(http);
      return http;
    },
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

/** Of a header (RFC 7617). */
export function basicOf(user: string, secret: string): string {
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}
