import { type BlobStore, digestOf, type FilePin, quietRun, type RunEvent } from '@gapferry/core';
import { memoryDepot } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { tallyItem } from './item-tally.ts';

const bytes = Buffer.from('tool');
const root = { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.byteLength };
const id = 'tools/tool';
const pin: FilePin = { kind: 'file', id, wish: root.digest, url: 'https://x.test/tool', sha256: root.digest };
const holding = { kind: 'file', pin, root } as const;

async function* once() {
  yield bytes;
}

describe('tallyItem', () => {
  it('counts what came anew and what was tried again, and passes everything on', async () => {
    const heard: RunEvent[] = [];
    const depot: BlobStore = memoryDepot();
    const tally = tallyItem(pin, depot, { ...quietRun(), emit: (event) => heard.push(event) });
    tally.run.emit({ kind: 'retry', item: id, place: 'x.test', attempt: 2, waitMs: 1, reason: 'cut' });
    await tally.store.put(root, once, tally.run);
    expect(tally.result(holding)).toEqual({
      kind: 'file',
      id,
      outcome: 'fetched',
      fetchedBytes: 4,
      reusedBytes: 0,
      retries: 1,
    });
    expect(heard).toHaveLength(1);
    expect(await depot.has(root, quietRun())).toBe(true);
  });

  it('calls an item reused of which everything was there', async () => {
    const depot = memoryDepot();
    await depot.add(root.mediaType, bytes, quietRun());
    const { store, run, result } = tallyItem(pin, depot, quietRun());
    await store.put(root, once, run);
    await store.add(root.mediaType, bytes, run);
    expect(result(holding)).toMatchObject({ outcome: 'reused', fetchedBytes: 0, reusedBytes: 4 });
  });
});
