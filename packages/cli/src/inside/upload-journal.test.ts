import { mkdir, stat, writeFile } from 'node:fs/promises';
import { digestOf } from '@gapferry/core';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileUploads } from './upload-journal.ts';

const upload = { key: 'line-a/1.0.0/large.tar', upload: 'id', digest: digestOf('x'), partSize: 8 << 20 };
let home: TemporaryDirectory;
beforeAll(async () => {
  home = await temporaryDirectory();
});
afterAll(() => home.remove());

describe('uploads to a bucket that were not ended', () => {
  it('are remembered beyond the process, for nobody else', async () => {
    const file = home.join('state/uploads/store.json');
    expect(await fileUploads(file).read()).toEqual([]);
    const all = [upload, { key: 'line-a/1.0.0/.trial' }, { key: 'line-a/1.0.0/.trial', upload: 'id' }];
    await fileUploads(file).write(all);
    expect(await fileUploads(file).read()).toEqual(all);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await fileUploads(file).write([]);
    expect(await fileUploads(file).read()).toEqual([]);
  });

  it.each([
    ['half a file', '[{"key":"a'],
    ['another form', '{"key":"a"}'],
    [
      'entries that are none',
      JSON.stringify([
        null,
        1,
        {},
        { key: 'a', upload: 7 },
        { ...upload, digest: 'x' },
        { ...upload, partSize: '8' },
      ]),
    ],
  ])('begin anew with %s', async (_, text) => {
    const file = home.join('spoilt.json');
    await writeFile(file, text);
    expect(await fileUploads(file).read()).toEqual([]);
  });

  it('that cannot be read are told, and where', async () => {
    await mkdir(home.join('directory.json'));
    await expect(fileUploads(home.join('directory.json')).read()).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('directory.json'),
    });
  });
});
