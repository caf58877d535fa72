import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import type { Item, Manifest } from './manifest.ts';
import { planTransfer, requireWhole } from './plan-transfer.ts';

const ADDRESS = { channel: 'line-a', sequence: 3 };
const ROOT = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digestOf('root'), size: 4 };

describe('a transfer', () => {
  it('carries the blobs of manifest and packs once, and names images and charts', () => {
    const items = [
      { kind: 'chart', id: 'c:1', root: ROOT },
      { kind: 'file', id: 'f', root: ROOT },
      { kind: 'git', id: 'g', refs: [] },
      { kind: 'image', id: 'i:1', root: ROOT },
    ] as unknown as Item[];
    const blobs = [{ digest: digestOf('root'), size: 4 }];
    const manifest: Manifest = {
      format: 'gapferry.manifest/1',
      bundle: 'b',
      version: '1',
      platforms: [],
      blobs,
      items,
    };
    const packs = [
      { digest: digestOf('pack'), size: 10, prerequisites: [] },
      { digest: digestOf('root'), size: 4, prerequisites: [] },
    ];
    const plan = planTransfer(ADDRESS, manifest, { format: 'gapferry.packs/1', items: [{ id: 'g', packs }] });
    expect(plan.bytes).toBe(14);
    expect(plan.blobs.map(({ digest }) => digest)).toEqual([digestOf('pack'), digestOf('root')].sort());
    expect(plan.names.map(({ name }) => name)).toEqual(['c:1', 'i:1']);
  });

  it('does not begin with a release that is not whole', () => {
    expect(() => requireWhole(ADDRESS, [])).not.toThrow();
    expect(() => requireWhole(ADDRESS, [{ digest: digestOf('x'), size: 1 }])).toThrow(
      expect.objectContaining({ code: 'BLOB_MISSING', origin: 'depot', data: { missing: [digestOf('x')] } }),
    );
  });
});
