import { GapferryError, type Run } from '@gapferry/core';
import type { GitMirror } from './git-mirror.ts';
import type { Git } from './git-tool.ts';

interface Wanted {
  readonly oid: string;
  /** As the tree's listing says; it decides how much is allocated. */
  readonly size: number;
  /** Absent: a blob. */
  readonly type?: 'commit' | 'tag';
}

/** Contents of objects by id, in one run of git. Throws `CONTENT_INVALID` when git answers with something else than was asked for. */
export async function readBlobs(
  git: Git,
  mirror: GitMirror,
  wanted: readonly Wanted[],
  what: string,
  run: Run,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const blobs = [...new Map(wanted.map((blob) => [blob.oid, blob])).values()];
  const heads = blobs.map(({ oid, size, type = 'blob' }) => `${oid} ${type} ${size}\n`);
  const expected = blobs.reduce((sum, { size }, i) => sum + (heads[i]?.length ?? 0) + size + 1, 0);
  const input = blobs.map(({ oid }) => `${oid}\n`).join('');
  const doing = `read the files of ${what}`;
  const command = { repository: mirror.directory, doing, args: ['cat-file', '--batch'], input };
  const answer = Buffer.alloc(expected);
  let length = 0;
  for await (const chunk of git.stream(command, run)) {
    if (length + chunk.byteLength > expected) throw anotherAnswer(doing);
    answer.set(chunk, length);
    length += chunk.byteLength;
  }
  const read = new Map<string, Uint8Array>();
  let at = 0;
  for (const [i, { oid, size }] of blobs.entries()) {
    const head = heads[i] ?? '';
    const start = at + head.length;
    if (answer.toString('latin1', at, start) !== head || start + size + 1 > length)
      throw anotherAnswer(doing);
    read.set(oid, answer.subarray(start, start + size));
    at = start + size + 1;
  }
  return read;
}

/** git did not answer what was asked. */
export function anotherAnswer(doing: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: `could not ${doing}: git answered with something else`,
    hint: "delete the depot's work/git directory, and run again",
  });
}
