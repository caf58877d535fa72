import { type Descriptor, type Digest, digestFromHex, digestOf, MEDIA_TYPES, quietRun } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { nodesInOrder } from './image-graph.ts';
import { type GraphReader, loadImageGraph } from './load-image-graph.ts';
import { WHOLE_IMAGE } from './platform-choice.ts';

/** Documents under names of our own: a reader that does not check digests, so that what no honest registry can serve can be tried. */
class Shelf implements GraphReader {
  readonly documents = new Map<Digest, Uint8Array>();
  asked = 0;

  async manifest({ digest }: Descriptor): Promise<Uint8Array> {
    this.asked += 1;
    return this.documents.get(digest) ?? new Uint8Array();
  }

  async platformOf(): Promise<undefined> {}

  index(name: string, children: readonly Descriptor[], padding = 0): Descriptor {
    return this.#put(name, MEDIA_TYPES.ociIndex, {
      schemaVersion: 2,
      manifests: children,
      annotations: { padding: ' '.repeat(padding) },
    });
  }

  image(name: string): Descriptor {
    const config = { mediaType: MEDIA_TYPES.ociConfig, digest: digestOf(name), size: 2 };
    return this.#put(name, MEDIA_TYPES.ociManifest, { schemaVersion: 2, config, layers: [] });
  }

  #put(name: string, mediaType: string, document: unknown): Descriptor {
    const bytes = Buffer.from(JSON.stringify(document));
    const digest = digestFromHex(Buffer.from(name).toString('hex').padEnd(64, '0'));
    this.documents.set(digest, bytes);
    return { mediaType, digest, size: bytes.byteLength };
  }
}

const load = (shelf: Shelf, root: Descriptor) =>
  loadImageGraph(root, WHOLE_IMAGE, shelf, 'host/app:1', quietRun());

describe('the graph of an image', () => {
  it('is ordered children first, each once', async () => {
    const shelf = new Shelf();
    const shared = shelf.image('shared');
    const root = shelf.index('root', [shelf.index('inner', [shared]), shared]);
    const order = nodesInOrder(await load(shelf, root)).map(({ descriptor }) =>
      Buffer.from(descriptor.digest.slice(7), 'hex').toString().replaceAll('\0', ''),
    );
    expect(order).toEqual(['shared', 'inner', 'root']);
    expect(shelf.asked).toBe(3);
  });

  it.each([1, 2])('ends at an index that contains itself, %d below', async (below) => {
    const shelf = new Shelf();
    const root = { ...shelf.image('root'), mediaType: MEDIA_TYPES.ociIndex };
    const inside = below === 1 ? root : shelf.index('inner', [root]);
    shelf.index('root', [inside]);
    await expect(load(shelf, root)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('contains itself'),
    });
  });

  it('may have indexes three deep and not four', async () => {
    const shelf = new Shelf();
    const three = shelf.index('1', [shelf.index('2', [shelf.index('3', [shelf.image('leaf')])])]);
    expect((await load(shelf, three)).kind).toBe('index');
    await expect(load(shelf, shelf.index('0', [three]))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('deeper than 3'),
    });
  });

  it.each([
    [999, undefined],
    [1000, 'more than 1000 manifests'],
    [1001, 'the limit is 1000'],
  ])('with %d children: %s', async (count, problem) => {
    const shelf = new Shelf();
    const loading = load(
      shelf,
      shelf.index(
        'root',
        Array.from({ length: count }, (_, at) => shelf.image(`c${at}`)),
      ),
    );
    if (problem === undefined) expect((await loading).kind).toBe('index');
    else
      await expect(loading).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
        message: expect.stringContaining(problem),
      });
  });

  it('holds no more than 64 MiB of manifests', async () => {
    const shelf = new Shelf();
    const big = Array.from({ length: 20 }, (_, at) => shelf.index(`big${at}`, [], 4_000_000));
    await expect(load(shelf, shelf.index('root', big))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('67108864 bytes'),
    });
    expect(shelf.asked).toBeLessThan(20);
  });
});
