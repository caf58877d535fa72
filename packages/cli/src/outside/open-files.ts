import { dirname, join } from 'node:path';
import type { Lock } from '@gapferry/bundle';
import { type Digest, GapferryError, type Sources, wishDigest } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { fileLookupCache } from './file-lookup-cache.ts';
import type { BundleFiles } from './read-bundle.ts';
import { readFileVerifiers } from './read-file-keys.ts';

export interface OpenFiles extends Pick<BundleFiles, 'config' | 'file' | 'lock'> {
  readonly http: HttpClient;
  /** The depot: what was read to find out what it is, and what is remembered of it, lies in its `work` folder. */
  readonly directory: string;
  /** Ids of files that may be another than the lock says they were when they were first seen. */
  readonly accepted?: readonly string[];
}

/** Files by URL and of this machine. Throws `USAGE` for an accepted name that is no file with `check: first-seen`, and what reading keys throws. */
export async function openFiles({
  http,
  config,
  file,
  lock,
  directory,
  accepted = [],
}: OpenFiles): Promise<Sources['file']> {
  const { fileSource } = await import('@gapferry/objects');
  const wishes = config.wishes.filter((wish) => wish.kind === 'file');
  const watched = wishes.flatMap((wish) => ('url' in wish && wish.check === 'first-seen' ? [wish] : []));
  const unknown = accepted.find((name) => !watched.some(({ as }) => as === name));
  if (unknown !== undefined)
    throw new GapferryError({
      code: 'USAGE',
      message: `there is no file ${unknown} with "check: first-seen" in ${file}`,
      hint: `--accept takes the name of a file as "as" gives it${watched.length === 0 ? '' : `: ${watched.map(({ as }) => as).join(', ')}`}`,
    });
  return fileSource(http, {
    directory: dirname(file),
    wishes,
    verifiers: await readFileVerifiers(wishes, file),
    seen: seenIn(lock, new Set(watched.filter(({ as }) => !accepted.includes(as)).map(wishDigest))),
    workDirectory: join(directory, 'work', 'files'),
    lookups: fileLookupCache(join(directory, 'work', 'lookups')),
  });
}

function seenIn(lock: Lock | undefined, wishes: ReadonlySet<Digest>): ReadonlyMap<Digest, Digest> {
  const pins = (lock?.pins ?? []).filter((pin) => pin.kind === 'file');
  return new Map(
    pins.flatMap((pin) => ('url' in pin && wishes.has(pin.wish) ? [[pin.wish, pin.sha256]] : [])),
  );
}
