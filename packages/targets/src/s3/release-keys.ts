import { type FileName, type LoadFile, requireSafePath } from '@gapferry/core';
import type { LoadedRelease } from '../git-host/git-host.ts';

/** Where the files of a release are in a bucket. */
export interface ReleaseKeys {
  /** All of its keys begin with it. */
  readonly prefix: string;
  /** Of the object that names the release that counts. */
  readonly index: string;
  /** As `prefix`, of another release of the channel. */
  prefixOf(release: Pick<LoadedRelease, 'version' | 'sequence'>): string;
  /** Keys of the copies that keep their names from release to release begin with it. */
  readonly latest: string;
  /** Throws `NAME_UNSAFE`. */
  keyOf(file: Pick<LoadFile, 'path'>, load: Pick<FileName, 'item'>): string;
  /** Of a file or a whole directory, with its slash. Throws `NAME_UNSAFE`. */
  keyOfLoad(load: Pick<FileName, 'item' | 'path'>): string;
}

/** Those with keys of their own, each once: a version that was made twice is two where `{sequence}` tells them apart, and one where it does not. */
export function otherReleases<R extends Pick<LoadedRelease, 'version' | 'sequence'>>(
  { prefix, prefixOf }: Pick<ReleaseKeys, 'prefix' | 'prefixOf'>,
  releases: readonly R[],
): readonly R[] {
  const seen = new Set([prefix]);
  return releases.filter((release) => {
    const own = prefixOf(release);
    return !seen.has(own) && seen.add(own);
  });
}

/** Keys by a template that ends with `{path}` and has `{version}` or `{sequence}` before it: `{channel}/{version}/{path}`. The index lies where the first of these two begins. `latest` ends with `{path}` as well, and has neither. */
export function releaseKeys(
  template: string,
  latest: string | undefined,
  release: LoadedRelease,
): ReleaseKeys {
  const fill = (
    text: string,
    { version, sequence }: Pick<LoadedRelease, 'version' | 'sequence'> = release,
  ): string =>
    text
      .replaceAll('{channel}', release.channel)
      .replaceAll('{version}', version)
      .replaceAll('{sequence}', String(sequence));
  const prefixOf: ReleaseKeys['prefixOf'] = (other) => fill(template.replace(/\{path\}$/, ''), other);
  const prefix = prefixOf(release);
  const before = fill(template.replace(/\{(?:version|sequence)\}.*$/s, ''));
  const directory = before.replace(/[^/]*$/, '');
  const keyOf: ReleaseKeys['keyOf'] = ({ path }, { item }) => `${prefix}${requireSafePath(path, item)}`;
  return {
    prefix,
    prefixOf,
    index: `${directory}index.json`,
    latest: fill((latest ?? '{path}').replace(/\{path\}$/, '')),
    keyOf,
    keyOfLoad: (load) =>
      load.path.endsWith('/') ? `${keyOf({ path: load.path.slice(0, -1) }, load)}/` : keyOf(load, load),
  };
}
