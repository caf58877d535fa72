import { describeItem, gitIdsByPack, itemsByBlob, releaseBlobs } from '@gapferry/bundle';
import { type BlobReader, GapferryError, inLanes, type Run, type SizedDigest } from '@gapferry/core';
import type { AssembledRelease } from './assemble-release.ts';

/** Planned = fetched: throws `BLOB_MISSING`, naming the items, unless every blob of the release is in the store. */
export async function requireComplete(release: AssembledRelease, store: BlobReader, run: Run): Promise<void> {
  const blobs = releaseBlobs(release.manifest, release.packs);
  const here = await inLanes(blobs, 16, (blob, each) => store.has(blob, each), run);
  const missing = blobs.filter((_, i) => here[i] !== true);
  if (missing.length > 0) throw incomplete(release, missing);
}

function incomplete(release: AssembledRelease, missing: readonly SizedDigest[]): GapferryError {
  const byBlob = itemsByBlob(release.manifest);
  const byPack = gitIdsByPack(release.packs);
  const items = new Set(
    missing.flatMap(({ digest }) => [
      ...(byBlob.get(digest) ?? []).map(describeItem),
      ...(byPack.get(digest) ?? []).map((id) => `git ${id}`),
    ]),
  );
  const shown = [...items].slice(0, 5).join(', ');
  const more = items.size > 5 ? ` and ${items.size - 5} more` : '';
  return new GapferryError({
    code: 'BLOB_MISSING',
    message: `${missing.length} blob(s) of ${shown}${more} did not arrive in the depot; first ${missing[0]?.digest}`,
    hint: 'nothing was sealed; run collect again',
    origin: 'depot',
    data: { items: [...items].slice(0, 1000), missing: missing.slice(0, 1000).map(({ digest }) => digest) },
  });
}
