import { describeSource } from '@gapferry/core/testing';
import { createHttpClient } from '@gapferry/http';
import { makeImage, makeIndex, memoryBlobStore, startRegistry } from '@gapferry/testkit';
import { imageSource } from './image-source.ts';
import { createOciClient } from './oci-client.ts';

const image = makeIndex([
  await makeImage({ seed: 1 }),
  await makeImage({ seed: 2, platform: 'linux/arm64' }),
]);

describeSource('an OCI registry', async () => {
  const registry = await startRegistry();
  const gone = await startRegistry();
  await gone.close();
  registry.seedImage('team/app', '1.0', image);
  const http = createHttpClient({ wait: async () => {} });
  const wish = (ref: string) => ({ kind: 'image' as const, ref, platforms: ['linux/amd64'] });
  return {
    source: imageSource(createOciClient(http)),
    wish: wish(`${registry.host}/team/app:1.0`),
    missing: wish(`${registry.host}/team/app:2.0`),
    unreachable: wish(`${gone.host}/team/app:1.0`),
    makeStore: async () => memoryBlobStore(),
    async [Symbol.asyncDispose]() {
      http.close();
      await registry.close();
    },
  };
});
