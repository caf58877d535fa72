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

  it('names what belongs to an image in its repository, each once', () => {
    const signature = {
      subject: ROOT.digest,
      root: { ...ROOT, digest: digestOf('sig') },
      tag: 'sha256-00.sig',
    };
    const sbom = { subject: ROOT.digest, root: { ...ROOT, digest: digestOf('sbom') } };
    const ids = ['host:5000/app:1.0', 'host:5000/app:1', `host:5000/other:1@${ROOT.digest}`];
    const items = ids.map((id) => ({ kind: 'image', id, root: ROOT, attachments: [signature, sbom] }));
    const manifest = { blobs: [], items } as unknown as Manifest;
    expect(planTransfer(ADDRESS, manifest, undefined).names).toEqual([
      { name: 'host:5000/app:1.0', root: ROOT },
      { name: 'host:5000/app:sha256-00.sig', root: signature.root },
      { name: `host:5000/app@${sbom.root.digest}`, root: sbom.root },
      { name: 'host:5000/app:1', root: ROOT },
      { name: `host:5000/other:1@${ROOT.digest}`, root: ROOT },
      { name: 'host:5000/other:sha256-00.sig', root: signature.root },
      { name: `host:5000/other@${sbom.root.digest}`, root: sbom.root },
    ]);
  });

  it('does not begin with a release that is not whole', () => {
    expect(() => requireWhole(ADDRESS, [])).not.toThrow();
    expect(() => requireWhole(ADDRESS, [{ digest: digestOf('x'), size: 1 }])).toThrow(
      expect.objectContaining({ code: 'BLOB_MISSING', origin: 'depot', data: { missing: [digestOf('x')] } }),
    );
  });
});
