import {
  canonicalBytes,
  canonicalJson,
  digestOf,
  type GitHolding,
  type RepositoryAbout,
} from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { assemble } from './assemble.ts';
import { parseBundleConfig } from './bundle-config.ts';
import { parseManifest } from './check-manifest.ts';
import { diffManifests } from './diff-manifests.ts';
import { driftBetween, encodeLock, makeLock, parseLock } from './lock.ts';
import type { Manifest } from './manifest.ts';

const ABOUT = { description: 'Press line 3', homepage: 'https://line3.example/', topics: ['gitops', 'plc'] };

function holding(about?: RepositoryAbout, oid = 'a'): GitHolding {
  return {
    kind: 'git',
    pin: {
      kind: 'git',
      id: 'git.example/ops/line-3',
      wish: digestOf('wish'),
      url: 'https://git.example/ops/line-3',
      objectFormat: 'sha1',
      refs: [{ name: 'refs/heads/main', oid: oid.repeat(40) }],
      ...(about && { about }),
    },
    packs: [],
  } as unknown as GitHolding;
}

function manifestOf(about?: RepositoryAbout): Manifest {
  const holdings = [{ ...holding(about), packs: [{ digest: digestOf('p'), size: 1, prerequisites: [] }] }];
  const base = { bundle: 'line', version: '1.0.0', platforms: [], insecure: [], refLists: new Map() };
  return assemble({ ...base, holdings: holdings as unknown as GitHolding[] }).manifest;
}

describe('what a host says of a repository', () => {
  it('stands in the manifest and in the lock, and nowhere when it says nothing', () => {
    expect(manifestOf(ABOUT).items[0]).toMatchObject({ about: ABOUT });
    expect(canonicalJson(manifestOf())).not.toContain('about');
    const lock = makeLock('line', [holding(ABOUT).pin]);
    expect(parseLock(Buffer.from(encodeLock(lock)), 'lock')).toEqual(lock);
    expect(encodeLock(makeLock('line', [holding().pin]))).not.toContain('about');
  });

  it.each<[string, unknown]>([
    ['is empty', {}],
    ['has an empty description', { description: '' }],
    ['has two lines', { description: 'a\nb' }],
    ['turns the line around', { description: 'a\u202eb' }],
    ['is too long', { description: 'x'.repeat(1001) }],
    ['has a homepage that runs something', { homepage: 'javascript:alert(1)' }],
    ['has a homepage with a password', { homepage: 'https://a:b@line3.example/' }],
    ['has topics that are not sorted', { topics: ['plc', 'gitops'] }],
    ['has a topic twice', { topics: ['plc', 'plc'] }],
    ['has no topic', { topics: [] }],
    ['has a topic with capitals', { topics: ['PLC'] }],
    [
      'has too many topics',
      { topics: Array.from({ length: 51 }, (_, i) => `t${String(i).padStart(2, '0')}`) },
    ],
    ['has something else', { stars: 7 }],
  ])('is refused where it %s', (_, about) => {
    const manifest = manifestOf(ABOUT);
    const bent = { ...manifest, items: [{ ...manifest.items[0], about }] };
    expect(() => parseManifest(canonicalBytes(bent as never), 'it')).toThrow(/about/);
    const lock = { ...makeLock('line', []), pins: [{ ...holding().pin, about }] };
    expect(() => parseLock(Buffer.from(JSON.stringify(lock)), 'lock')).toThrow();
  });

  it('is a change of a release by itself, and told as one', () => {
    const [from, to] = [manifestOf(ABOUT), manifestOf({ topics: ['plc'] })];
    expect(diffManifests({ manifest: from }, { manifest: to }).changes).toEqual([
      {
        change: 'refs',
        kind: 'git',
        id: 'git.example/ops/line-3',
        refs: [],
        about: { from: ABOUT, to: { topics: ['plc'] } },
        bytes: 0,
      },
    ]);
    expect(diffManifests({ manifest: from }, { manifest: from }).changes).toEqual([]);
  });

  it('is a drift of its own kind: the content is what it was', () => {
    const lock = (about?: RepositoryAbout, oid?: string) => makeLock('line', [holding(about, oid).pin]);
    const one = { id: 'git.example/ops/line-3', kind: 'git' };
    expect(driftBetween(lock(), lock(ABOUT))).toEqual([{ ...one, change: 'described' }]);
    expect(driftBetween(lock(ABOUT), lock(ABOUT))).toEqual([]);
    expect(driftBetween(lock(ABOUT), lock(undefined, 'b'))).toEqual([{ ...one, change: 'moved' }]);
  });

  it('comes from an API that bundle.yaml may name for a host', () => {
    const hostsOf = (api: string) =>
      parseBundleConfig(
        `format: gapferry.bundle/1\nname: line\nimages: [nginx]\nhosts: {Git.example: {api: ${api}}}\n`,
        'bundle.yaml',
        (url) => url,
      ).hosts;
    expect(hostsOf('gitea').get('git.example')).toEqual({ mirrors: [], api: 'gitea' });
    expect(hostsOf('none').get('git.example')).toMatchObject({ api: 'none' });
    expect(() => hostsOf('bitbucket')).toThrow(/hosts\.Git\.example\.api/);
  });
});
