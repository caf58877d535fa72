import type { TargetFixture } from '@gapferry/core/testing';
import type { TestRegistry } from '@gapferry/testkit';

/** What a registry does to a blob or manifest of a repository that somebody removed, or whose bytes rotted: by the answers that it gives from then on. */
export function spoilRegistry(registry: TestRegistry, repository: string): TargetFixture['spoil'] {
  return async ({ digest }, how) => {
    const isGone = how === 'remove';
    const path = `/v2/${repository}/${isGone ? 'blobs' : 'manifests'}/${digest}`;
    registry.addFault({
      match: ({ path: asked, method }) =>
        asked === path && (method === 'GET' || (isGone && method === 'HEAD')),
      do: isGone ? { kind: 'status', status: 404 } : { kind: 'corrupt', atByte: 10 },
    });
  };
}
