import { createHash } from 'node:crypto';
import {
  APT_RELEASE_LIMIT,
  artifactCreated,
  type BlobReader,
  type ContentKind,
  CVD_HEADER,
  GapferryError,
  GRYPE_LISTING_LIMIT,
  isSignedByClamav,
  LISTED_NAMES,
  MANIFEST_LIMITS,
  parseAptRelease,
  parseCvdHeader,
  parseGrypeListing,
  type Run,
  readVerified,
  type SizedDigest,
} from '@gapferry/core';
import { CONTENT_RECIPES, type ContentRecipe } from './content-recipes.ts';

/** Content whose date is to be read. */
export interface DatedContent {
  /** For messages: `file clamav/daily.cvd`. */
  readonly item: string;
  readonly kind: ContentKind;
  /** Of a repository its Release file. */
  readonly root: SizedDigest;
  /** The listing that came with the same release, where the recipe has one. */
  readonly listing?: SizedDigest | undefined;
}

export interface ContentFacts {
  /** RFC 3339. */
  readonly updated: string;
  /** Until when its maker calls it good, RFC 3339. */
  readonly until?: string;
  /** Whether its maker signed it, where content of its kind has a signature of its own. */
  readonly signed?: boolean;
}

/** When content says that it was made, from its bytes alone: outside it is written down, inside it is held against what was written. A ClamAV database is read whole, and must have the MD5 that its header says.
 *  Throws `CONTENT_INVALID`, `LIMIT_EXCEEDED`, `DIGEST_MISMATCH`, and what reading throws. */
export async function readContentDate(
  content: DatedContent,
  from: BlobReader,
  run: Run,
): Promise<ContentFacts> {
  return await READERS[CONTENT_RECIPES[content.kind].form](content, from, run);
}

const READERS: Readonly<Record<ContentRecipe['form'], typeof readContentDate>> = {
  artifact: async ({ item, root }, from, run) => ({
    updated: artifactCreated(await readSmall(root, MANIFEST_LIMITS.maxBytes, item, from, run), item),
  }),
  listing: readListed,
  files: readCvd,
  repository: async ({ item, root }, from, run) => {
    const bytes = await readSmall(root, APT_RELEASE_LIMIT, item, from, run);
    const { updated, until } = parseAptRelease(bytes, item);
    return { updated, ...(until !== undefined && { until }) };
  },
};

async function readListed(
  { item, root, listing }: DatedContent,
  from: BlobReader,
  run: Run,
): Promise<ContentFacts> {
  if (listing === undefined) throw notSaid(item, 'no latest.json came with it');
  const { updated, sha256 } = parseGrypeListing(
    await readSmall(listing, GRYPE_LISTING_LIMIT, item, from, run),
    item,
  );
  if (sha256 !== root.digest)
    throw notSaid(item, `it is ${root.digest}, and the latest.json that came with it names ${sha256}`);
  return { updated };
}

async function readCvd({ item, root }: DatedContent, from: BlobReader, run: Run): Promise<ContentFacts> {
  const header = Buffer.alloc(CVD_HEADER);
  const hash = createHash('md5');
  let at = 0;
  for await (const chunk of from.open(root, run)) {
    const own = Math.min(chunk.byteLength, CVD_HEADER - at);
    header.set(chunk.subarray(0, own), at);
    at += own;
    hash.update(chunk.subarray(own));
  }
  const parsed = parseCvdHeader(header.subarray(0, at), item);
  const { updated, md5 } = parsed;
  const actual = hash.digest('hex');
  if (actual === md5) return { updated, signed: isSignedByClamav(parsed) };
  throw new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `${item} has the MD5 ${actual}; its own header says ${md5}`,
    hint: 'the mirror has a damaged or changed database: compare it with another mirror ("sigtool --info" says whether a file is right)',
    data: { item, expected: md5, actual },
  });
}

function readSmall(
  root: SizedDigest,
  limit: number,
  item: string,
  from: BlobReader,
  run: Run,
): Promise<Uint8Array> {
  if (root.size <= limit) return readVerified(root, from.open(root, run), { place: item });
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `what says how old ${item} is has ${root.size} bytes; the limit is ${limit}`,
  });
}

function notSaid(item: string, why: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    message: `nobody can tell how old ${item} is: ${why}`,
    data: { item },
  });
}

/** The id of the listing beside an archive. */
export function listingBeside(id: string): string {
  return `${id.slice(0, id.lastIndexOf('/') + 1)}${LISTED_NAMES.listing}`;
}
