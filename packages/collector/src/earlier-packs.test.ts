import { encodeLfsList, type GitItem, MAX_INLINE_LFS } from '@gapferry/bundle';
import { digestOf, type GitPin, type LfsObject } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { hasLfs } from './earlier-packs.ts';

const many = (count: number): LfsObject[] =>
  Array.from({ length: count }, (_, i) => ({ oid: digestOf(`model ${i}`), size: 8 })).sort((a, b) =>
    a.oid < b.oid ? -1 : 1,
  );
const itemWith = (lfs?: GitItem['lfs']): GitItem => ({ ...(lfs && { lfs }) }) as GitItem;
const pinWith = (lfs?: readonly LfsObject[]): GitPin => ({ ...(lfs && { lfs }) }) as GitPin;
const listOf = (objects: readonly LfsObject[]): GitItem['lfs'] => {
  const bytes = encodeLfsList(objects);
  return { list: { mediaType: 'application/json', digest: digestOf(bytes), size: bytes.byteLength } };
};

describe('the Git LFS objects of the last release', () => {
  it.each<[string, GitItem['lfs'] | undefined, readonly LfsObject[] | undefined, boolean]>([
    ['none and none', undefined, undefined, true],
    ['the same two', many(2), many(2), true],
    ['one that is new', many(1), many(2), false],
    ['one that is gone', many(2), many(1), false],
    [
      'two others of the same size',
      many(2),
      many(4).filter((one) => !many(2).some(({ oid }) => oid === one.oid)),
      false,
    ],
    ['none any more', many(2), undefined, false],
    ['another size', many(1), many(1).map(({ oid }) => ({ oid, size: 9 })), false],
    ['the same list', listOf(many(MAX_INLINE_LFS + 1)), many(MAX_INLINE_LFS + 1), true],
    ['a longer list', listOf(many(MAX_INLINE_LFS + 1)), many(MAX_INLINE_LFS + 2), false],
    ['a list that is in line now', listOf(many(MAX_INLINE_LFS)), many(MAX_INLINE_LFS), false],
  ])('are those of the pin or not: %s', (_, before, now, same) => {
    expect(hasLfs(itemWith(before), pinWith(now))).toBe(same);
  });
});
