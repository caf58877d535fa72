import { quietRun } from '@gapferry/core';
import { expect, it } from 'vitest';
import { bucketMemory } from './bucket-memory.ts';
import type { S3Listed, S3Store } from './s3-store.ts';

it('lists what is shared only for who asks for something in it', async () => {
  const listed: string[] = [];
  const store = {
    async *list(prefix: string) {
      listed.push(prefix);
      yield* [] as S3Listed[];
    },
    read: async () => undefined,
  } as unknown as S3Store;
  const memory = bucketMemory(store, [{ prefix: 'line-a/1/' }, { prefix: '' }], 'line-a/index.json');
  expect(await memory.isThere(quietRun())).toBe(true);
  expect(await memory.index(quietRun())).toEqual({});
  await memory.at('line-a/1/x', 'x', quietRun());
  expect(listed).toEqual(['line-a/1/']);
  await memory.at('tools/x', 'x', quietRun());
  memory.relist();
  for (const key of ['tools/x', 'tools/y', 'line-a/1/x']) await memory.at(key, 'x', quietRun());
  expect(listed).toEqual(['line-a/1/', '', '', 'line-a/1/']);
});

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
