import { createHttpClient, createWaiting } from '@gapferry/http';
import { createRegistryWriter } from '@gapferry/oci';
import { type HarborTargetOptions, harborTarget } from '@gapferry/targets';
import { type HarborOptions, startHarbor, type TestHarbor } from '@gapferry/testkit';
import { hostApi } from '../inside/host-api.ts';

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
  const clients: Array<ReturnType<typeof createHttpClient>> = [];
  return {
    harbor,
    open: ({ secret = 'Harbor12345', ...given } = {}) => {
      const { user = 'admin' } = given;
      const credentials = { username: user, password: secret };
      const http = createHttpClient({
        onlyHosts: [harbor.host],
        credentials: async () => credentials,
        wait: async () => {},
      });
      clients.push(http);
      const basic = Buffer.from(`${user}:${secret}`).toString('base64');
      return harborTarget({
        name: 'harbor',
        host: harbor.host,
        registry: createRegistryWriter(http),
        api: hostApi(http, harbor.url, `Basic ${basic}`),
        path: '{host}/{path}',
        // Waits count as passed at once.
        waiting: createWaiting(async () => {}),
        projects: { create: true, public: false },
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
      await harbor.close();
    },
  };
}
