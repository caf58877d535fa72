import { symlink, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describeSource } from '@gapferry/core/testing';
import { createHttpClient } from '@gapferry/http';
import {
  makeImage,
  makeIndex,
  memoryBlobStore,
  ociLayout,
  tarBytes,
  temporaryDirectory,
} from '@gapferry/testkit';
import { imageSource } from '../image-source.ts';
import { createOciClient } from '../oci-client.ts';
import { localImages } from './local-images.ts';

const image = makeIndex([
  await makeImage({ seed: 1 }),
  await makeImage({ seed: 2, platform: 'linux/arm64' }),
]);
const layout = await ociLayout([{ image, name: '1.0' }]);
const archive = gzipSync(tarBytes([...layout].map(([name, body]) => ({ name, body }))));

describeSource('a place on this machine', async () => {
  const home = await temporaryDirectory();
  await writeFile(home.join('images.tar.gz'), archive);
  await symlink('circle', home.join('circle'));
  const local = localImages({ baseDirectory: home.path, workDirectory: home.join('work') });
  const http = createHttpClient();
  const wish = (path: string, select = '1.0') => ({
    kind: 'image' as const,
    ref: 'registry.example/team/app:1.0',
    platforms: ['linux/amd64'],
    from: { path, select },
  });
  return {
    source: imageSource(createOciClient(http), { local }),
    wish: wish('images.tar.gz'),
    missing: wish('images.tar.gz', '2.0'),
    unreachable: wish('circle'),
    makeStore: async () => memoryBlobStore(),
    async [Symbol.asyncDispose]() {
      http.close();
      await local.close();
      await home.remove();
    },
  };
});
