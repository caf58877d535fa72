import { type Lock, type Manifest, makeLock } from '@gapferry/bundle';
import { digestOf, type NamedBy, type Pin } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import type { DiscoveredImage } from './discovery.ts';
import type { Lead } from './leads.ts';
import { requireClosure } from './require-closure.ts';

const NAMED_BY: NamedBy = {
  item: 'chart c.example/a:1',
  method: 'values',
  file: 'a/values.yaml',
  path: 'image',
};

function manifestOf(...ids: readonly string[]): Manifest {
  return { items: ids.map((id) => ({ kind: 'image', id })) } as unknown as Manifest;
}

function lockOf(...ids: readonly string[]): Lock {
  const root = { mediaType: 'application/json', digest: digestOf('x'), size: 1 };
  const pins = ids.map(
    (id): Pin => ({ kind: 'image', id, wish: digestOf(id), root, platforms: [], namedBy: [NAMED_BY] }),
  );
  return makeLock('line-a', pins);
}

function found(image: string, more: Partial<DiscoveredImage> = {}): DiscoveredImage {
  return { image, confidence: 'certain', outcome: 'included', item: image, namedBy: [NAMED_BY], ...more };
}

describe('closure', () => {
  it('holds where every image that is surely needed is there, or waived', () => {
    const listed = found('r.example/c:1', { confidence: 'likely', outcome: 'listed' });
    const { item: _, ...left } = listed;
    const waived = found('r.example/b:1', { outcome: 'waived' });
    expect(() =>
      requireClosure(manifestOf('r.example/a:1'), lockOf('r.example/a:1'), [
        found('r.example/a:1'),
        waived,
        left,
      ]),
    ).not.toThrow();
  });

  it.each<[string, Lock, DiscoveredImage[]]>([
    ['one that the lock has because a chart names it', lockOf('r.example/gone:1'), []],
    ['one that was found', lockOf(), [found('r.example/gone:1')]],
    ['a likely one that was included', lockOf(), [found('r.example/gone:1', { confidence: 'likely' })]],
  ])('does not hold without %s', (_, lock, discovered) => {
    expect(() => requireClosure(manifestOf('r.example/a:1'), lock, discovered)).toThrow(
      expect.objectContaining({
        code: 'RELEASE_INCOMPLETE',
        message: expect.stringContaining(
          'r.example/gone:1, named in a/values.yaml: image of chart c.example/a:1',
        ),
      }),
    );
  });

  it('does not hold where a certain one has no item at all', () => {
    const { item: _, ...lost } = found('r.example/lost:1', { outcome: 'listed' });
    expect(() => requireClosure(manifestOf(), lockOf(), [lost])).toThrow('r.example/lost:1');
  });

  it('holds of charts and repositories as well', () => {
    const place = { file: 'a.yaml', path: 'spec' };
    const lead: Lead = {
      item: 'git g.example/a',
      place,
      to: 'chart b of https://c.example 1',
      confidence: 'certain',
      outcome: 'included',
      became: 'chart c.example/b:1',
    };
    const manifest = { items: [{ kind: 'chart', id: 'c.example/b:1' }] } as unknown as Manifest;
    expect(() => requireClosure(manifest, lockOf(), [], [lead])).not.toThrow();
    const { became: _, ...lost } = lead;
    for (const one of [{ ...lead, became: 'git c.example/b:1' }, lost])
      expect(() => requireClosure(manifest, lockOf(), [], [one])).toThrow(
        expect.objectContaining({
          code: 'RELEASE_INCOMPLETE',
          message: expect.stringContaining('chart b of'),
        }),
      );
    expect(() => requireClosure(manifest, lockOf(), [], [{ ...lost, outcome: 'listed' }])).not.toThrow();
  });
});
