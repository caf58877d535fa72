import { GapferryError, GIT_OBJECT_LIMITS, type GitObject, type Run } from '@gapferry/core';
import type { GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { anotherAnswer, readBlobs } from '../read-blobs.ts';

const HEAD = /^([0-9a-f]{40}|[0-9a-f]{64}) (commit|tag|tree|blob) (\d+)$/;
const LISTING_LIMIT = 1_048_576;

/** The tags and commits among `oids` with their content, sorted by id, each once; trees and blobs are passed over.
 *  Throws `LIMIT_EXCEEDED` for more than `GIT_OBJECT_LIMITS` say, before any content is read, and `CONTENT_INVALID` when git answers with something else. */
export async function readObjects(
  git: Git,
  mirror: GitMirror,
  oids: readonly string[],
  item: string,
  run: Run,
): Promise<readonly GitObject[]> {
  const asked = [...new Set(oids)].sort();
  const { bytes, totalBytes, objects } = GIT_OBJECT_LIMITS;
  if (asked.length > objects)
    throw tooMuch(`${asked.length} refs of ${item} must be signed`, `${objects} are`);
  const found = await list(git, mirror, asked, item, run);
  const large = found.find(({ size }) => size > bytes);
  if (large !== undefined)
    throw tooMuch(`${large.type} ${large.oid} of ${item} has ${large.size} bytes`, `${bytes} are`);
  const all = found.reduce((sum, { size }) => sum + size, 0);
  if (all > totalBytes)
    throw tooMuch(`what ${found.length} refs of ${item} name has ${all} bytes`, `${totalBytes} are`);
  const contents = await readBlobs(git, mirror, found, `the refs of ${item}`, run);
  return found.map(({ oid, type }) => ({ oid, type, content: contents.get(oid) ?? new Uint8Array(0) }));
}

interface ListedObject {
  readonly oid: string;
  readonly type: GitObject['type'];
  readonly size: number;
}

async function list(
  git: Git,
  { directory }: GitMirror,
  oids: readonly string[],
  item: string,
  run: Run,
): Promise<readonly ListedObject[]> {
  if (oids.length === 0) return [];
  const doing = `look for the refs of ${item}`;
  const input = oids.map((oid) => `${oid}\n`).join('');
  const command = { repository: directory, doing, args: ['cat-file', '--batch-check', '--buffer'], input };
  const { text } = await git.run(command, run, LISTING_LIMIT);
  const answers = text.split('\n');
  return oids.flatMap((asked, i) => {
    const [, oid, type, size] = HEAD.exec(answers[i] ?? '') ?? [];
    if (oid !== asked) throw anotherAnswer(doing);
    return type === 'commit' || type === 'tag' ? [{ oid, type, size: Number(size) }] : [];
  });
}

function tooMuch(what: string, limit: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `${what}; at most ${limit} taken where signatures are checked`,
    hint: 'name the refs that must be signed under "verify" of the repository in bundle.yaml ("refs")',
  });
}
