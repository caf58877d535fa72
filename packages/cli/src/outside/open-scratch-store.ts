import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlobStore } from '@gapferry/core';

/** A store that is gone when it is closed: for charts that are looked into where nothing is collected. */
export interface ScratchStore {
  readonly store: BlobStore;
  close(): Promise<void>;
}

export async function openScratchStore(): Promise<ScratchStore> {
  const { openDepot } = await import('@gapferry/depot');
  const directory = await mkdtemp(join(tmpdir(), 'gapferry-charts-'));
  return {
    store: await openDepot(join(directory, 'depot'), { create: true }),
    close: () => rm(directory, { recursive: true, force: true }),
  };
}
