import type { ReleaseFileWish } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { chooseRelease, withChosenAssets } from './choose-release.ts';
import type { HostedRelease } from './read-releases.ts';

const REPOSITORY = 'https://git.example/ops/edge';
const release = (tag: string, ...names: string[]): HostedRelease => ({
  tag,
  assets: names.map((name) => `${REPOSITORY}/releases/download/x/${name}`),
});
const wish = (version: string): ReleaseFileWish => ({
  kind: 'file',
  release: { url: REPOSITORY, version, assets: ['edge*'] },
  as: 'edge/{version}/{name}',
  check: 'first-seen',
});

describe('a release that is chosen', () => {
  it.each([
    [' v1.2.3 ', '1.2.3'],
    ['edge/v1.2.3+k3s1', '1.2.3+k3s1'],
    ['v1.2.3', '1.2.3'],
  ])('has its version without what stands around it: %j', (tag, version) => {
    expect(chooseRelease(wish('^1'), [release(tag, 'edge')]).version).toBe(version);
  });

  it('is the same where only its assets were kept', () => {
    const all = [
      release('v1.1.0', 'edge-1.1'),
      release('v1.3.0', 'edge-1.3'),
      release('1.3.0', 'edge-other'),
      release('v2.0.0', 'edge-2'),
      release('nightly', 'edge-nightly'),
    ];
    const kept = withChosenAssets(all, '^1');
    expect(kept.flatMap(({ assets }) => assets)).toHaveLength(1);
    expect(chooseRelease(wish('^1'), kept)).toEqual(chooseRelease(wish('^1'), all));
    expect(() => chooseRelease(wish('^3'), withChosenAssets(all, '^3'))).toThrow('newest are v2.0.0, v1.3.0');
  });
});
