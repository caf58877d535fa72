import {
  contentOf,
  describeItem,
  type FileLists,
  filesIn,
  type Item,
  isDirectoryItem,
  listingBeside,
  readContentDate,
  requireFreshContent,
  requireVerified,
  type TrustPolicy,
  type VerifiedRelease,
} from '@gapferry/bundle';
import {
  aptReleaseIn,
  type BlobReader,
  type Clock,
  type ContentDate,
  contentWarning,
  GapferryError,
  inLanes,
  type Run,
  type SizedDigest,
} from '@gapferry/core';
import { readFileListsOf } from './read-file-lists.ts';

/** Databases read at a time. */
const CONCURRENCY = 2;

/** What the manifest of a release says of the age of content is held against the content itself: nobody on the way, and no mistake outside, makes it fresher than it is. Then, by the site's clock, what the policy takes no more is refused, and what is older than the release wants it is told.
 *  Throws `MANIFEST_INVALID`, `CONTENT_TOO_OLD`, and what `readContentDate` throws. */
export async function requireContentDates(
  release: VerifiedRelease,
  { medium, clock, policy }: DateMeans,
  run: Run,
): Promise<void> {
  const { manifest } = requireVerified(release).opened;
  const { items } = manifest;
  const isMatched = policy.content.some(({ match }) => match !== undefined);
  const read = items.filter((item) => isMatched || contentOf(item) !== undefined);
  const lists = await readFileListsOf({ ...manifest, items: read }, medium, run);
  const dated = items.flatMap((item) => toDated(item, lists));
  await inLanes(
    dated,
    CONCURRENCY,
    async ({ item, content, root }, inner) => {
      const listing = rootOf(items, listingBeside(item.id));
      const name = describeItem(item);
      const dated = { item: name, kind: content.kind, root, listing };
      const { updated, until, signed } = await readContentDate(dated, medium, inner);
      if (updated !== content.updated)
        throw notAsSaid(name, `it is of ${updated}, and the release says ${content.updated}`);
      if (until !== content.until)
        throw notAsSaid(
          name,
          `it is good until ${until ?? 'any time'}, and the release says ${content.until ?? 'any time'}`,
        );
      if (isSaidSigned(item) && signed !== true)
        throw notAsSaid(name, 'it is not signed by the makers of ClamAV');
    },
    run,
  );
  const now = clock.now();
  requireFreshContent(manifest, policy.content, lists, now);
  for (const { item, content } of dated) {
    const message = contentWarning(describeItem(item), content, now);
    if (message !== undefined) run.emit({ kind: 'warning', item: item.id, message });
  }
}

export interface DateMeans {
  readonly medium: BlobReader;
  /** The site's. */
  readonly clock: Clock;
  readonly policy: Pick<TrustPolicy, 'content'>;
}

interface Dated {
  readonly item: Item;
  readonly content: ContentDate;
  readonly root: SizedDigest;
}

function toDated(item: Item, lists: FileLists): Dated[] {
  const content = contentOf(item);
  if (content === undefined) return [];
  if ('root' in item) return [{ item, content, root: item.root }];
  if (!isDirectoryItem(item)) return [];
  const root = aptReleaseIn(filesIn(item, lists));
  if (root === undefined) throw notAsSaid(describeItem(item), 'it has no Release file of one suite');
  return [{ item, content, root }];
}

function rootOf(items: readonly Item[], id: string): SizedDigest | undefined {
  const found = items.find((item) => item.kind === 'file' && item.id === id);
  return found !== undefined && 'root' in found ? found.root : undefined;
}

function isSaidSigned(item: Item): boolean {
  return item.kind === 'file' && item.checked.includes('clamav');
}

function notAsSaid(item: string, why: string): GapferryError {
  return new GapferryError({
    code: 'MANIFEST_INVALID',
    message: `${item} is not what the release says: ${why}`,
    hint: 'nothing was loaded; the release was made wrong: collect a new one',
    origin: 'medium',
    data: { item },
  });
}
