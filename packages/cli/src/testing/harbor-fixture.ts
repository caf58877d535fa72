import { createWaiting } from '@gapferry/http';
import { createRegistryWriter } from '@gapferry/oci';
import { type HarborTargetOptions, harborTarget } from '@gapferry/targets';
import { type HarborOptions, startHarbor, type TestHarbor } from '@gapferry/testkit';
import { hostApi } from '../inside/host-api.ts';
import { basicOf, LOADED, targetClients } from './target-clients.ts';

export interface HarborFixture {
  readonly harbor: TestHarbor;
  /** A target with a client of its own. */
  open(
    options?: Partial<HarborTargetOptions> & { readonly secret?: string },
  ): ReturnType<typeof harborTarget>;
  close(): Promise<void>;
}

/** A Harbor, and targets that load into it as the command line opens them. */
export async function startHarborFixture(options: HarborOptions = {}): Promise<HarborFixture> {
  const harbor = await startHarbor(options);
  const clients = targetClients();
  return {
    harbor,
    open: ({ secret = 'Harbor12345', ...given } = {}) => {
      const { user = 'admin' } = given;
      const http = clients.open([harbor.host], { username: user, password: secret });
      return harborTarget({
        name: 'harbor',
        host: harbor.host,
        registry: createRegistryWriter(http),
        api: hostApi(http, harbor.url, basicOf(user, secret)),
        path: '{host}/{path}',
        // Waits count as passed at once.
        waiting: createWaiting(async () => {}),
        projects: { create: true, public: false },
        release: LOADED,
        ...given,
        user,
      });
    },
    close: async () => {
      clients.close();
      await harbor.close();
    },
  };
}
