import type { GitFinding, GitPin, GitRevision } from '@gapferry/core';
import { digestOf } from '@gapferry/core';
import { newestVersion } from '@gapferry/helm';
import { describe, expect, it } from 'vitest';
import { entryRevision } from './entry-revision.ts';

const REFS = [
  'refs/heads/main',
  'refs/heads/both',
  'refs/heads/abcdef1',
  'refs/tags/both',
  'refs/tags/v1.2.0',
  'refs/tags/1.10.0',
  'refs/tags/v1.11.0-rc.1',
  'refs/tags/1.99',
  'refs/tags/v3.0.0+a',
  'refs/tags/v3.0.0+b',
];
const FULL = 'b'.repeat(40);

function resolve(as: GitRevision['as'] | undefined, text = '', refs = REFS, head?: string): unknown {
  const pin: GitPin = {
    kind: 'git',
    id: 'git.example.org/ops/line-a',
    wish: digestOf('wish'),
    url: 'https://git.example.org/ops/line-a',
    objectFormat: 'sha1',
    refs: refs.map((name) => ({ name, oid: 'a'.repeat(40) })),
    ...(head !== undefined && { head }),
  };
  const entry: GitFinding = {
    kind: 'git',
    url: pin.url,
    ...(as !== undefined && { revision: { as, text } }),
    path: 'deploy',
    confidence: 'certain',
    place: { file: 'apps.yaml', object: 'Application/x', path: 'spec.source' },
  };
  return entryRevision(entry, pin, newestVersion);
}

describe('the revision of an entry', () => {
  it.each<[GitRevision['as'], string, object]>([
    ['branch', 'main', { ref: 'refs/heads/main' }],
    ['tag', 'v1.2.0', { ref: 'refs/tags/v1.2.0' }],
    ['ref', 'refs/heads/main', { ref: 'refs/heads/main' }],
    ['name', 'refs/tags/both', { ref: 'refs/tags/both' }],
    ['name', 'both', { ref: 'refs/heads/both' }],
    ['name', 'v1.2.0', { ref: 'refs/tags/v1.2.0' }],
    ['name', 'abcdef1', { ref: 'refs/heads/abcdef1' }],
    ['name', 'abcdef2', { commit: 'abcdef2' }],
    ['name', FULL, { commit: FULL }],
    ['name', '1.x', { ref: 'refs/tags/1.10.0' }],
    ['commit', 'abcdef1', { commit: 'abcdef1' }],
    ['semver', '>=1.0.0 <2', { ref: 'refs/tags/1.10.0' }],
    ['semver', '~1.2', { ref: 'refs/tags/v1.2.0' }],
    ['semver', '>=1.0.0-0 <2.0.0-0', { ref: 'refs/tags/v1.11.0-rc.1' }],
  ])('that is a %s, %s, is what Argo CD and Flux take', (as, text, found) => {
    expect(resolve(as, text)).toEqual(found);
  });

  it('that is none, or HEAD, is the default branch', () => {
    expect(resolve(undefined, '', REFS, 'refs/heads/main')).toEqual({ ref: 'refs/heads/main' });
    expect(resolve('name', 'HEAD', REFS, 'refs/heads/main')).toEqual({ ref: 'refs/heads/main' });
  });

  it.each<[string, GitRevision['as'] | undefined, string, string]>([
    ['a branch that is a tag', 'branch', 'v1.2.0', 'not pinned at it'],
    ['a tag that is a branch', 'tag', 'main', 'not pinned at it'],
    ['a short ref', 'ref', 'main', 'not pinned at it'],
    ['a name of nothing', 'name', 'release', 'not pinned at it'],
    ['a range without tags', 'semver', '>=9', 'not pinned at it'],
    ['a range that is none', 'semver', 'latest!', 'neither a version nor a range'],
    ['a range whose highest version has two tags', 'semver', '3.x', 'may be v3.0.0+'],
    ['no default branch', undefined, '', 'default branch is not among'],
  ])('is not there: %s', (_, as, text, why) => {
    const name = text === '' ? 'HEAD' : text;
    expect(() => resolve(as, text)).toThrow(
      expect.objectContaining({
        code: 'SOURCE_NOT_FOUND',
        message: expect.stringMatching(
          new RegExp(
            `^git git.example.org/ops/line-a \\(https.* at ${name}, "deploy": .*${why.replace('+', '\\+')}.*; apps.yaml: Application/x: spec.source points there$`,
          ),
        ),
      }),
    );
  });
});
