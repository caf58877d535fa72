import { digestOf, type GitPack } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { reasonToFold } from './chain-policy.ts';

const MEBIBYTE = 1_048_576;

function packs(...sizes: readonly number[]): GitPack[] {
  return sizes.map((size, at) => ({ digest: digestOf(`${at}`), size, prerequisites: [] }));
}

describe('a chain of packs', () => {
  it('has at most 20 packs', () => {
    expect(reasonToFold(packs(...Array(20).fill(1)))).toBeUndefined();
    expect(reasonToFold(packs(...Array(21).fill(1)))).toContain('20 packs');
  });

  it('has increments of at most half its base', () => {
    expect(reasonToFold(packs(8 * MEBIBYTE, MEBIBYTE, 3 * MEBIBYTE))).toBeUndefined();
    expect(reasonToFold(packs(8 * MEBIBYTE, MEBIBYTE, 3 * MEBIBYTE + 1))).toContain('half');
  });

  it('may grow as it likes while that is less than a mebibyte', () => {
    expect(reasonToFold(packs(100, MEBIBYTE))).toBeUndefined();
    expect(reasonToFold(packs(100, MEBIBYTE, 1))).toContain('half');
  });
});
