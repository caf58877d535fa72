import { describeTarget, type TargetFixture } from '@gapferry/core/testing';
import { startQuayFixture } from '../testing/quay-fixture.ts';
import { spoilRegistry } from '../testing/spoil-registry.ts';

describeTarget('a Quay', makeFixture);

async function makeFixture(): Promise<TargetFixture> {
  const repository = 'mirror/registry.example/line/app';
  const { quay, open, close } = await startQuayFixture({
    organizations: [{ name: 'mirror' }],
    repositories: [repository],
  });
  return {
    target: open({ path: 'mirror/{host}/{path}' }),
    files: false,
    readsBack: 'manifests',
    spoil: spoilRegistry(quay, repository),
    close,
  };
}
