import { digestOf } from '@gapferry/core';
import { describeSource } from '@gapferry/core/testing';
import { createHttpClient } from '@gapferry/http';
import { memoryBlobStore, rangeReply, seededBuffer, startHttpServer, toContent } from '@gapferry/testkit';
import { fileSource } from './file-source.ts';

const content = seededBuffer(200_000, 'file');

describeSource('an HTTP server', async () => {
  const server = await startHttpServer((request) =>
    request.path === '/tool.bin' ? rangeReply(request, toContent(content), {}) : { status: 404 },
  );
  const gone = await startHttpServer(() => ({ status: 200 }));
  await gone.close();
  const http = createHttpClient({ wait: async () => {} });
  const wish = (url: string) => ({
    kind: 'file' as const,
    url,
    sha256: digestOf(content),
    as: 'tools/tool.bin',
  });
  return {
    source: fileSource(http),
    wish: wish(`${server.url}/tool.bin`),
    missing: wish(`${server.url}/other.bin`),
    unreachable: wish(`${gone.url}/tool.bin`),
    makeStore: async () => memoryBlobStore(),
    async [Symbol.asyncDispose]() {
      http.close();
      await server.close();
    },
  };
});
