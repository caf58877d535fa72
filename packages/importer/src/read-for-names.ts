import {
  describeItem,
  type Item,
  readSignatureMaterial,
  requireVerified,
  SIGNED_OBJECTS_LIMIT,
  type VerifiedRelease,
} from '@gapferry/bundle';
import { type BlobReader, inLanes, isGapferryError, type Run } from '@gapferry/core';
import { readFileLists } from './read-file-lists.ts';
import { readList } from './read-list.ts';
import { readReached } from './read-reached.ts';
import { readRefLists } from './read-ref-lists.ts';
import { requireLfsLists } from './require-lfs-lists.ts';

/** Items whose signatures are read at a time. */
const CONCURRENCY = 2;

/** Reads every blob of a release that is needed to judge it again and to set its names when its content is at the targets, and no other: lists of refs, files and LFS objects, manifests of filtered
 *  images, and what might be signatures. Whoever keeps what is read here can do without the medium. Throws what planning would throw. */
export async function readForNames(release: VerifiedRelease, medium: BlobReader, run: Run): Promise<void> {
  await readRefLists(release, medium, run);
  await requireLfsLists(release, medium, run);
  await readReached(release, medium, run);
  await readFileLists(release, medium, run);
  const { items } = requireVerified(release).opened.manifest;
  await inLanes(items, CONCURRENCY, (item, inner) => readSigned(item, medium, inner), run);
}

/** Whatever the policy demands today: it may demand more when the names are set. */
async function readSigned(item: Item, medium: BlobReader, run: Run): Promise<void> {
  if (item.kind === 'git' && item.signed !== undefined)
    await readList(item.signed, SIGNED_OBJECTS_LIMIT, `what is signed of ${describeItem(item)}`, medium, run);
  if (item.kind !== 'image' && item.kind !== 'chart') return;
  const subject = item.kind === 'image' ? (item.upstreamIndex ?? item.root) : item.root;
  const { attachments = [] } = item;
  try {
    await readSignatureMaterial({ item: describeItem(item), subject, attachments }, medium, run);
  } catch (error) {
    // Nobody demanded these signatures, or the second gate would have said so; who does later is told that they are too many.
    if (!isGapferryError(error, 'LIMIT_EXCEEDED')) throw error;
  }
}
