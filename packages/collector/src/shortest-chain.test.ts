import type { NamedBy } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { type ChainLink, shortestChain } from './shortest-chain.ts';

function by(...items: readonly string[]): readonly NamedBy[] {
  return items.map((item) => ({ item, method: 'custom-resource', file: 'a.yaml', path: 'spec' }));
}

function links(all: Readonly<Record<string, readonly string[] | string>>): Map<string, ChainLink> {
  return new Map(
    Object.entries(all).map(([item, one]) => [
      item,
      typeof one === 'string' ? { wish: one, namedBy: [] } : { namedBy: by(...one) },
    ]),
  );
}

describe('a chain to a line of bundle.yaml', () => {
  it('is the shortest there is, and always the same', () => {
    const known = links({
      'chart c': ['git far', 'git near'],
      'git far': ['git farther'],
      'git farther': ['git root'],
      'git near': ['git root'],
      'git root': 'git https://g.example/root',
    });
    const chain = 'image i ← chart c ← git near ← git root ← wish "git https://g.example/root"';
    expect(shortestChain('image i', by('chart c'), known)).toBe(chain);
    expect(shortestChain('image i', by('git far', 'chart c'), known)).toBe(chain);
  });

  it('goes around circles, and says what it can where it leads nowhere', () => {
    const known = links({ 'git a': ['git b'], 'git b': ['git a'] });
    expect(shortestChain('image i', by('git a'), known)).toBe('image i ← git a');
    expect(shortestChain('image i', [], known)).toBe('image i');
  });

  it('has a bounded length', () => {
    const steps = Array.from({ length: 20 }, (_, i): [string, string[]] => [`git ${i}`, [`git ${i + 1}`]]);
    const known = links({ ...Object.fromEntries(steps), 'git 20': 'w' });
    expect(shortestChain('image i', by('git 0'), known)).toBe(
      'image i ← git 0 ← git 1 ← git 2 ← git 3 ← … (13 more) ← git 17 ← git 18 ← git 19 ← git 20 ← wish "w"',
    );
    expect(shortestChain(`image ${'i'.repeat(5000)}`, [], new Map())).toHaveLength(301);
  });
});
