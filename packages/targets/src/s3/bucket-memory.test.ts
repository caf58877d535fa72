import { quietRun } from '@gapferry/core';
import { expect, it } from 'vitest';
import { bucketMemory } from './bucket-memory.ts';
import type { S3Listed, S3Store } from './s3-store.ts';

it('remembers of a shared prefix only what it is for', async () => {
  const asked: string[] = [];
  const listed = ['line-a/1/x', 'mine', 'theirs'].map((key): S3Listed => ({ key, size: 1, etag: '"e"' }));
  const store = {
    async *list(prefix: string) {
      yield* listed.filter(({ key }) => key.startsWith(prefix));
    },
    read: async () => undefined,
    head: async ({ key }: { key: string }) => {
      asked.push(key);
      return { size: 1, etag: '"e"', metadata: new Map() };
    },
  } as unknown as S3Store;
  const lists = [{ prefix: 'line-a/1/' }, { prefix: '', keeps: (key: string) => key === 'mine' }];
  const memory = bucketMemory(store, lists, 'line-a/index.json');
  for (const { key } of listed) await memory.at(key, 'x', quietRun());
  expect(asked).toEqual(['line-a/1/x', 'mine']);
});
