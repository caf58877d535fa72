import { digestOf, type ListedFileWish, quietRun, type UrlFilePin } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { memoryBlobStore, startFileServer } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { fileSource } from './file-source.ts';

const http = createHttpClient({ wait: async () => {} });
const NAME = 'vulnerability-db_v6.0.2_2025-03-14T01:31:06Z_1741925227.tar.zst';
const listing = (archive: string): string =>
  JSON.stringify({ built: '2025-03-14T04:07:07Z', path: NAME, checksum: digestOf(archive) });

async function publish(archive: string) {
  const server = await startFileServer(
    new Map([
      ['/v6/latest.json', listing(archive)],
      [`/v6/${NAME}`, archive],
    ]),
  );
  const wish: ListedFileWish = {
    kind: 'file',
    listing: `${server.url}/v6/latest.json`,
    as: 'db/grype',
    content: { kind: 'grype-db' },
  };
  return { server, wish };
}

async function resolved(wish: ListedFileWish): Promise<UrlFilePin[]> {
  return (await fileSource(http).resolve(wish, quietRun())) as UrlFilePin[];
}

describe('a file that a listing names', () => {
  it('comes with its listing, under names that stay', async () => {
    const { server, wish } = await publish('archive');
    await using _ = server;
    const source = fileSource(http);
    const pins = await source.resolve(wish, quietRun());
    expect(pins).toMatchObject([
      { id: 'db/grype/latest.json', sha256: digestOf(listing('archive')), size: listing('archive').length },
      {
        id: 'db/grype/vulnerability-db.tar.zst',
        sha256: digestOf('archive'),
        url: `${server.url}/v6/${NAME}`,
      },
    ]);
    const store = memoryBlobStore();
    for (const pin of pins) await source.fetch(pin, store, quietRun());
    expect(store.blobs.get(digestOf('archive'))?.toString()).toBe('archive');
    expect(store.blobs.get(digestOf(listing('archive')))?.toString()).toBe(listing('archive'));
    // The listing was asked for once, for one answer to both questions.
    expect(server.requests.filter(({ url }) => url === '/v6/latest.json')).toHaveLength(1);
  });

  it('needs no upstream when the store has both', async () => {
    const { server, wish } = await publish('archive');
    const pins = await resolved(wish);
    const store = memoryBlobStore();
    const source = fileSource(http, { wishes: [wish] });
    for (const pin of pins) await source.fetch(pin, store, quietRun());
    server.files.set('/v6/latest.json', listing('newer'));
    const again = fileSource(http, { wishes: [wish] });
    await again.fetch(pins[0] as UrlFilePin, store, quietRun());
    await expect(again.fetch(pins[0] as UrlFilePin, memoryBlobStore(), quietRun())).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      hint: expect.stringContaining('gapferry resolve'),
    });
    await server.close();
  });

  it('is refused when it is not what the listing says', async () => {
    const { server, wish } = await publish('archive');
    await using _ = server;
    const [, pin] = await resolved(wish);
    server.files.set(`/v6/${NAME}`, 'changed');
    const source = fileSource(http, { wishes: [wish] });
    await expect(source.fetch(pin as UrlFilePin, memoryBlobStore(), quietRun())).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });
});
