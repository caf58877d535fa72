import { byDigest, GapferryError, type GitPin, type LfsObject, type Run } from '@gapferry/core';
import type { GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { streamLines } from '../packing/stream-lines.ts';
import { LARGEST_POINTER, parsePointer } from './pointer.ts';
import { readSmallBlobs } from './read-small-blobs.ts';

/** A release has no room for more (docs/spec/09-versions-and-limits.md). */
const MOST_OBJECTS = 50_000;

/** Ids of blobs, with what they point to. */
export type Pointers = ReadonlyMap<string, LfsObject>;

/** Every pointer that the pin's refs lead to, in the commits that they name or, for `all`, in all of history; from a mirror that holds them. Files that begin like pointers and are none are told
 *  by a warning: git-lfs leaves them as they are. Throws `LIMIT_EXCEEDED` for too many, `CONTENT_INVALID` for one object with two sizes. */
export async function findPointers(git: Git, mirror: GitMirror, pin: GitPin, run: Run): Promise<Pointers> {
  const found = new Map<string, LfsObject>();
  const malformed: string[] = [];
  const small = smallBlobs(git, mirror, pin, run);
  for await (const { oid, content } of readSmallBlobs(git, mirror, small, LARGEST_POINTER, pin.url, run)) {
    const pointer = parsePointer(content);
    if (pointer === 'malformed') malformed.push(oid);
    else if (pointer !== undefined) found.set(oid, pointer);
    if (found.size > 10 * MOST_OBJECTS) throw tooMany(pin);
  }
  if (malformed.length > 0) run.emit({ kind: 'warning', item: pin.id, message: told(pin, malformed) });
  return found;
}

/** The objects that pointers name, each once, sorted. */
export function objectsOf(pointers: Pointers, pin: GitPin): readonly LfsObject[] {
  const objects = new Map<string, LfsObject>();
  for (const object of pointers.values()) {
    const other = objects.get(object.oid);
    if (other !== undefined && other.size !== object.size) throw twoSizes(pin, object, other);
    objects.set(object.oid, object);
  }
  if (objects.size > MOST_OBJECTS) throw tooMany(pin);
  const sized = [...objects.values()].map(({ oid, size }) => ({ digest: oid, size }));
  return sized.sort(byDigest).map(({ digest, size }) => ({ oid: digest, size }));
}

/** What the walk begins with: `--no-walk` stays with the commits that the refs name. */
export function walkOf({ lfsOf }: Pick<GitPin, 'lfsOf'>): readonly string[] {
  return lfsOf === 'all' ? ['--stdin'] : ['--no-walk', '--stdin'];
}

export function startsOf(pin: Pick<GitPin, 'refs' | 'commits'>): string {
  return startIds(pin)
    .map((oid) => `${oid}\n`)
    .join('');
}

/** What the refs name, and commits besides them, each once. */
export function startIds({ refs, commits = [] }: Pick<GitPin, 'refs' | 'commits'>): string[] {
  return [...new Set([...refs.map(({ oid }) => oid), ...commits])];
}

/** Ids only; git leaves out the large ones itself. */
async function* smallBlobs(git: Git, mirror: GitMirror, pin: GitPin, run: Run): AsyncIterable<string> {
  const command = {
    repository: mirror.directory,
    doing: `look for LFS pointers in ${pin.url}`,
    args: [
      'rev-list',
      '--objects',
      '--no-object-names',
      `--filter=combine:object:type=blob+blob:limit=${LARGEST_POINTER + 1}`,
      '--filter-provided-objects',
      ...walkOf(pin),
    ],
    input: startsOf(pin),
  };
  for await (const lines of streamLines(git.stream(command, run))) yield* lines;
}

function told({ id, url }: GitPin, malformed: readonly string[]): string {
  return `${malformed.length} file(s) of git ${id} (${url}) begin like Git LFS pointers and are none, first blob ${malformed[0]}: nothing is fetched for them`;
}

function tooMany({ id, url }: GitPin): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `git ${id} (${url}) has more than ${MOST_OBJECTS} Git LFS objects`,
    hint: 'name fewer refs, leave out "lfs: all", or say "lfs: none" in bundle.yaml',
  });
}

function twoSizes({ id, url }: GitPin, one: LfsObject, other: LfsObject): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: `git ${id} (${url}) has two pointers to the Git LFS object ${one.oid}, one with ${one.size} bytes and one with ${other.size}`,
    hint: 'have it repaired upstream, name fewer refs, or say "lfs: none" in bundle.yaml',
  });
}
