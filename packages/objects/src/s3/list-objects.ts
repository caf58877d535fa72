import { GapferryError, type Run } from '@gapferry/core';
import { decodeListed } from './decode-listed.ts';
import { allIn, textIn, type XmlElement } from './parse-xml.ts';
import type { ListedObject } from './s3-bucket.ts';
import { askForXml, placeOf, type S3Parts } from './s3-connection.ts';

/** Some stores give a page for what was deleted. */
const EMPTY_PAGES = 1000;

/** ListObjectsV2, page by page. Throws `PROTOCOL_VIOLATION` for what is no list, or none of what was asked for, or not the whole of it: what it lacks would count as not there. */
export async function* listObjects(parts: S3Parts, prefix: string, run: Run): AsyncIterable<ListedObject> {
  const seen = new Set<string>();
  let empty = 0;
  for (let token: string | undefined; ; ) {
    const page = await askForXml(
      parts,
      {
        method: 'GET',
        query: {
          'list-type': '2',
          // Keys may have characters that XML cannot hold.
          'encoding-type': 'url',
          prefix,
          ...(token !== undefined && { 'continuation-token': token }),
        },
        item: prefix === '' ? 'the bucket' : `objects below ${prefix}`,
      },
      run,
    );
    if (page.name !== 'ListBucketResult') throw unreadable(parts, 'answers with something that is no list');
    const entries = allIn(page, 'Contents');
    empty = entries.length === 0 ? empty + 1 : 0;
    if (empty > EMPTY_PAGES) throw unreadable(parts, 'goes on with its list, and there is nothing on it');
    for (const entry of entries) {
      const listed = toListed(entry, parts);
      if (!listed.key.startsWith(prefix)) throw unreadable(parts, 'lists what it was not asked for');
      yield listed;
    }
    if (textIn(page, 'IsTruncated') !== 'true') return;
    token = textIn(page, 'NextContinuationToken') ?? '';
    if (token === '') throw unreadable(parts, 'breaks off its list and does not say how it goes on');
    if (seen.has(token)) throw unreadable(parts, 'repeats a page of its list');
    seen.add(token);
  }
}

function toListed(entry: XmlElement, parts: S3Parts): ListedObject {
  const [key, size, etag] = ['Key', 'Size', 'ETag'].map((name) => textIn(entry, name));
  if (key === undefined || !/^\d{1,15}$/.test(size ?? '') || etag === undefined)
    throw unreadable(parts, 'lists an object without key, size or ETag');
  return { key: decodeKey(key, parts), size: Number(size), etag };
}

function decodeKey(key: string, parts: S3Parts): string {
  const decoded = decodeListed(key);
  if (decoded === undefined) throw unreadable(parts, 'lists a key that is not encoded as asked');
  return decoded;
}

function unreadable(parts: S3Parts, what: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${placeOf(parts)} ${what}`,
    origin: 'source',
  });
}
