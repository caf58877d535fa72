import { quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { startHttpServer } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { filePlaces } from './places/file-places.ts';
import { type SmallFiles, smallFiles } from './small-files.ts';

const run = quietRun();
const http = createHttpClient({ wait: async () => {}, random: () => 0 });
const kibibyte = Buffer.alloc(1024, 'x');
const places = filePlaces(http, new Map());

function readAt(small: SmallFiles, url: string, limit = 2000): Promise<Uint8Array> {
  return small.use({ place: { url }, limit, item: 'tool' }, async (bytes) => bytes, run);
}

it('reads each file once, at the same time too', async () => {
  await using server = await startHttpServer(() => ({ status: 200, body: kibibyte }));
  const small = smallFiles(http, places, '.');
  const read = () => readAt(small, `${server.url}/SUMS`);
  const [one, other] = await Promise.all([read(), read()]);
  expect(await read()).toBe(one);
  expect(other).toBe(one);
  expect(server.requests).toHaveLength(1);
});

it('keeps what was asked for last, and no more than there is room for', async () => {
  await using server = await startHttpServer(() => ({ status: 200, body: kibibyte }));
  const small = smallFiles(http, places, '.', 2100);
  const read = (name: string) => readAt(small, `${server.url}/${name}`);
  for (const name of ['list', '1.sig', 'list', '2.sig', 'list', '3.sig', 'list', '1.sig']) await read(name);
  expect(server.requests.map(({ url }) => url)).toEqual(['/list', '/1.sig', '/2.sig', '/3.sig', '/1.sig']);
});

it('holds each reading against its own limit', async () => {
  await using server = await startHttpServer(() => ({ status: 200, body: kibibyte }));
  const small = smallFiles(http, places, '.');
  const read = (limit: number) => readAt(small, `${server.url}/SUMS`, limit);
  expect(await read(1024)).toHaveLength(1024);
  await expect(read(1000)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
});

it('asks again after a failure', async () => {
  let status = 404;
  await using server = await startHttpServer(() => ({ status, body: kibibyte }));
  const small = smallFiles(http, places, '.');
  const read = () => readAt(small, `${server.url}/SUMS`);
  await expect(read()).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  status = 200;
  expect(await read()).toHaveLength(1024);
});
