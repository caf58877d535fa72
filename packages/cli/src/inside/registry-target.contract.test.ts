import { describeTarget, type TargetFixture } from '@gapferry/core/testing';
import { createHttpClient } from '@gapferry/http';
import { createRegistryWriter } from '@gapferry/oci';
import { registryTarget } from '@gapferry/targets';
import { startRegistry } from '@gapferry/testkit';

describeTarget('a registry that speaks the protocol for real', () => makeFixture(true));
describeTarget('a registry without the referrers API', () => makeFixture(false));

async function makeFixture(referrers: boolean): Promise<TargetFixture> {
  const registry = await startRegistry({ referrers });
  const http = createHttpClient({ onlyHosts: [registry.host] });
  return {
    target: registryTarget({
      name: 'plant',
      host: registry.host,
      registry: createRegistryWriter(http),
      path: 'mirror/{host}/{path}',
    }),
    files: false,
    readsBack: 'manifests',
    spoil: async ({ digest }, how) => {
      const kind = how === 'remove' ? 'blobs' : 'manifests';
      const path = `/v2/mirror/registry.example/line/app/${kind}/${digest}`;
      if (how === 'remove') await fetch(`${registry.url}${path}`, { method: 'DELETE' });
      else
        registry.addFault({
          match: ({ path: asked, method }) => asked === path && method === 'GET',
          do: { kind: 'corrupt', atByte: 10 },
        });
    },
    close: async () => {
      http.close();
      await registry.close();
    },
  };
}
