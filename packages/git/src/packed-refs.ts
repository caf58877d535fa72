import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { folderConflicts, type GitRef } from '@gapferry/core';

/** Sets many refs at once in the file that git keeps packed refs in (git-pack-refs, gitrepository-layout), under git's own lock, synced, in one rename: as files of their own a hundred thousand take
 *  minutes. Refs that are not named stay. `isExpected` is asked while the file is locked. Answers false, and changes nothing, when somebody else has the lock, when a ref is a file of its own or lies below another, or when `isExpected` says so. */
export async function writePackedRefs(
  repository: string,
  refs: readonly GitRef[],
  isExpected: () => Promise<boolean>,
): Promise<boolean> {
  const path = join(repository, 'packed-refs');
  const lock = await open(`${path}.lock`, 'wx').catch(() => undefined);
  if (lock === undefined) return false;
  try {
    const entries = merged(await readFile(path, 'utf8').catch(() => ''), refs);
    const isFree = folderConflicts([...entries.keys()]).length === 0 && !(await hasFiles(repository, refs));
    if (!isFree || !(await isExpected())) return await giveUp(`${path}.lock`);
    await lock.writeFile(linesOf(entries));
    await lock.sync();
    await rename(`${path}.lock`, path);
    await syncDirectory(repository);
    return true;
  } catch (error) {
    await giveUp(`${path}.lock`);
    throw error;
  } finally {
    await lock.close();
  }
}

async function giveUp(lock: string): Promise<false> {
  await rm(lock, { force: true });
  return false;
}

/** A file hides what is packed. */
async function hasFiles(repository: string, refs: readonly GitRef[]): Promise<boolean> {
  const found = await readdir(join(repository, 'refs'), { recursive: true, withFileTypes: true });
  const files = new Set(
    found
      .filter((entry) => entry.isFile())
      .map((entry) => relative(repository, join(entry.parentPath, entry.name)).replaceAll(sep, '/')),
  );
  return refs.some(({ name }) => files.has(name));
}

/** `<oid> <name>` by name; `^<oid>` after an annotated tag is what it leads to, which git finds out itself where it is left out. */
function merged(before: string, refs: readonly GitRef[]): Map<string, string> {
  const entries = new Map<string, string>();
  for (const line of before.split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0 && !line.startsWith('#') && !line.startsWith('^')) entries.set(line.slice(space + 1), line);
  }
  for (const { name, oid } of refs) entries.set(name, `${oid} ${name}`);
  return entries;
}

function linesOf(entries: ReadonlyMap<string, string>): string {
  const byName = [...entries].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `# pack-refs with: sorted \n${byName.map(([, line]) => `${line}\n`).join('')}`;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}
