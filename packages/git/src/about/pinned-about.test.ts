import { quietRun } from '@gapferry/core';
import { createRepository, temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { gitSource } from '../git-source.ts';

it('a repository is pinned with what its host says of it, by its identity and its address', async () => {
  await using directory = await temporaryDirectory();
  const upstream = await createRepository(directory.join('srv'), [{ message: 'one' }]);
  const url = `file://${upstream.path}`;
  const asked: string[][] = [];
  const pin = async (about: { readonly topics: readonly string[] } | undefined) => {
    const source = gitSource({
      workDirectory: directory.join('work'),
      about: {
        ask: async (...[address, id]) => {
          asked.push([address, id]);
          return about;
        },
      },
    });
    const [found] = await source.resolve({ kind: 'git', url, refs: [], as: 'git.example/a' }, quietRun());
    return found;
  };
  expect(await pin({ topics: ['plc'] })).toMatchObject({ about: { topics: ['plc'] } });
  expect(await pin(undefined)).not.toHaveProperty('about');
  expect(asked).toEqual(Array(2).fill([url, 'git.example/a']));
});
