import { expect, it } from 'vitest';
import { seededBuffer } from '../content/seeded-bytes.ts';
import { startFileServer } from '../http/file-server.ts';
import { startCuttingProxy } from './cutting-proxy.ts';

const BODY = seededBuffer(3_000_000, 'cut me');

it('cuts one answer in the middle and lets the next one through whole', async () => {
  await using server = await startFileServer(new Map([['/body', BODY]]));
  await using proxy = await startCuttingProxy({ port: server.port, afterBytes: 1_000_000 });
  const ask = async (): Promise<Buffer> => {
    const answer = await fetch(`http://${proxy.host}/body`, { headers: { connection: 'close' } });
    return Buffer.from(await answer.arrayBuffer());
  };
  await expect(ask()).rejects.toThrow();
  expect(proxy.cuts).toBe(1);
  expect(proxy.bytesPassed).toBe(1_000_000);
  expect((await ask()).equals(BODY)).toBe(true);
  expect(proxy.cuts).toBe(1);
});

it('does not count connections that end before', async () => {
  await using server = await startFileServer(new Map([['/small', 'small']]));
  await using proxy = await startCuttingProxy({ port: server.port, afterBytes: 1_000_000 });
  expect(await (await fetch(`http://${proxy.host}/small`)).text()).toBe('small');
  expect(proxy.cuts).toBe(0);
});

it('stays down after the last cut when it is told to', async () => {
  await using server = await startFileServer(new Map([['/body', BODY]]));
  await using proxy = await startCuttingProxy({ port: server.port, afterBytes: 1_000_000, staysDown: true });
  const ask = (): Promise<unknown> =>
    fetch(`http://${proxy.host}/body`).then((answer) => answer.arrayBuffer());
  await expect(ask()).rejects.toThrow();
  await expect(ask()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
});
