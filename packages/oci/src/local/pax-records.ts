import { refused } from './local-error.ts';

/** What an extended header says instead of the header that follows it. */
export interface PaxRecords {
  readonly path?: string;
  readonly linkpath?: string;
  readonly size?: number;
}

/** Reads the records of a pax extended header, `LENGTH KEY=VALUE\n` (POSIX.1-2017, pax, extended header). Other keys are left out.
 *  Throws `CONTENT_INVALID` for records that do not add up, and for sparse files, whose bytes are not those in the archive. */
export function parsePaxRecords(body: Uint8Array, what: string): PaxRecords {
  const records = new Map<string, string>();
  for (let at = 0; at < body.byteLength; ) {
    const length = recordLength(body, at);
    const end = at + length;
    const start = body.indexOf(0x20, at) + 1;
    const equals = body.indexOf(0x3d, start);
    if (!(length > 0) || end > body.byteLength || equals < start || equals >= end || body[end - 1] !== 0x0a)
      throw refused(what, 'an extended header in it is malformed');
    const key = Buffer.from(body.subarray(start, equals)).toString('utf8');
    if (key.startsWith('GNU.sparse.')) throw refused(what, 'it has a sparse file');
    records.set(key, Buffer.from(body.subarray(equals + 1, end - 1)).toString('utf8'));
    at = end;
  }
  return wantedOf(records, what);
}

/** NaN where no number and a space begin. */
function recordLength(body: Uint8Array, at: number): number {
  const begin = Buffer.from(body.subarray(at, at + 12)).toString('latin1');
  const [, digits = ''] = /^([1-9][0-9]{0,9}) /.exec(begin) ?? [];
  return digits === '' ? Number.NaN : Number(digits);
}

function wantedOf(records: ReadonlyMap<string, string>, what: string): PaxRecords {
  const path = records.get('path');
  const linkpath = records.get('linkpath');
  const size = records.get('size');
  if (size !== undefined && !(/^\d{1,16}$/.test(size) && Number.isSafeInteger(Number(size))))
    throw refused(what, 'an extended header in it has a size that no file can have');
  return {
    ...(path !== undefined && { path }),
    ...(linkpath !== undefined && { linkpath }),
    ...(size !== undefined && { size: Number(size) }),
  };
}
