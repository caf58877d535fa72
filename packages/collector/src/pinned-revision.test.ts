import type { GitRevision } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { pinnedRevision } from './pinned-revision.ts';

const OID = 'ab'.repeat(20);
const PIN = {
  head: 'refs/heads/main',
  refs: [
    { name: 'refs/heads/main', oid: OID },
    { name: 'refs/tags/v1', oid: 'cd'.repeat(20) },
  ],
};

describe('a revision that something points to', () => {
  it.each<[GitRevision['as'], string, string]>([
    ['branch', 'main', 'pinned'],
    ['branch', 'v1', 'missing'],
    ['branch', 'refs/heads/main', 'pinned'],
    ['tag', 'v1', 'pinned'],
    ['tag', 'main', 'missing'],
    ['name', 'main', 'pinned'],
    ['name', 'v1', 'pinned'],
    ['name', 'v2', 'missing'],
    ['name', 'HEAD', 'pinned'],
    ['ref', 'refs/tags/v1', 'pinned'],
    ['ref', 'refs/pull/1/head', 'missing'],
    ['semver', '^1', 'unproved'],
    ['commit', OID, 'pinned'],
    ['commit', 'ABABABA', 'pinned'],
    ['commit', 'ef'.repeat(20), 'unproved'],
    ['name', 'ef'.repeat(20), 'unproved'],
  ])('as %s %s is %s', (as, text, expected) => {
    expect(pinnedRevision(PIN, { as, text })).toBe(expected);
  });

  it("is upstream's default branch where nothing is said, if that is pinned", () => {
    expect(pinnedRevision(PIN, undefined)).toBe('pinned');
    expect(pinnedRevision({ refs: PIN.refs }, undefined)).toBe('missing');
    expect(pinnedRevision({ refs: PIN.refs.slice(0, 1) }, { as: 'semver', text: '1' })).toBe('missing');
  });
});
