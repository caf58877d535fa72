import { writeFile } from 'node:fs/promises';
import { makeTlsIdentity, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HostFiles, readHostSettings } from './read-host-settings.ts';

const [one, other] = [await makeTlsIdentity(), await makeTlsIdentity()];
let home: TemporaryDirectory;
beforeAll(async () => {
  home = await temporaryDirectory();
  const files = {
    'ca.pem': one.ca,
    'own.pem': one.cert,
    'own.key': one.key,
    'other.key': other.key,
    'no.pem': 'x',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(home.join(name), text);
});
afterAll(() => home.remove());

const read = (files: HostFiles) => readHostSettings(files, 'host registry.test', (path) => home.join(path));

it('the files of a host are read, numbers stay', async () => {
  const files = { ca: 'ca.pem', cert: 'own.pem', key: 'own.key', connections: 3, requestsPerSecond: 0.5 };
  expect(await read(files)).toEqual({ ...one, connections: 3, requestsPerSecond: 0.5 });
  expect(await read({})).toEqual({});
});

it.each([
  [{ ca: 'no.pem' }, /`ca` of host registry.test names .*no\.pem, which holds no certificate/],
  [{ ca: 'missing.pem' }, /`ca` of host registry.test: .*there is no such file/],
  [{ cert: 'own.pem', key: 'other.key' }, /host registry.test .* belongs to another certificate/],
  [{ cert: 'own.pem', key: 'no.pem' }, /host registry.test .* its key cannot be read/],
])('what cannot be used is said before anything is asked: %j', async (files, message) => {
  await expect(read(files)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching(message) });
});
