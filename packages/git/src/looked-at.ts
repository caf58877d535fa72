import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitMirror } from './git-mirror.ts';

/** What a look can find that there is none of. */
type Lack = 'lfs' | 'submodules';

/** Ids of the last look that led to nothing of this kind: what they lead to never changes, and looking takes a while where there are many. */
export async function knownWithout({ directory }: GitMirror, what: Lack): Promise<ReadonlySet<string>> {
  const text = await readFile(fileOf(directory, what), 'utf8').catch(() => '');
  return new Set(text.split('\n'));
}

/** The mirror must be there. */
export async function keepWithout(
  { directory }: GitMirror,
  what: Lack,
  oids: ReadonlySet<string>,
): Promise<void> {
  const path = fileOf(directory, what);
  await writeFile(`${path}.new`, [...oids].join('\n'));
  await rename(`${path}.new`, path);
}

function fileOf(directory: string, what: Lack): string {
  return join(directory, `gapferry-without-${what}`);
}
