import { digestOf, type GitPin, type Run } from '@gapferry/core';
import type { GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { type Judging, revisionsOf } from './judge-pack.ts';
import { recallCarried } from './pack-record.ts';
import { streamLines } from './stream-lines.ts';

/** What a pin reaches and earlier refs do not. */
export interface NewObjects {
  /** Undefined for more than are compared one by one. */
  readonly oids: ReadonlySet<string> | undefined;
  /** Commits just outside the new history: whoever has these, with all they reach, can use a pack of the new objects. Sorted; undefined for too many. */
  readonly boundary: readonly string[] | undefined;
}

/** Objects of an increment that are compared one by one; larger ones are packed anew. */
const MOST_OBJECTS = 250_000;
/** More of them than packs.json takes. */
export const MOST_PREREQUISITES = 1000;

/** One walk finds both. Throws `GIT_FAILED` for a mirror that lacks some of it. */
export async function findNewObjects(
  git: Git,
  { directory }: GitMirror,
  { id }: GitPin,
  revisions: string,
  run: Run,
): Promise<NewObjects> {
  const oids = new Set<string>();
  const boundary: string[] = [];
  const command = {
    repository: directory,
    doing: `list the new objects of ${id}`,
    args: ['rev-list', '--objects', '--boundary', '--no-object-names', '--stdin'],
    input: revisions,
  };
  for await (const lines of streamLines(git.stream(command, run)))
    for (const line of lines)
      if (!line.startsWith('-')) oids.size <= MOST_OBJECTS && oids.add(line);
      else if (boundary.length <= MOST_PREREQUISITES) boundary.push(line.slice(1));
  return {
    oids: oids.size > MOST_OBJECTS ? undefined : oids,
    boundary: boundary.length > MOST_PREREQUISITES ? undefined : boundary.sort(),
  };
}

/** The pin's ids, and without what the earlier ones reach. */
export function revisionsAfter(pin: GitPin, earlier: readonly string[]): string {
  return (
    revisionsOf(pin) +
    earlier
      .toSorted()
      .map((oid) => `^${oid}\n`)
      .join('')
  );
}

/** Walks that are begun before anybody knows whether they will be asked for: when a pack has arrived, git still follows the history, and the same can be done beside it. */
export interface EarlyWalks {
  /** Against what was carried last, which is what the next increment is built on most of the time. */
  beginWalk(judging: Judging): void;
  /** What was found for these revisions, once; undefined when nothing was begun, or when it failed: then it is walked again, and says why. */
  walkOf(mirror: GitMirror, revisions: string): Promise<NewObjects | undefined>;
}

export function earlyWalks(): EarlyWalks {
  const begun = new Map<string, Promise<{ key: string; found: NewObjects } | undefined>>();
  const keyOf = (revisions: string): string => digestOf(revisions);
  return {
    beginWalk(judging) {
      const { git, mirror, pin, run } = judging;
      const walk = async (): Promise<{ key: string; found: NewObjects } | undefined> => {
        const carried = await recallCarried(mirror);
        if (carried === undefined) return undefined;
        const revisions = revisionsAfter(pin, carried);
        return { key: keyOf(revisions), found: await findNewObjects(git, mirror, pin, revisions, run) };
      };
      begun.set(
        mirror.directory,
        walk().catch(() => undefined),
      );
    },
    async walkOf({ directory }, revisions) {
      const walked = await begun.get(directory);
      begun.delete(directory);
      return walked?.key === keyOf(revisions) ? walked.found : undefined;
    },
  };
}
