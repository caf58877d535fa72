import type { GitPin, LfsObject, Run } from '@gapferry/core';
import { printable } from '@gapferry/core';
import type { GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { streamLines } from '../packing/stream-lines.ts';
import { type Pointers, startsOf, walkOf } from './find-pointers.ts';

/** Where a pointer to the object stands, for messages: `models/a.bin in commit 1234…`. Looked up only when something is wrong with the object. */
export async function locateObject(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  pointers: Pointers,
  { oid }: LfsObject,
  run: Run,
): Promise<string> {
  const blobs = new Set([...pointers].filter(([, object]) => object.oid === oid).map(([blob]) => blob));
  const command = {
    repository: mirror.directory,
    doing: `look for a file of ${pin.url}`,
    // Each commit stands before the objects that it is the first to have.
    args: ['rev-list', '--objects', '--in-commit-order', ...walkOf(pin)],
    input: startsOf(pin),
  };
  let commit = '';
  for await (const lines of streamLines(git.stream(command, run)))
    for (const line of lines) {
      const space = line.indexOf(' ');
      if (space < 0) commit = line;
      else if (blobs.has(line.slice(0, space))) return place(line.slice(space + 1), commit);
    }
  return `a file of ${pin.url}`;
}

/** Lines are read as Latin-1; a path is UTF-8 more often. */
function place(path: string, commit: string): string {
  const name = printable(Buffer.from(path, 'latin1').toString('utf8').slice(0, 500));
  return commit === '' ? name : `${name} in commit ${commit}`;
}
