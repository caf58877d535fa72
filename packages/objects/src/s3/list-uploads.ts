import { GapferryError, type Run } from '@gapferry/core';
import { decodeListed } from './decode-listed.ts';
import { allIn, textIn } from './parse-xml.ts';
import type { ObjectAt } from './s3-bucket.ts';
import { askForXml, placeOf, type S3Parts } from './s3-connection.ts';

/** A store that turns pages in a circle is left. */
const MOST_PAGES = 100;

/** ListMultipartUploads, page by page. Pages are in the order of keys, so those of the key itself come first; of what only begins like it nothing is told. */
export async function listUploads(
  parts: S3Parts,
  { key, item }: ObjectAt,
  run: Run,
): Promise<readonly string[]> {
  const found: string[] = [];
  let markers: Record<string, string> = {};
  for (let pages = 1; pages <= MOST_PAGES; pages += 1) {
    const query = { uploads: '', prefix: key, 'encoding-type': 'url', ...markers };
    const page = await askForXml(parts, { method: 'GET', query, item }, run);
    for (const upload of allIn(page, 'Upload')) {
      const [named, id] = [textIn(upload, 'Key'), textIn(upload, 'UploadId')];
      if (named === undefined || id === undefined || id === '' || id.length > 2000)
        throw unclear(parts, item);
      if (decodeListed(named) === key) found.push(id);
    }
    const isMore = textIn(page, 'IsTruncated') === 'true';
    if (!isMore || decodeListed(textIn(page, 'NextKeyMarker') ?? '') !== key) return found;
    markers = { 'key-marker': key, 'upload-id-marker': textIn(page, 'NextUploadIdMarker') ?? '' };
  }
  throw unclear(parts, item);
}

function unclear(parts: S3Parts, item: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${placeOf(parts)} lists uploads of ${item} unclearly`,
    origin: 'source',
    data: { item },
  });
}
