import { describeTarget, type TargetFixture } from '@gapferry/core/testing';
import { startHarborFixture } from '../testing/harbor-fixture.ts';

describeTarget('a Harbor', makeFixture);

async function makeFixture(): Promise<TargetFixture> {
  const { harbor, open, close } = await startHarborFixture({ projects: [{ name: 'mirror' }] });
  const repository = 'mirror/registry.example/line/app';
  return {
    target: open({ path: 'mirror/{host}/{path}' }),
    files: false,
    readsBack: 'manifests',
    spoil: async ({ digest }, how) => {
      const kind = how === 'remove' ? 'blobs' : 'manifests';
      const path = `/v2/${repository}/${kind}/${digest}`;
      const authorization = `Basic ${Buffer.from('admin:Harbor12345').toString('base64')}`;
      if (how === 'remove')
        await fetch(`${harbor.url}${path}`, { method: 'DELETE', headers: { authorization } });
      else
        harbor.addFault({
          match: ({ path: asked, method }) => asked === path && method === 'GET',
          do: { kind: 'corrupt', atByte: 10 },
        });
    },
    close,
  };
}
