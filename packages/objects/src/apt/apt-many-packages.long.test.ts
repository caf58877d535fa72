import { gzipSync } from 'node:zlib';
import { type AptFileWish, digestOf, hexOf, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { startFileServer } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { fileSource } from '../file-source.ts';

it('An index may have more packages than a call takes arguments', async () => {
  const stanza = (name: string): string =>
    `Package: ${name}\nVersion: 1\nArchitecture: amd64\nFilename: pool/${name}.deb\nSize: 1\nSHA256: ${hexOf(digestOf(name))}\n\n`;
  const index = gzipSync(stanza('other').repeat(200_000) + stanza('app'));
  const path = 'main/binary-amd64/Packages.gz';
  const release = `Suite: stable\nDate: Tue, 10 Mar 2026 06:00:00 UTC\nSHA256:\n ${hexOf(digestOf(index))} ${index.byteLength} ${path}\n`;
  const server = await startFileServer(
    new Map([
      ['/dists/stable/Release', Buffer.from(release)],
      [`/dists/stable/${path}`, index],
    ]),
  );
  try {
    const wish: AptFileWish = {
      kind: 'file',
      apt: {
        url: server.url,
        suite: 'stable',
        components: ['main'],
        architectures: ['amd64'],
        packages: ['app'],
      },
      as: 'debian',
      content: { kind: 'apt', unsigned: true },
    };
    const source = fileSource(createHttpClient({ wait: async () => {} }), { wishes: [wish] });
    await expect(source.resolve(wish, quietRun())).resolves.toMatchObject([{ id: 'debian/' }]);
  } finally {
    await server.close();
  }
});
