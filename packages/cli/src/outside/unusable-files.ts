import { GapferryError } from '@gapferry/core';
import { readNamedFile } from '../environment.ts';

/** A file that bundle.yaml names and that cannot be read or used. */
export interface UnusableFile {
  readonly path: string;
  readonly why: string;
}

/** One `CONFIG_INVALID` for all of them, each with its line. `what`: the kind of files, for the hint. */
export async function unusableFiles(
  file: string,
  problems: readonly UnusableFile[],
  what: string,
): Promise<GapferryError> {
  const lines = (await readNamedFile(file, 'the bundle definition')).split('\n');
  const places = problems.map(({ path, why }) => {
    const line = lines.findIndex((text) => text.includes(path)) + 1;
    return `${line === 0 ? file : `${file}:${line}`}: ${path}: ${why}`;
  });
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: places.join('\n'),
    hint: `the paths of ${what} start from the directory of bundle.yaml`,
    data: { problems: problems.map(({ path, why }) => ({ path, message: why })) },
  });
}
