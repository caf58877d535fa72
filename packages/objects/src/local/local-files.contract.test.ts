import { mkdir, writeFile } from 'node:fs/promises';
import { describeSource } from '@gapferry/core/testing';
import { createHttpClient } from '@gapferry/http';
import { memoryBlobStore, temporaryDirectory } from '@gapferry/testkit';
import { fileSource } from '../file-source.ts';

for (const path of ['kit', 'kit/a'])
  describeSource(path === 'kit' ? 'a directory on this machine' : 'a file on this machine', async () => {
    const directory = await temporaryDirectory();
    await mkdir(directory.join('kit/b'), { recursive: true });
    await writeFile(directory.join('kit/a'), 'a');
    await writeFile(directory.join('kit/b/c'), 'c');
    await mkdir(directory.join('locked'), { mode: 0o000 });
    const http = createHttpClient();
    const wish = (at: string) => ({ kind: 'file' as const, path: at, as: 'tools' });
    return {
      source: fileSource(http, { directory: directory.path }),
      wish: wish(path),
      missing: wish('gone'),
      unreachable: wish(process.getuid?.() === 0 ? '/proc/1/mem' : 'locked'),
      makeStore: async () => memoryBlobStore(),
      async [Symbol.asyncDispose]() {
        http.close();
        await directory.remove();
      },
    };
  });
