import { createRegistryWriter } from '@gapferry/oci';
import { type QuayTargetOptions, quayTarget, type RegistryHostTarget } from '@gapferry/targets';
import { QUAY_ADMIN_TOKEN, type QuayOptions, startQuay, type TestQuay } from '@gapferry/testkit';
import { hostApi } from '../inside/host-api.ts';
import { basicOf, LOADED, targetClients } from './target-clients.ts';

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
  const clients = targetClients();
  return {
    quay,
    open: ({ secret = 'quay12345', token = QUAY_ADMIN_TOKEN, user = 'admin', ...given } = {}) => {
      const http = clients.open([quay.host], { username: user, password: secret });
      const hasToken = token !== 'none';
      return quayTarget({
        name: 'quay',
        host: quay.host,
        registry: createRegistryWriter(http),
        api: hostApi(http, quay.url, hasToken ? `Bearer ${token}` : undefined),
        hasToken,
        login: hostApi(http, quay.url, basicOf(user, secret)),
        path: '{host}/{path}',
        organizations: { create: true },
        repositories: { create: true, public: false },
        release: LOADED,
        ...given,
        user,
      });
    },
    close: async () => {
      clients.close();
      await quay.close();
    },
  };
}
