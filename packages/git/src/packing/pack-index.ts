import { GapferryError } from '@gapferry/core';
import { HASH_BYTES } from './pack-file.ts';

/** `\377tOc` and the version (gitformat-pack, "pack-*.idx files version 2"). */
const HEAD = Buffer.from('ff744f6300000002', 'hex');
const FANOUT_BYTES = 1024;

/** Object ids in order, with the offsets of their entries in the pack. Throws `GIT_FAILED` for what is no index of version 2, which git has written since 2008. */
export function* readPackIndex(
  index: Buffer,
  objectFormat: 'sha1' | 'sha256',
): Generator<{ readonly oid: string; readonly offset: number }> {
  const hash = HASH_BYTES[objectFormat];
  const ids = HEAD.length + FANOUT_BYTES;
  const count = index.length < ids || !index.subarray(0, 8).equals(HEAD) ? -1 : index.readUInt32BE(ids - 4);
  // Ids, checksums of entries, offsets; far offsets; the checksums of pack and index.
  const offsets = ids + count * (hash + 4);
  const far = offsets + count * 4;
  if (count < 0 || index.length < far + 2 * hash) throw noIndex();
  for (let at = 0; at < count; at++) {
    const near = index.readUInt32BE(offsets + at * 4);
    const oid = index.toString('hex', ids + at * hash, ids + (at + 1) * hash);
    yield { oid, offset: near < FAR ? near : farOffset(index, far + (near - FAR) * 8) };
  }
}

/** The highest bit says that the rest is a number in the table of far offsets. */
const FAR = 0x80000000;

function farOffset(index: Buffer, at: number): number {
  if (at + 8 > index.length) throw noIndex();
  return Number(index.readBigUInt64BE(at));
}

function noIndex(): GapferryError {
  return new GapferryError({ code: 'GIT_FAILED', message: 'the index of a pack is damaged' });
}
