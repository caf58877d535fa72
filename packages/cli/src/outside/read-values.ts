import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { renderingsOf } from '@gapferry/core';
import { reasonOf } from '../environment.ts';
import type { BundleFiles } from './read-bundle.ts';
import { type UnusableFile, unusableFiles } from './unusable-files.ts';

/** Values that people write have a few kilobytes. */
const LIMIT = 4_194_304;

/** Reads every values file that the charts of bundle.yaml name, relative to it, by its path there. Throws `CONFIG_INVALID` with all that cannot be read, each with its line. */
export async function readValues({
  config,
  file,
}: Pick<BundleFiles, 'config' | 'file'>): Promise<ReadonlyMap<string, string>> {
  const named = config.wishes
    .filter((wish) => wish.kind === 'chart')
    .flatMap((wish) => renderingsOf(wish))
    .flatMap(({ values = [] }) => values)
    .flatMap((entry) => ('file' in entry ? [entry.file] : []));
  const read = new Map<string, string>();
  const problems: UnusableFile[] = [];
  for (const path of new Set(named)) {
    try {
      const text = await readLimited(resolve(dirname(file), path));
      if (text === undefined) problems.push({ path, why: `it has more than ${LIMIT} bytes` });
      else read.set(path, text);
    } catch (error) {
      problems.push({ path, why: reasonOf(error) });
    }
  }
  if (problems.length > 0) throw await unusableFiles(file, problems, 'values files');
  return read;
}

async function readLimited(path: string): Promise<string | undefined> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    return size > LIMIT ? undefined : await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
