import {
  type Attachment,
  type Descriptor,
  GapferryError,
  type ReleaseAddress,
  type SizedDigest,
  totalSize,
} from '@gapferry/core';
import type { Manifest } from './manifest.ts';
import { type Packs, releaseBlobs } from './packs.ts';

/** What has to get onto a medium, in the order in which it is written: blobs, names, release files. */
export interface TransferPlan {
  readonly address: ReleaseAddress;
  /** Every blob of the release, sorted by digest. */
  readonly blobs: readonly SizedDigest[];
  /** Images and charts for the medium's `index.json`, a convenience for other tools. */
  readonly names: ReadonlyArray<{ readonly name: string; readonly root: Descriptor }>;
  /** Sum of all blobs, in bytes. */
  readonly bytes: number;
}

/** Plans a full transfer of one release; pure. */
export function planTransfer(
  address: ReleaseAddress,
  manifest: Manifest,
  packs: Packs | undefined,
): TransferPlan {
  const blobs = releaseBlobs(manifest, packs);
  return { address, blobs, names: itemNames(manifest), bytes: totalSize(blobs) };
}

/** Names of images and charts as `index.json` carries them. What belongs to an item stands in the item's repository: under its tag, or under its digest where it has none. */
export function itemNames(manifest: Manifest): Array<{ readonly name: string; readonly root: Descriptor }> {
  const names = manifest.items.flatMap((item) =>
    item.kind === 'image' || item.kind === 'chart'
      ? [{ name: item.id, root: item.root }, ...(item.attachments ?? []).map((one) => named(item.id, one))]
      : [],
  );
  return [...new Map(names.map((entry) => [entry.name, entry])).values()];
}

function named(
  item: string,
  { root, tag }: Attachment,
): { readonly name: string; readonly root: Descriptor } {
  const [beforeDigest = ''] = item.split('@');
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1);
  const repository = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon);
  return { name: tag === undefined ? `${repository}@${root.digest}` : `${repository}:${tag}`, root };
}

/** Throws `BLOB_MISSING` unless a release that is to be sent is whole where it lies. */
export function requireWhole(address: ReleaseAddress, missing: readonly SizedDigest[]): void {
  if (missing.length === 0) return;
  throw new GapferryError({
    code: 'BLOB_MISSING',
    message: `release ${address.channel}/${address.sequence} lacks ${missing.length} blob(s) in this depot, first ${missing[0]?.digest}`,
    hint: 'run collect again: it fetches what is missing',
    origin: 'depot',
    data: { missing: missing.map((blob) => blob.digest) },
  });
}
