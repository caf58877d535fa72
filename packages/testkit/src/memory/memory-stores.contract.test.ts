import { type BlobReader, digestOf, quietRun } from '@gapferry/core';
import {
  describeBlobStore,
  describeLedger,
  describeReleaseStore,
  describeTarget,
  type TargetGitState,
} from '@gapferry/core/testing';
import { memoryBlobStore } from './memory-blob-store.ts';
import { memoryLedger } from './memory-ledger.ts';
import { memoryReleases } from './memory-releases.ts';
import { memoryTarget } from './memory-target.ts';

describeBlobStore('the memory store', async () => memoryBlobStore());
describeReleaseStore('memory releases', async () => memoryReleases());
describeLedger('the memory ledger', async () => memoryLedger());
describeTarget('the memory target', async () => {
  const target = memoryTarget();
  return {
    target,
    files: true,
    git: {
      first: await gitState('first', { main: 'a' }),
      second: await gitState('second', { main: 'b', next: 'c' }),
    },
    spoil: async ({ digest }, how) => {
      if (how === 'remove') target.store.blobs.delete(digest);
      const bytes = target.store.blobs.get(digest);
      if (bytes !== undefined) bytes[0] = (bytes[0] ?? 0) ^ 1;
    },
    close: async () => {},
  };
});

/** The memory target does not look into packs, so that any bytes will do. */
async function gitState(pack: string, heads: Readonly<Record<string, string>>): Promise<TargetGitState> {
  const bytes = Buffer.from(`pack ${pack}`);
  const refs = Object.entries(heads).map(([name, digit]) => ({
    name: `refs/heads/${name}`,
    oid: digit.repeat(40),
  }));
  const base = { kind: 'git', item: 'git.example/infra', repository: 'git.example/infra', refs } as const;
  const packs = [{ digest: digestOf(bytes), size: bytes.byteLength, prerequisites: [] }];
  return {
    content: { ...base, phase: 'content', objectFormat: 'sha1', packs },
    refs: { ...base, phase: 'name', head: 'refs/heads/main' },
    medium: await mediumWith(bytes),
  };
}

async function mediumWith(bytes: Uint8Array): Promise<BlobReader> {
  const medium = memoryBlobStore();
  await medium.add('application/x-git-pack', bytes, quietRun());
  return medium;
}
