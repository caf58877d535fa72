import { expect, it } from 'vitest';
import { createGroupedSync } from './grouped-sync.ts';

it('serves everybody who asks during a sync with one more sync', async () => {
  const started: string[] = [];
  const gates: Array<() => void> = [];
  const sync = createGroupedSync((directory) => {
    started.push(directory);
    return new Promise((resolve) => gates.push(resolve));
  });
  const first = sync('a');
  const later = [sync('a'), sync('a'), sync('a')];
  expect(started).toEqual(['a']);
  gates[0]?.();
  await first;
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(started).toEqual(['a', 'a']);
  gates[1]?.();
  await Promise.all(later);
  expect(started).toEqual(['a', 'a']);
});

it('does not let one directory wait for another', () => {
  const started: string[] = [];
  const sync = createGroupedSync(async (directory) => void started.push(directory));
  void sync('a');
  void sync('b');
  expect(started).toEqual(['a', 'b']);
});

it('tells a failure to those it concerns, and tries again for the others', async () => {
  let calls = 0;
  const sync = createGroupedSync(async () => {
    calls += 1;
    if (calls === 1) throw new Error('EIO');
  });
  const [first, second] = [sync('a'), sync('a')];
  await expect(first).rejects.toThrow('EIO');
  await expect(second).resolves.toBeUndefined();
});
