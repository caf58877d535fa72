import { quietRun } from '@gapferry/core';
import { makeDirectory, makeFile, memoryMedium } from '@gapferry/core/testing';
import { startWebdavServer, type TestWebdavServer } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { openWebdavFixture } from '../testing/webdav-place.ts';

const run = quietRun();
const cleanup: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

async function serve(): Promise<TestWebdavServer> {
  const server = await startWebdavServer();
  cleanup.push(() => server.close());
  return server;
}

function open(server: TestWebdavServer, channel = 'line-a', version = '1.0.0') {
  const statement = `sha256:${'2'.repeat(64)}`;
  const release = { channel, version, sequence: 2, statement };
  const { target, http } = openWebdavFixture(server, { release });
  cleanup.push(() => http.close());
  return target;
}

const NAME = 'line-a/tools/setup.txt';

describe('a file at a WebDAV server', () => {
  it.each([404, 412])(
    'is not taken for ours where a move says %i and somebody else’s of its size is there',
    async (status) => {
      const server = await serve();
      const target = open(server);
      const { content, name, medium } = makeFile('v1');
      await target.preflight([content, name], run);
      await target.load(content, medium, run);
      await target.readBack(content, run);
      // Another import took away what waited, and its own file came first.
      server.addFault({ match: ({ method }) => method === 'MOVE', times: 1, do: { kind: 'status', status } });
      for (const path of [...server.files.keys()])
        if (path.startsWith('.gapferry/incoming/')) server.files.delete(path);
      server.files.set(NAME, Buffer.from('v9'));
      await expect(target.load(name, medium, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
      expect(Buffer.from(server.files.get(NAME) ?? '').toString()).toBe('v9');
      expect(server.files.has('line-a/SHA256SUMS')).toBe(false);
    },
  );

  it('is taken after another site has tidied up', async () => {
    const server = await serve();
    const [one, other] = [open(server), open(server)];
    const [first, second] = [makeFile('v1'), makeDirectory('v1')];
    await other.preflight([first.content, first.name, second.content, second.name], run);
    await other.load(first.content, first.medium, run);
    await one.preflight([first.content, first.name], run);
    await one.load(first.content, first.medium, run);
    await one.readBack(first.content, run);
    await one.load(first.name, first.medium, run);
    expect(await other.load(second.content, second.medium, run)).toMatchObject({ state: 'loaded' });
  });

  it('is ours after a lost answer, by its bytes', async () => {
    const server = await serve();
    const target = open(server);
    const { content, name, medium } = makeFile('v1');
    await target.preflight([content, name], run);
    await target.load(content, medium, run);
    await target.readBack(content, run);
    const match = ({ method }: { method: string }): boolean => method === 'MOVE';
    server.addFault({ match, times: 1, do: { kind: 'lostAnswer' } });
    await target.load(name, memoryMedium([]), run);
    expect(Buffer.from(server.files.get(NAME) ?? '').toString()).toBe('v1');
    expect(server.files.has('line-a/SHA256SUMS')).toBe(true);
  });
});
