import { type BlobReader, checkRun, type Digest, type Run, type SizedDigest } from '@gapferry/core';
import PQueue from 'p-queue';
import type { OciRegistry } from './oci-registry.ts';

/** Sends blobs of many loads at once. Of those that wait the biggest goes first: it takes longest. Small ones have places of their own, so that none waits behind a layer. */
export interface BlobLanes {
  /** Remembers that a repository holds a blob. */
  holds(repository: string, digest: Digest): void;
  /** Sends a blob that was found missing, unless another load did so in between; bytes that went over the wire. What another repository holds, or is just being sent there, is mounted. */
  send(blob: BlobToSend, from: BlobReader, run: Run): Promise<number>;
}

export interface BlobToSend extends SizedDigest {
  readonly repository: string;
  /** Named in errors and progress. */
  readonly item: string;
}

/** Below this a blob is small: its requests take longer than its bytes. */
const SMALL = 1 << 20;
/** Connections that large blobs leave to the others. */
const KEPT_FREE = 2;
const MOST_MOUNTS = 3;

export function blobLanes(registry: OciRegistry, connections: number): BlobLanes {
  const holders = new Map<Digest, Set<string>>();
  const underway = new Map<Digest, Promise<number>>();
  const counted = new Set<Digest>();
  const large = new PQueue({ concurrency: Math.max(1, connections - KEPT_FREE) });
  const small = new PQueue({ concurrency: Math.max(1, connections) });
  const holds = (repository: string, digest: Digest): void => {
    holders.set(digest, (holders.get(digest) ?? new Set()).add(repository));
  };
  const push = async (blob: BlobToSend, from: BlobReader, run: Run): Promise<number> => {
    checkRun(run);
    const { repository, item, digest, size } = blob;
    const mountFrom = [...(holders.get(digest) ?? [])].slice(0, MOST_MOUNTS);
    const options = { item, absent: true, ...(mountFrom.length > 0 && { mountFrom }) };
    const { sent } = await registry.pushBlob(repository, { digest, size }, from, options, run);
    holds(repository, digest);
    tellReused(blob, size - sent, run);
    return sent;
  };
  /** The plan counted the blob once, as bytes to send, whoever needs it. */
  const tellReused = ({ item, digest }: BlobToSend, bytes: number, run: Run): 0 => {
    if (bytes > 0 && !counted.has(digest)) run.emit({ kind: 'bytes', item, bytes, reused: true });
    counted.add(digest);
    return 0;
  };
  return {
    holds,
    async send(blob, from, run) {
      const { digest, repository } = blob;
      // How the others end is their own matter: what they did not bring is sent here.
      for (let other = underway.get(digest); other !== undefined; other = underway.get(digest))
        await other.catch(() => undefined);
      if (holders.get(digest)?.has(repository)) return tellReused(blob, blob.size, run);
      const lane = blob.size < SMALL ? small : large;
      const sending = lane
        .add(() => push(blob, from, run), { priority: blob.size })
        .finally(() => underway.delete(digest));
      underway.set(digest, sending);
      return await sending;
    },
  };
}
