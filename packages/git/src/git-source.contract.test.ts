import { describeSource } from '@gapferry/core/testing';
import { createRepository, freePort, memoryBlobStore, temporaryDirectory } from '@gapferry/testkit';
import { gitSource } from './git-source.ts';

describeSource('a Git repository', async () => {
  const directory = await temporaryDirectory();
  const upstream = await createRepository(directory.join('srv'), [
    { message: 'one', files: { 'a.txt': 'one\n' }, tags: ['v1'] },
  ]);
  const wish = (url: string) => ({ kind: 'git' as const, url, refs: [] });
  return {
    source: gitSource({ workDirectory: directory.join('work'), wait: async () => {} }),
    wish: wish(`file://${upstream.path}`),
    missing: wish(`file://${directory.join('nothing')}`),
    unreachable: wish(`http://127.0.0.1:${await freePort()}/line-a`),
    makeStore: async () => memoryBlobStore(),
    [Symbol.asyncDispose]: () => directory.remove(),
  };
});
