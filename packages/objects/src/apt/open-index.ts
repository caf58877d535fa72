import {
  type AptFileWish,
  aptSuiteUrl,
  type BlobReader,
  type Bytes,
  digestOf,
  GapferryError,
  isGapferryError,
  printable,
  type Run,
  verifiedBytes,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import type { OpenFile } from '../directory-files.ts';
import type { SuiteIndex } from './suite-indexes.ts';

/** An index, as it lies upstream. */
export interface OpenedIndex extends SuiteIndex {
  /** All of it; wrong bytes end with `DIGEST_MISMATCH` or `SIZE_MISMATCH` instead of the last ones. */
  read(run: Run): Bytes;
  /** For the depot, which verifies by itself. */
  readonly open: OpenFile;
}

/** Indexes up to this size are kept in memory from when they are looked at until they are put into the depot; larger ones are asked for twice. */
const KEPT = 33_554_432;

/** Brings an index near, in the first of its forms that there is; one that the store has counts first. Throws what `openIndex` throws. */
export async function openAnyForm(
  http: HttpClient,
  wish: AptFileWish,
  forms: readonly SuiteIndex[],
  store: BlobReader | undefined,
  run: Run,
): Promise<OpenedIndex> {
  for (const form of forms)
    if (store !== undefined && (await store.has(form, run)))
      return await openIndex(http, wish, form, store, run);
  let missing: unknown;
  for (const form of forms)
    try {
      return await openIndex(http, wish, form, undefined, run);
    } catch (error) {
      if (!isGapferryError(error, 'SOURCE_NOT_FOUND')) throw error;
      missing ??= error;
    }
  throw missing;
}

/** Brings an index near: what the store has is not asked for, and by its sha256 where that can be: then it is the one that is meant also while a mirror is renewed. Throws `DIGEST_MISMATCH`, and what asking throws. */
async function openIndex(
  http: HttpClient,
  { apt, as }: AptFileWish,
  index: SuiteIndex,
  store: BlobReader | undefined,
  run: Run,
): Promise<OpenedIndex> {
  const suite = aptSuiteUrl(apt);
  const plain = asked(http, `${suite}/${index.path}`, index, as);
  if (store !== undefined && (await store.has(index, run)))
    return { ...plain, read: (inner) => store.open(index, inner) };
  if (index.byHash === undefined) return await kept(http, plain, run);
  try {
    return await kept(http, asked(http, `${suite}/${index.byHash}`, index, as), run);
  } catch (error) {
    if (!isGapferryError(error, 'SOURCE_NOT_FOUND')) throw error;
    return await kept(http, plain, run);
  }
}

interface AskedIndex extends OpenedIndex {
  readonly url: string;
  readonly item: string;
}

function asked(http: HttpClient, url: string, index: SuiteIndex, as: string): AskedIndex {
  const item = `${index.path} of ${as}`;
  const open: OpenFile = (from, run) => http.body({ url, item, size: index.size }, from, run);
  return {
    ...index,
    url,
    item,
    open,
    read: (run) => verifiedBytes(index, open(0, run), { origin: 'source', place: url }),
  };
}

async function kept(http: HttpClient, index: AskedIndex, run: Run): Promise<OpenedIndex> {
  const { url, item, size } = index;
  if (size > KEPT) {
    await http.request({ url, item, method: 'HEAD' }, run);
    return index;
  }
  const { body } = await http.request({ url, item, maxBytes: size }, run);
  const actual = digestOf(body);
  if (actual !== index.digest)
    throw new GapferryError({
      code: 'DIGEST_MISMATCH',
      message: printable(
        `${item} is ${actual} (${body.byteLength} bytes); the Release file says ${index.digest} (${size} bytes)`,
      ),
      hint: 'a mirror may be in the middle of an update: try again later; if it stays so, do not use it',
      origin: 'source',
      data: { item, expected: index.digest, actual },
    });
  const open: OpenFile = async function* (from) {
    yield body.subarray(from);
  };
  return { ...index, open, read: (inner) => open(0, inner) };
}
