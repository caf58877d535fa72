import { type DiffSide, parseManifest, parsePacks } from '@gapferry/bundle';
import type { BlobReader, GitRef, ReleaseAddress, ReleaseReader, Run } from '@gapferry/core';
import { readFileListsOf, readRefList } from '@gapferry/importer';

/** What a diff is made from: the documents of one release as they stand there, whoever wrote them. Nobody has verified them, so every limit is judged here too.
 *  Throws what reading and parsing throw. */
export async function readDiffSide(
  place: {
    readonly medium: ReleaseReader & BlobReader;
    readonly address: ReleaseAddress;
    readonly shown: string;
  },
  run: Run,
): Promise<DiffSide> {
  const { medium, address, shown } = place;
  const files = await medium.readRelease(address);
  const manifest = parseManifest(files.manifest, `manifest.json of ${shown}`);
  const packs =
    files.packs === undefined ? undefined : parsePacks(files.packs, manifest, `packs.json of ${shown}`);
  const refs = new Map<string, readonly GitRef[]>();
  for (const item of manifest.items)
    if (item.kind === 'git' && 'list' in item.refs)
      refs.set(item.id, await readRefList(item, item.refs.list, medium, run));
  const lists = await readFileListsOf(manifest, medium, run);
  return { manifest, packs, refs, files: lists };
}
