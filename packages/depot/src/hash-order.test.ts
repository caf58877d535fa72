import { describe, expect, it } from 'vitest';
import { feedOf, toRequests } from './hash-order.ts';

const MIB = 1 << 20;
const jobsOf = (...sizes: number[]) => sizes.map((size, i) => ({ path: `/${i}`, size, direct: false }));
const order = (sizes: number[], available: number) =>
  toRequests(jobsOf(...sizes), available).map((request) => request.map(({ id }) => id));

describe('requests', () => {
  it('are hashed in the order in which they will be read again where all of it stays in memory', () => {
    expect(order([20 * MIB, 9 * MIB, 30 * MIB], 100 * MIB)).toEqual([[0], [1], [2]]);
  });

  it('are hashed backwards where it does not, so that the first to be read again are still there', () => {
    expect(order([20 * MIB, 9 * MIB, 30 * MIB], 78 * MIB)).toEqual([[2], [1], [0]]);
  });

  it('take small files together, also with large ones between them', () => {
    expect(order([1, 2, 9 * MIB, 3], 100 * MIB)).toEqual([[2], [0, 1, 3]]);
    const many = order(new Array(600).fill(10), 100 * MIB);
    expect(many.map(({ length }) => length)).toEqual([256, 256, 88]);
    expect(order([5 * MIB, 5 * MIB, 3 * MIB], 100 * MIB)).toEqual([[0], [1, 2]]);
  });
});

describe('what is given out', () => {
  const given = (sizes: number[], workers: number) => {
    const next = feedOf(
      sizes.map((size, id) => [{ path: '', direct: false, size, id }]),
      workers,
    );
    const ids: Array<number | undefined> = [];
    for (let request = next(); request !== undefined; request = next()) ids.push(request[0]?.id);
    return ids;
  };

  it('keeps its order', () => {
    expect(given([10, 20, 10, 20, 10, 10], 2)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(given([1, 2, 3, 100], 1)).toEqual([0, 1, 2, 3]);
    expect(given([], 2)).toEqual([]);
  });

  it('begins with a large one in time, so that no core ends alone with it', () => {
    expect(given([10, 10, 10, 100], 2)).toEqual([3, 0, 1, 2]);
    expect(given([10, 10, 10, 10, 30], 2)).toEqual([0, 4, 1, 2, 3]);
  });

  it('gives each out once, whatever their sizes', () => {
    const sizes = Array.from({ length: 300 }, (_, i) => (i * 7919) % 1000);
    expect(given(sizes, 3).sort((a, b) => (a ?? 0) - (b ?? 0))).toEqual([...sizes.keys()]);
  });
});
