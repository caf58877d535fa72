import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import type { Item, Manifest } from './manifest.ts';
import { itemsOutOfScope } from './scope.ts';
import type { AllowList } from './trust-policy.ts';

const NOTHING: AllowList = { images: [], charts: [], git: [], files: [] };

function manifestOf(...items: Array<Pick<Item, 'kind' | 'id'> & { readonly version?: string }>): Manifest {
  return {
    format: 'gapferry.manifest/1',
    bundle: 'b',
    version: '1',
    platforms: [],
    blobs: [],
    items: items as Item[],
  };
}

function outside(item: Parameters<typeof manifestOf>[0], allow: Partial<AllowList>): boolean {
  return itemsOutOfScope(manifestOf(item), { ...NOTHING, ...allow }).length > 0;
}

describe('the scope of a channel', () => {
  const image = { kind: 'image', id: 'ghcr.io/org/app:1' } as const;
  const pinned = { kind: 'image', id: `ghcr.io/org/app@${digestOf('x')}` } as const;
  const chart = { kind: 'chart', id: 'charts.example/app:1.0.0', version: '1.0.0' } as const;

  it('without patterns lets nothing in', () => {
    const all = manifestOf(image, chart, { kind: 'git', id: 'g/a' }, { kind: 'file', id: 'a' });
    expect(itemsOutOfScope(all, NOTHING)).toEqual(all.items);
  });

  it('holds a pattern against the whole name and against the name without tag, digest or version', () => {
    for (const item of [image, pinned])
      for (const pattern of ['ghcr.io/org/app', 'ghcr.io/org/*', '**', item.id])
        expect(outside(item, { images: [pattern] })).toBe(false);
    for (const pattern of ['charts.example/app', 'charts.example/app:1.*', 'charts.example/*'])
      expect(outside(chart, { charts: [pattern] })).toBe(false);
  });

  it('does not take a longer name for a shorter one', () => {
    expect(outside({ kind: 'image', id: 'ghcr.io/org/app-evil:1' }, { images: ['ghcr.io/org/app'] })).toBe(
      true,
    );
    expect(
      outside({ kind: 'image', id: 'evil.example/ghcr.io/org/app:1' }, { images: ['ghcr.io/org/**'] }),
    ).toBe(true);
    expect(outside(image, { images: ['ghcr.io/org/app:2'] })).toBe(true);
  });

  it('lets a pattern of one kind in no item of another', () => {
    expect(outside(image, { charts: ['**'], git: ['**'], files: ['**'] })).toBe(true);
    expect(outside({ kind: 'file', id: 'k3s/k3s' }, { images: ['**'] })).toBe(true);
  });

  it('knows a repository with and without .git', () => {
    const git = { kind: 'git', id: 'git.example/ops/a' } as const;
    expect(outside(git, { git: ['git.example/ops/a.git'] })).toBe(false);
    expect(outside(git, { git: ['git.example/ops/*'] })).toBe(false);
    expect(outside(git, { git: ['git.example/*'] })).toBe(true);
  });
});
