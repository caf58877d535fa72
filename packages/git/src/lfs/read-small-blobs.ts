import type { Bytes, Run } from '@gapferry/core';
import type { GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { anotherAnswer } from '../read-blobs.ts';

export interface SmallBlob {
  readonly oid: string;
  /** Valid until the next one is asked for. */
  readonly content: Uint8Array;
}

const HEAD = /^([0-9a-f]{40,64}) blob (\d+)$/;
const LONGEST_HEAD = 128;

/** Contents of many small blobs, as they come out of one run of git; memory is that of one chunk. Throws `CONTENT_INVALID` when git answers with something else than blobs of at most `limit` bytes. */
export async function* readSmallBlobs(
  git: Git,
  mirror: GitMirror,
  ids: AsyncIterable<string>,
  limit: number,
  what: string,
  run: Run,
): AsyncGenerator<SmallBlob> {
  const doing = `read the small files of ${what}`;
  const command = { repository: mirror.directory, doing, args: ['cat-file', '--batch', '--buffer'] };
  let rest = Buffer.alloc(0);
  for await (const chunk of git.stream({ ...command, input: lines(ids) }, run)) {
    rest = Buffer.concat([rest, chunk]);
    let at = 0;
    for (
      let blob = blobAt(rest, at, limit, doing);
      blob !== undefined;
      blob = blobAt(rest, at, limit, doing)
    ) {
      yield { oid: blob.oid, content: rest.subarray(blob.start, blob.end) };
      at = blob.end + 1;
    }
    rest = rest.subarray(at);
  }
  if (rest.byteLength > 0) throw anotherAnswer(doing);
}

/** Undefined where the blob is not all there yet. */
function blobAt(
  bytes: Buffer,
  at: number,
  limit: number,
  doing: string,
): { oid: string; start: number; end: number } | undefined {
  const end = bytes.indexOf(0x0a, at);
  if (end < 0 && bytes.byteLength - at > LONGEST_HEAD) throw anotherAnswer(doing);
  if (end < 0) return undefined;
  const [, oid = '', digits] =
    HEAD.exec(bytes.toString('latin1', at, Math.min(end, at + LONGEST_HEAD))) ?? [];
  const size = Number(digits);
  if (oid === '' || size > limit) throw anotherAnswer(doing);
  const start = end + 1;
  return start + size + 1 > bytes.byteLength ? undefined : { oid, start, end: start + size };
}

async function* lines(ids: AsyncIterable<string>): Bytes {
  let batch: string[] = [];
  for await (const id of ids) {
    batch.push(`${id}\n`);
    if (batch.length < 1000) continue;
    yield Buffer.from(batch.join(''));
    batch = [];
  }
  yield Buffer.from(batch.join(''));
}
