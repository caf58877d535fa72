import { expect, it } from 'vitest';
import { Counter } from './counter.ts';

it('counts verifying and loading for one bar that never goes back', () => {
  const counter = new Counter(() => 0);
  const seen: [number, number][] = [];
  const look = (): void => void seen.push([counter.done, counter.whole]);
  counter.count({ kind: 'loading-follows' });
  counter.count({ kind: 'stage', stage: 'verify', bytes: 100 });
  look();
  counter.count({ kind: 'bytes', item: 'a', bytes: 100 });
  look();
  counter.count({ kind: 'stage', stage: 'survey' });
  look();
  counter.count({ kind: 'stage', stage: 'plan' });
  counter.count({ kind: 'stage', stage: 'apply', bytes: 40 });
  look();
  counter.count({ kind: 'bytes', item: 'a', bytes: 40 });
  look();
  expect(seen).toEqual([
    [0, 200],
    [100, 200],
    [100, 200],
    [100, 140],
    [140, 140],
  ]);
});

it('begins anew with every stage where nothing is said to follow', () => {
  const counter = new Counter(() => 0);
  counter.count({ kind: 'stage', stage: 'verify', bytes: 100 });
  counter.count({ kind: 'bytes', item: 'a', bytes: 100 });
  counter.count({ kind: 'stage', stage: 'apply', bytes: 40 });
  expect([counter.done, counter.whole]).toEqual([0, 40]);
});

it('has a bar that ends somewhere, whatever comes', () => {
  const counter = new Counter(() => 0);
  expect(counter.whole).toBe(1);
  counter.count({ kind: 'stage', stage: 'fetch' });
  counter.count({ kind: 'bytes', item: 'a', bytes: 7 });
  expect([counter.done, counter.whole]).toEqual([7, 7]);
});

it('tells how long it will take from when the rate is worth something', () => {
  let now = 0;
  const counter = new Counter(() => now);
  counter.count({ kind: 'stage', stage: 'apply', bytes: 300e6 });
  counter.count({ kind: 'bytes', item: 'a', bytes: 10 });
  now = 1000;
  expect(counter.summary()).not.toContain('left');
  now = 30_000;
  expect(counter.summary()).toMatch(/ left$/);
  counter.count({ kind: 'bytes', item: 'b', bytes: 3e6 });
  now = 100;
  expect(counter.summary()).toMatch(/, \d+(\.\d)? s left$/);
});
