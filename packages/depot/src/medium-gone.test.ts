import { rename } from 'node:fs/promises';
import { digestOf, quietRun, type SizedDigest } from '@gapferry/core';
import { temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { type Depot, openDepot } from './open-depot.ts';

const BYTES = Buffer.from('content');
const BLOB: SizedDigest = { digest: digestOf(BYTES), size: BYTES.byteLength };

async function makeStick(directory: string): Promise<void> {
  const depot = await openDepot(directory, { create: true });
  await depot.add('application/octet-stream', BYTES, quietRun());
}

async function read(stick: Depot, blob: SizedDigest): Promise<void> {
  for await (const _ of stick.open(blob, quietRun()));
}

it('tells a medium that was pulled out from a blob that is missing', async () => {
  await using home = await temporaryDirectory();
  await makeStick(home.join('stick'));
  const stick = await openDepot(home.join('stick'), { readOnly: true, origin: 'medium' });
  const missing = { digest: digestOf(Buffer.from('other')), size: 5 };
  await expect(read(stick, missing)).rejects.toMatchObject({ code: 'BLOB_MISSING', origin: 'medium' });
  await rename(home.join('stick'), home.join('in-a-pocket'));
  const gone = {
    code: 'STORAGE_FAILED',
    category: 'storage',
    origin: 'medium',
    message: expect.stringContaining(home.join('stick')),
    hint: expect.stringMatching(/unplugged\? plug it in and run the same command again/),
  };
  await expect(read(stick, BLOB)).rejects.toMatchObject(gone);
  await rename(home.join('in-a-pocket'), home.join('stick'));
  await read(stick, BLOB);
});

it('tells it also where the medium is pulled out between looking for a blob and opening it', async () => {
  await using home = await temporaryDirectory();
  await makeStick(home.join('stick'));
  const files: FileSystem = {
    ...nodeFileSystem,
    lstat: async (path) => {
      const facts = await nodeFileSystem.lstat(path);
      if (path.includes('/blobs/sha256/')) await rename(home.join('stick'), home.join('in-a-pocket'));
      return facts;
    },
  };
  const stick = await openDepot(home.join('stick'), { readOnly: true, origin: 'medium', files });
  await expect(read(stick, BLOB)).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringContaining(`${home.join('stick')} cannot be read any more`),
  });
});

it.each(['EIO', 'ENODEV', 'ENOMEDIUM', 'ESTALE'])(
  'says to plug it in again where reading says %s',
  async (code) => {
    await using home = await temporaryDirectory();
    await makeStick(home.join('stick'));
    const fail = (): Promise<never> =>
      Promise.reject(Object.assign(new Error(`${code}: trouble, read`), { code }));
    const files: FileSystem = {
      ...nodeFileSystem,
      open: async (path, ...given) => {
        const file = await nodeFileSystem.open(path, ...given);
        return path.includes('/blobs/') ? Object.assign(file, { read: fail }) : file;
      },
    };
    const stick = await openDepot(home.join('stick'), { readOnly: true, origin: 'medium', files });
    await expect(read(stick, BLOB)).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining(code),
      hint: expect.stringContaining('run the same command again'),
    });
  },
);
