import { hasPermissions, type Permission, quietRun } from '@gapferry/core';
import { makeFile } from '@gapferry/core/testing';
import { startWebdavServer, type TestWebdavServer, type WebdavServerOptions } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { openWebdavFixture } from '../testing/webdav-place.ts';

const run = quietRun();
const cleanup: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

async function serve(options: WebdavServerOptions = {}): Promise<TestWebdavServer> {
  const server = await startWebdavServer(options);
  cleanup.push(() => server.close());
  return server;
}

/** As the importer asks, before the first byte. */
async function survey(server: TestWebdavServer): Promise<readonly Permission[]> {
  // A server that cannot move takes releases only under paths of their own.
  const { target, http } = openWebdavFixture(server, { path: '{channel}/{version}/{path}' });
  cleanup.push(() => http.close());
  const { content, name } = makeFile('v1');
  await target.preflight([content, name], run);
  if (!hasPermissions(target)) throw new Error('it tells of no permissions');
  return await target.permissions([content, name], run);
}

const isWrite = ({ method }: { readonly method: string }): boolean =>
  !['GET', 'HEAD', 'OPTIONS'].includes(method);

describe('whether a WebDAV server may be written to', () => {
  it.each(['class-1', 'nginx', 'put'] as const)(
    'is found out without writing anything (%s)',
    async (like) => {
      const server = await serve({ like });
      expect(await survey(server)).toMatchObject([{ action: 'write', state: 'probed' }]);
      expect(server.files.size).toBe(0);
      expect(server.requests.filter(({ method }) => method === 'PUT' || method === 'MKCOL')).toEqual([]);
    },
  );

  it.each([401, 403])('is told with everything else that lacks where it answers %d', async (status) => {
    const server = await serve();
    server.addFault({ match: isWrite, do: { kind: 'status', status } });
    expect(await survey(server)).toMatchObject([
      {
        action: 'write',
        on: `${server.host}/dav`,
        state: 'lacking',
        remedy: expect.stringContaining('files'),
      },
    ]);
  });

  it('is unknown where it answers something odd', async () => {
    const server = await serve();
    server.addFault({ match: isWrite, do: { kind: 'status', status: 400 } });
    expect(await survey(server)).toMatchObject([
      { state: 'unknown', reason: expect.stringContaining('400') },
    ]);
  });

  it('is not told of by one that could not be asked', async () => {
    const server = await serve();
    server.addFault({ match: isWrite, do: { kind: 'status', status: 502 } });
    await expect(survey(server)).rejects.toMatchObject({ code: 'SERVER_ERROR' });
  });
});
