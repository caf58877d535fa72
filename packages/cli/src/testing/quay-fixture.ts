import { createHttpClient } from '@gapferry/http';
import { createRegistryWriter } from '@gapferry/oci';
import { type QuayTargetOptions, quayTarget, type RegistryHostTarget } from '@gapferry/targets';
import { QUAY_ADMIN_TOKEN, type QuayOptions, startQuay, type TestQuay } from '@gapferry/testkit';
import { hostApi } from '../inside/host-api.ts';

export interface QuayLogin {
  readonly user?: string;
  readonly secret?: string;
  /** An access token; `none`: there is none. */
  readonly token?: string;
}

export interface QuayFixture {
  readonly quay: TestQuay;
  /** A target with a client of its own; signs in as `admin`, with a token that may do everything, unless told otherwise. */
  open(options?: Partial<QuayTargetOptions> & QuayLogin): RegistryHostTarget;
  close(): Promise<void>;
}

/** A Quay, and targets that load into it as the command line opens them. */
export async function startQuayFixture(options: QuayOptions = {}): Promise<QuayFixture> {
  const quay = await startQuay(options);
  const clients: Array<ReturnType<typeof createHttpClient>> = [];
  return {
    quay,
    open: ({ secret = 'quay12345', token = QUAY_ADMIN_TOKEN, user = 'admin', ...given } = {}) => {
      const http = createHttpClient({
        onlyHosts: [quay.host],
        credentials: async () => ({ username: user, password: secret }),
        wait: async () => {},
      });
      clients.push(http);
      const hasToken = token !== 'none';
      return quayTarget({
        name: 'quay',
        host: quay.host,
        registry: createRegistryWriter(http),
        api: hostApi(http, quay.url, hasToken ? `Bearer ${token}` : undefined),
        hasToken,
        login: hostApi(http, quay.url, `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`),
        path: '{host}/{path}',
        organizations: { create: true },
        repositories: { create: true, public: false },
        release: {
          channel: 'line-a',
          version: '1.4.0',
          sequence: 17,
          statement: `sha256:${'1'.repeat(64)}`,
        },
        ...given,
        user,
      });
    },
    close: async () => {
      for (const client of clients) client.close();
      await quay.close();
    },
  };
}
