import type { BundleConfig } from '@gapferry/bundle';
import type { Wish } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { isForeignNearby, isNearby, nearbyHosts } from './nearby-host.ts';

const config = (wishes: readonly Wish[], rest: Partial<BundleConfig> = {}): BundleConfig => ({
  name: 'a',
  channel: 'a',
  platforms: [],
  wishes,
  insecure: [],
  hosts: new Map(),
  ...rest,
});

describe('a host', () => {
  it.each([
    'localhost',
    'LocalHost.:8080',
    'db.localhost',
    '127.0.0.1:5000',
    '127.9.9.9',
    '0x7f.1',
    '2130706433',
    '0.0.0.0',
    '169.254.169.254',
    '[::1]:80',
    '[::]',
    '[fe80::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:169.254.169.254]',
  ])('%s is nearby', (host) => {
    expect(isNearby(host)).toBe(true);
  });

  it.each([
    'git.example.org',
    'localhost.example.org',
    '10.0.0.1',
    '192.168.1.1',
    '170.254.1.1',
    '[2001:db8::1]',
    '127.example',
    '',
  ])('%s is elsewhere', (host) => {
    expect(isNearby(host)).toBe(false);
  });

  it('that is nearby is known where bundle.yaml has it, at any port', () => {
    const git: Wish = { kind: 'git', url: 'http://127.0.0.1:3000/a', refs: [] };
    const image: Wish = { kind: 'image', ref: 'localhost:5000/a:1', platforms: [] };
    const known = nearbyHosts(config([git, image], { insecure: ['169.254.1.1', 'r.example'] }));
    expect([...known]).toEqual(['127.0.0.1', 'localhost', '169.254.1.1']);
    expect(isForeignNearby('127.0.0.1:9000', known)).toBe(false);
    expect(isForeignNearby('169.254.169.254', known)).toBe(true);
    expect(isForeignNearby('r.example', known)).toBe(false);
    expect([...nearbyHosts(config([], { hosts: new Map([['[::1]:5000', { mirrors: [] }]]) }))]).toEqual([
      '[::1]',
    ]);
  });
});
