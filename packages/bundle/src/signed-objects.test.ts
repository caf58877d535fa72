import { type GitObject, isGapferryError } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { encodeSignedObjects, parseSignedObjects } from './signed-objects.ts';
import { signedCommit, testObject } from './testing/index.ts';

describe('the blob of signed tags and commits', () => {
  const parse = (objects: readonly GitObject[]): GitObject[] => [
    ...parseSignedObjects(encodeSignedObjects(objects), 'signed').values(),
  ];

  it('gives back what was put in, in one order', () => {
    const objects = [signedCommit('ada'), testObject('tag', '\0ünïcode\n'), signedCommit('bob')];
    const sorted = objects.toSorted((a, b) => (a.oid < b.oid ? -1 : 1));
    expect(parse(objects)).toEqual(sorted);
    expect(encodeSignedObjects(objects)).toEqual(encodeSignedObjects([...objects].reverse()));
  });

  it('holds an object of 1 MiB, and none that is larger', () => {
    expect(parse([testObject('commit', 'x'.repeat(1_048_576))])).toHaveLength(1);
    expect(() => parse([testObject('commit', 'x'.repeat(1_048_577))])).toThrow('more than 1048576 bytes');
  });

  it('is not parsed when it is too large', () => {
    try {
      parseSignedObjects(Buffer.alloc(16_777_217, ' '), 'signed');
      expect.unreachable();
    } catch (error) {
      expect(isGapferryError(error, 'LIMIT_EXCEEDED')).toBe(true);
    }
  });

  it('has room for all that may be checked at once', () => {
    const many = Array.from({ length: 10_000 }, (_, i) =>
      testObject('commit', `${'x'.repeat(838)}${i}`.slice(-838)),
    );
    expect(encodeSignedObjects(many).byteLength).toBeLessThan(16_777_216);
  });
});
