import { type BundleConfig, parseBundleConfig } from '@gapferry/bundle';
import { fixedClock, type MemoryUpstream, memoryDepot, memoryLedger, memorySigner } from '@gapferry/testkit';
import type { CollectRequest } from '../request.ts';

/** A first collect from `upstream` in memory, of a bundle with this rest of bundle.yaml. */
export function memoryRequest(
  body: string,
  upstream: MemoryUpstream,
  more: Partial<CollectRequest> = {},
): CollectRequest {
  const clock = fixedClock('2026-05-01T08:00:00Z');
  return {
    config: configOf(body),
    locked: false,
    sources: upstream.sources,
    depot: memoryDepot(),
    ledger: memoryLedger(clock),
    clock,
    signer: memorySigner(),
    numbering: { kind: 'first' },
    ...more,
  };
}

/** `normalize`: of Git addresses; as they are written unless given. */
export function configOf(body: string, normalize: (url: string) => string = (url) => url): BundleConfig {
  const text = `format: gapferry.bundle/1\nname: line-a\nplatforms: [linux/amd64]\n${body}`;
  return parseBundleConfig(text, 'bundle.yaml', normalize);
}
