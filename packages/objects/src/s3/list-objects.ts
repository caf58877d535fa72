import { GapferryError, type Run } from '@gapferry/core';
import { allIn, textIn, type XmlElement } from './parse-xml.ts';
import type { ListedObject } from './s3-bucket.ts';
import { askForXml, placeOf, type S3Parts } from './s3-connection.ts';

/** ListObjectsV2, page by page. */
export async function* listObjects(parts: S3Parts, prefix: string, run: Run): AsyncIterable<ListedObject> {
  let token: string | undefined;
  do {
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
    for (const entry of allIn(page, 'Contents')) yield toListed(entry, parts);
    const next = textIn(page, 'IsTruncated') === 'true' ? textIn(page, 'NextContinuationToken') : undefined;
    if (next !== undefined && next === token) throw unreadable(parts, 'repeats a page of its list');
    token = next;
  } while (token !== undefined && token !== '');
}

function toListed(entry: XmlElement, parts: S3Parts): ListedObject {
  const [key, size, etag] = ['Key', 'Size', 'ETag'].map((name) => textIn(entry, name));
  if (key === undefined || !/^\d{1,15}$/.test(size ?? '') || etag === undefined)
    throw unreadable(parts, 'lists an object without key, size or ETag');
  return { key: decodeKey(key, parts), size: Number(size), etag };
}

function decodeKey(key: string, parts: S3Parts): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    throw unreadable(parts, 'lists a key that is not encoded as asked');
  }
}

function unreadable(parts: S3Parts, what: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${placeOf(parts)} ${what}`,
    origin: 'source',
  });
}
