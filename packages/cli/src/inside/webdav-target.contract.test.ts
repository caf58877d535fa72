import { hexOf } from '@gapferry/core';
import { describeTarget, type TargetFixture } from '@gapferry/core/testing';
import { startWebdavServer, type WebdavServerOptions } from '@gapferry/testkit';
import { openWebdavFixture } from '../testing/webdav-place.ts';

describeTarget('a WebDAV server', () => makeFixture({}, '{channel}/{path}'), 'files');
describeTarget(
  'a WebDAV server that tells neither methods nor tags',
  () => makeFixture({ like: 'nginx', noTags: true }, '{channel}/{version}/{path}'),
  'files',
);

async function makeFixture(options: WebdavServerOptions, path: string): Promise<TargetFixture> {
  const server = await startWebdavServer(options);
  const { target, http } = openWebdavFixture(server, { path });
  return {
    target,
    files: true,
    spoil: async ({ digest }, how) => {
      for (const name of [...server.files.keys()].filter((one) => one.endsWith(hexOf(digest))))
        if (how === 'remove') server.files.delete(name);
        else server.files.set(name, Buffer.from('something else'));
    },
    close: async () => {
      http.close();
      await server.close();
    },
  };
}
