import { writeFile } from 'node:fs/promises';
import { type Wish, wishDigest } from '@gapferry/core';
import { temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { readKeyrings } from './read-keyrings.ts';

const chart = (keyring?: string): Wish => ({
  kind: 'chart',
  from: 'repository',
  url: 'https://charts.example.org',
  name: 'demo',
  version: '1.0.0',
  ...(keyring !== undefined && { provenance: { keyring } }),
});

it('keyrings are read beside bundle.yaml, for the wishes that demand them', async () => {
  await using home = await temporaryDirectory();
  await writeFile(home.join('up.gpg'), 'keys');
  const read = (...wishes: readonly Wish[]): ReturnType<typeof readKeyrings> =>
    readKeyrings({
      config: { name: 'a', channel: 'a', platforms: [], wishes, insecure: [], hosts: new Map() },
      file: home.join('bundle.yaml'),
    });
  const wish = chart('up.gpg');
  expect(await read(chart(), wish)).toEqual(
    new Map([[wishDigest(wish), { name: 'up.gpg', content: Buffer.from('keys') }]]),
  );
  await expect(read(chart('no.gpg'))).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('no.gpg: there is no such file'),
  });
  await writeFile(home.join('large.gpg'), Buffer.alloc(16_777_217));
  await expect(read(chart('large.gpg'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
