import { describeTarget, type TargetFixture } from '@gapferry/core/testing';
import { startRegistry } from '@gapferry/testkit';
import { plainRegistry } from '../testing/plain-registry.ts';
import { registryTarget } from './registry-target.ts';

describeTarget('a registry', makeFixture);

async function makeFixture(): Promise<TargetFixture> {
  const registry = await startRegistry();
  return {
    target: registryTarget({
      name: 'plant',
      host: registry.host,
      registry: plainRegistry(),
      path: '{host}/{path}',
    }),
    files: false,
    readsBack: 'manifests',
    spoil: async ({ digest }, how) => {
      const path = `/v2/registry.example/line/app/${how === 'remove' ? 'blobs' : 'manifests'}/${digest}`;
      if (how === 'remove') await fetch(`${registry.url}${path}`, { method: 'DELETE' });
      else
        registry.addFault({
          match: ({ path: asked, method }) => asked === path && method === 'GET',
          do: { kind: 'corrupt', atByte: 10 },
        });
    },
    close: () => registry.close(),
  };
}
