import type { LoadedRelease } from './git-host.ts';

const MARK = 'loaded by gapferry';

/** The description of a repository that was loaded: where it comes from, and with which release. */
export function describeRepository(source: string | undefined, release: LoadedRelease): string {
  const from = source === undefined ? '' : `Mirror of ${source}, `;
  return `${from}${MARK} with ${release.channel} ${release.version} (release ${release.sequence})`.slice(
    0,
    1000,
  );
}

/** May the description be replaced? What somebody else wrote stays. */
export function isReplaceable(description: string | undefined): boolean {
  return description === undefined || description.trim() === '' || description.includes(MARK);
}
